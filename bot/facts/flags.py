"""What a clinician must see, and where it stands. Everyone's words; nothing here decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bot.facts.clinical import Level

REQUEST = "request"
NO_DATA = "no_data"
# How grave a flag may be, gravest first: the levels of verdicts, then what no verdict raised.
GRAVITY = (Level.CRISIS.value, Level.STOP.value, Level.CHECK.value, Level.ASSESS.value, REQUEST, NO_DATA)


class FlagKind(str, Enum):
    """What raised a flag."""

    SIGN = "sign"  # what a message or the log came to
    UNANSWERED = "unanswered"  # a check that nobody answered
    SILENCE = "silence"  # no word since a stop or a crisis
    UNREAD = "unread"  # a message that could not be screened
    UNDELIVERED = "undelivered"  # words of an alarm that did not reach the patient
    REQUEST = "request"  # the patient asks for a person
    NO_DATA = "no_data"  # somebody who is reminded every day has stopped writing


class FlagState(str, Enum):
    NEW = "new"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    NOT_RELEVANT = "not_relevant"

    @property
    def ended(self) -> bool:
        return self in (FlagState.RESOLVED, FlagState.NOT_RELEVANT)


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a clinician must see. `summary` names rules, never the patient's words.

    `level` is one of GRAVITY, `urgency` a value of Urgency. `since`: when it came to the state it is in.
    """

    id: int
    patient_id: str
    raised_at: datetime
    level: str
    urgency: str
    summary: str
    since: datetime
    kind: FlagKind = FlagKind.SIGN
    state: FlagState = FlagState.NEW
    assessment_id: int | None = None

    @property
    def open(self) -> bool:
        return not self.state.ended


@dataclass(frozen=True, slots=True)
class FlagStep:
    """One step in the life of a flag: who took it, and when. What ends a flag has an outcome and a note."""

    at: datetime
    actor: str
    was: FlagState
    becomes: FlagState
    outcome: str | None = None
    note: str | None = None
