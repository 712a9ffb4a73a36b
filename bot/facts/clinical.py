"""What is said about a body: signs, facts and the verdict on them. Everyone's words; nothing here decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Level(str, Enum):
    """How a message is answered, most urgent first (C4; labels of messages in the requirements)."""

    CRISIS = "crisis"
    STOP = "stop"
    CHECK = "check"
    ASSESS = "assess"
    CONTINUE = "continue"
    NONE = "none"

    @property
    def rank(self) -> int:
        """0 is the most urgent."""
        return list(Level).index(self)


class Urgency(str, Enum):
    """How soon somebody must be seen."""

    NOW = "now"
    SAME_DAY = "same_day"
    SOON = "soon"
    NONE = "none"


class Presence(str, Enum):
    PRESENT = "present"
    DENIED = "denied"
    DOUBTFUL = "doubtful"
    SUPPOSED = "supposed"


class Subject(str, Enum):
    SELF = "self"
    OTHER_NOW = "other_now"
    OTHER = "other"


class Time(str, Enum):
    NOW = "now"
    RECENT = "recent"
    PAST = "past"
    UNDATED = "undated"


# The cue of a fact that no written phrase found: its words are only like those of a sign.
LIKENESS = "likeness"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The patient's own words: `text` stands at [start, end) of the original message, in code points."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class SymptomFact:
    """One thing the message says about a body, and how it says it.

    `sign` is an id from `content/triage`; `region` a body region id or None; `cues` are the ids of the
    context rules (`content/context`) that set presence, subject or time.
    """

    sign: str
    presence: Presence
    subject: Subject
    time: Time
    evidence: tuple[Evidence, ...]
    region: str | None = None
    cues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict stands: one sign or one rule over the log, in the version that was applied.

    `by` is LIKENESS where the second voice raised it, None where a written rule did.
    """

    rule: str
    version: str
    level: Level
    urgency: Urgency
    evidence: tuple[Evidence, ...] = ()
    region: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a message: its level, how soon, why, and the one question that would change it.

    `question` is the content id of that question. `care` is the content id of a gentle check-in, due where
    a crisis was denied or past. Reasons are ordered most urgent first; no level hides another.
    """

    level: Level
    urgency: Urgency
    reasons: tuple[Reason, ...] = ()
    question: str | None = None
    care: str | None = None


NOTHING = Verdict(Level.NONE, Urgency.NONE)


@dataclass(frozen=True, slots=True)
class PainEntry:
    """One 0-10 pain value from the log."""

    at: datetime
    pain: int
    region: str | None = None


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """One exercise session from the log. `pain_after` is 0-10, `coped` the patient's own judgement (#60)."""

    at: datetime
    exercise: str
    minutes: int | None = None
    region: str | None = None
    pain_after: int | None = None
    coped: bool | None = None


@dataclass(frozen=True, slots=True)
class PastVerdict:
    """An earlier assessment; `closed_at` is None while it stands."""

    at: datetime
    level: Level
    urgency: Urgency
    rules: tuple[str, ...]
    regions: tuple[str, ...] = ()
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What the records know of the last weeks, oldest first; all times aware, in UTC."""

    pains: tuple[PainEntry, ...] = ()
    sessions: tuple[SessionEntry, ...] = ()
    verdicts: tuple[PastVerdict, ...] = ()
