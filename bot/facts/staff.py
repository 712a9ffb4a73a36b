"""The people who work with the coach's patients: who they are, and what they are here for."""

from __future__ import annotations

from dataclasses import dataclass
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
