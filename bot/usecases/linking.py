"""A patient and a care team find one another by a one-time code: made in the console, typed at any door.

The patient is told what it means and says yes first. From then on a clinician looks after them by name (C13).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.facts.clinical import Level
from bot.facts.staff import Actor, Team
from bot.facts.talk import Message, Patient, Standing
from bot.triage.guarantee import INTERRUPTING
from bot.usecases.access import Permission, Refused, check
from bot.usecases.deliver import Words
from bot.usecases.ports import Records, UnitOfWork
from bot.usecases.reading import Answer, Misfit

GOOD_FOR = timedelta(days=7)
QUESTION = "ask_link_team"
_CODE = re.compile(r"\W*team[-\s]+(?P<code>\w{4}[-\s]+\w{4}[-\s]+\w{4})\W*", re.ASCII | re.IGNORECASE)
_LEAVE = re.compile(r"\W*leave\s+(?:(?:my|the)\s+)?(?:care\s+)?team\W*", re.IGNORECASE)


def code_in(text: str) -> str | None:
    """The code that these words are, as it was made; None: they are no code."""
    found = _CODE.fullmatch(text)
    return None if found is None else "-".join(re.split(r"[-\s]+", found["code"].lower()))


@dataclass(frozen=True, slots=True)
class Said:
    """What we say to a code or to the answer about it: a content id and its variables."""

    content_id: str
    variables: Mapping[str, str] = field(default_factory=dict)


class Linking:
    """The patient's side: what a message does to the bond with a team, within the message's own unit."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def heard(
        self,
        uow: UnitOfWork,
        patient: Patient,
        message: Message,
        answer: Answer | Misfit | None,
        level: Level,
        now: datetime,
    ) -> Said | None:
        """What we say; None where the message has nothing to do with it, or an alarm goes first."""
        if level in INTERRUPTING:
            return None
        if isinstance(answer, Answer) and answer.slot == "link_team":
            return self._answered(uow, patient, answer.value, now)
        typed = "" if message.payload else message.text or ""
        if _LEAVE.fullmatch(typed) and uow.teams.of_patient(patient.id):
            return self._left(uow, patient, now)
        code = code_in(typed)
        if code is None:
            return None
        if patient.standing is not Standing.ACTIVE:
            return Said("link_code_later")
        team = uow.teams.take_code(code, patient.id, now)
        return Said(QUESTION, {"team": team.name}) if team else Said("link_code_unknown")

    def _answered(self, uow: UnitOfWork, patient: Patient, value: str, now: datetime) -> Said:
        team = uow.teams.coded_for(patient.id, now)
        uow.teams.drop_code(patient.id)
        if team is None:
            return Said("link_code_unknown")
        if value != "yes":
            uow.audit.record("patient", "team.declined", patient.id, f"team {team.id}", now)
            return Said("link_declined")
        self._tie(uow, patient, team, now)
        return Said("link_done", {"team": team.name})

    def _tie(self, uow: UnitOfWork, patient: Patient, team: Team, now: datetime) -> None:
        self._record(uow, patient, QUESTION, now, given=True, team=team.name)
        uow.teams.put_patient(patient.id, team.id, now)
        uow.patients.remember(patient.id, {"clinician": "yes"})
        uow.audit.record("patient", "team.linked", patient.id, f"team {team.id}", now)

    def _left(self, uow: UnitOfWork, patient: Patient, now: datetime) -> Said:
        """Ended as easily as begun; without somebody who looks after them the steps stay small (C13)."""
        self._record(uow, patient, "link_left", now, given=False)
        uow.teams.drop_patient(patient.id)
        uow.patients.remember(patient.id, {"clinician": "no"})
        uow.audit.record("patient", "team.left", patient.id, "", now)
        return Said("link_left")

    def _record(
        self,
        uow: UnitOfWork,
        patient: Patient,
        content_id: str,
        now: datetime,
        *,
        given: bool,
        **variables: str,
    ) -> None:
        """What was agreed to or ended is kept word for word: its version and the hash of its text."""
        bubbles = self._words.for_patient(patient)(content_id, **variables)
        text = "\n".join(bubble.text for bubble in bubbles)
        uow.patients.record_consent(
            patient.id,
            given=given,
            version=bubbles[0].version,
            text_hash=hashlib.sha256(text.encode()).hexdigest(),
            channel=patient.door,
            now=now,
        )


class TeamCodes:
    """The console's side."""

    def __init__(self, records: Records, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._clock = clock

    def teams_of(self, actor: Actor) -> list[Team]:
        with self._records.reading() as uow:
            return [team for team in uow.teams.list() if team.id in actor.teams]

    def make(self, actor: Actor, team_id: str) -> tuple[str, datetime]:
        """What the patient is to type, and until when. Refused: others' team. LookupError: no such team."""
        check(actor, Permission.CARE)
        now = self._clock()
        with self._records.unit() as uow:
            team = uow.teams.get(team_id)
            if team.id not in actor.teams:
                raise Refused("You may link patients to a team of your own only.")
            code = uow.teams.add_code(team_id, actor.id, now + GOOD_FOR)
            uow.audit.record(actor.id, "team.code", team_id, "", now)
            uow.commit()
        return f"TEAM-{code.upper()}", now + GOOD_FOR
