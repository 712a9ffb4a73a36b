"""Sample people, words and verdicts for the tests of the records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url

from bot.facts.clinical import Evidence, Level, Presence, Reason, Subject, SymptomFact, Time, Urgency, Verdict
from bot.facts.flags import Flag
from bot.facts.talk import Button, Kind, Message, Reply
from bot.records import Cipher, SqlRecords
from bot.triage.flag_life import step
from bot.usecases.ports import Records, UnitOfWork

NOW = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Database:
    """An address and the key its values are sealed with."""

    url: str
    key: str

    def open(self, *keys: str) -> SqlRecords:
        return SqlRecords(self.url, Cipher(keys or (self.key,)))

    @property
    def file(self) -> Path:
        return Path(make_url(self.url).database or "")


def satisfies_the_ports(records: SqlRecords) -> Records:
    return records


def reply(
    content_id: str = "say_hello",
    *,
    kind: Kind = Kind.PLAIN,
    words: str = "Hello.",
    asks: str | None = None,
    buttons: tuple[Button, ...] = (),
    **variables: str,
) -> Reply:
    return Reply(content_id, "0a1b2c3d", kind, words, buttons, asks=asks, variables=variables)


def verdict(level: Level, words: str = "chest pain", region: str | None = None) -> Verdict:
    evidence = (Evidence(0, len(words), words),)
    reason = Reason("chest_pain", "1f2e3d4c", level, Urgency.NOW, evidence, region)
    return Verdict(level, Urgency.NOW, (reason,), question="ask_check", care=None)


def fact(words: str = "chest pain") -> SymptomFact:
    evidence = (Evidence(0, len(words), words),)
    return SymptomFact("chest_pain", Presence.PRESENT, Subject.SELF, Time.NOW, evidence, "chest", ("today",))


class Talk:
    """One patient's talk in one unit of work."""

    def __init__(self, unit: UnitOfWork, address: str = "conversation-1", door: str = "web") -> None:
        self.unit = unit
        known = unit.patients.at_door(door, address)
        self.patient_id = (known or unit.patients.enrol(door, address, NOW)).id

    def hears(self, text: str = "hi", *, at: datetime = NOW, erase_at: datetime | None = None) -> Message:
        message, _ = self.unit.messages.receive(
            self.patient_id, text=text, payload=None, door_key=None, now=at, erase_at=erase_at
        )
        return message

    def says(self, said: Reply, *, to: Message | None = None, at: datetime = NOW) -> Message:
        return self.unit.messages.say(self.patient_id, said, in_reply_to=to.id if to else None, now=at)

    def judges(
        self, level: Level, *, of: Message | None = None, at: datetime = NOW, words: str = "ow"
    ) -> int:
        found = () if level is Level.NONE else (fact(words),)
        judged = Verdict(level, Urgency.NONE) if level is Level.NONE else verdict(level, words)
        return self.unit.assessments.add(
            self.patient_id, of.id if of else None, found, judged, content_version="v1", now=at
        )

    def flags(self, assessment: int | None = None, *, level: str = "stop", at: datetime = NOW) -> Flag:
        number = self.unit.flags.raise_(
            self.patient_id,
            level=level,
            urgency="now",
            summary="chest_pain",
            assessment_id=assessment,
            now=at,
        )
        return self.flag(number)

    def flag(self, number: int) -> Flag:
        found = self.unit.flags.get(number)
        assert found is not None
        return found

    def takes(
        self, flag: Flag, *moves: str, by: str = "Dr Ames", at: datetime = NOW, note: str = "x"
    ) -> Flag:
        """The steps that these moves are, one after another; the flag as it stands then."""
        for move in moves:
            self.unit.flags.take(flag, step(flag, move, by=by, now=at, outcome="seen", note=note))
            flag = self.flag(flag.id)
        return flag
