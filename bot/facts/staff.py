"""The people who work with the coach's patients: who they are, and what they are here for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    CLINICIAN = "clinician"
    SUPERVISOR = "supervisor"
    AUTHOR = "author"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Actor:
    """A member of staff at work. `teams`: ids of the care teams they belong to."""

    id: str
    name: str
    roles: frozenset[Role]
    teams: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Team:
    """Those who look after the same patients."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Account:
    """How a member of staff signs in. `email` is what they sign in as, in lower case.

    `totp`: the secret of their second factor, None until it is set up; `totp_counter`: the step of time of
    the code that was used last. A blocked account keeps its history.
    """

    id: str
    name: str
    email: str
    password: str
    roles: frozenset[Role]
    teams: frozenset[str]
    blocked: bool = False
    totp: str | None = None
    totp_counter: int | None = None
    recovery_codes: tuple[str, ...] = ()

    @property
    def actor(self) -> Actor:
        return Actor(self.id, self.name, self.roles, self.teams)


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who may become a member of staff until `ends_at`. `made_by`: an id, or the command line."""

    name: str
    roles: frozenset[Role]
    teams: frozenset[str]
    made_by: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class BrokenGlass:
    """Somebody opened a patient of another team, for a reason, until a time. `seen_by`: a supervisor."""

    id: int
    patient_id: str
    staff_id: str
    reason: str
    at: datetime
    until: datetime
    seen_by: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session of somebody who signed in. `place`: the address it was begun from; `agent`: their browser."""

    id: str
    staff_id: str
    begun_at: datetime
    seen_at: datetime
    place: str
    agent: str
