"""What is said in a talk, and by whom: patients, messages, replies. Everyone's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NamedTuple

# The door of people who are made up.
SYNTHETIC = "synthetic"

# The one document there is: everything kept about the person.
MY_DATA = "my-data.json"


class Standing(str, Enum):
    """Where a person stands towards the programme."""

    NEW = "new"
    ACTIVE = "active"
    REFUSED = "refused"
    MINOR = "minor"
    NOT_FOR = "not_for"
    LEAVING = "leaving"


class Kind(str, Enum):
    """What sort of thing the coach says; the guarantee decides by it (may this be said now?)."""

    SAFETY = "safety"
    PLAIN = "plain"
    QUESTION = "question"
    EDUCATION = "education"
    CUE = "cue"
    EXERCISE = "exercise"
    PLAN = "plan"
    CHEER = "cheer"


class Direction(str, Enum):
    IN = "in"
    OUT = "out"


class TurnState(str, Enum):
    """The life of an inbound message."""

    RECEIVED = "received"
    SCREENED = "screened"
    WAITING = "waiting"
    ANSWERED = "answered"


class Delivery(str, Enum):
    """The life of an outbound message in the outbox."""

    PENDING = "pending"
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"  # handed over whole, and no answer came: perhaps delivered
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Button:
    """`payload` is what pressing it means: `answer:<question>=<value>` or `do:<intent>[:<slot>=<value>]`."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One bubble of the coach. `asks` names the question it puts, if any; `image` a picture's name.

    `document` names a file of the patient's own, made when it is handed over.
    """

    content_id: str
    version: str
    kind: Kind
    text: str
    buttons: tuple[Button, ...] = ()
    image: str | None = None
    asks: str | None = None
    region: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """`profile` holds the answers a patient gave, by question; `id` is random and means nothing elsewhere.

    `unreachable_since`: their door has refused our words since then, because they blocked the coach.
    """

    id: str
    door: str
    standing: Standing
    created_at: datetime
    profile: Mapping[str, str] = field(default_factory=dict)
    unreachable_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One line of a transcript. `seq` rises within a patient. Text is None once erased."""

    id: str
    patient_id: str
    seq: int
    direction: Direction
    at: datetime
    text: str | None
    payload: str | None = None
    state: TurnState | None = None
    content_id: str | None = None
    content_version: str | None = None
    kind: Kind | None = None
    asks: str | None = None
    image: str | None = None
    in_reply_to: str | None = None
    understanding: Mapping[str, object] = field(default_factory=dict)
    buttons: tuple[tuple[str, str], ...] = ()  # (title, token), only those still unused
    variables: Mapping[str, str] = field(default_factory=dict)  # what an outbound message was filled with
    document: str | None = None
    region: str | None = None


class Answered(NamedTuple):
    """What was said to a message, and what it was understood as."""

    replies: Sequence[Message]
    understanding: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is handed to the patient. `name` is ours and holds no path."""

    name: str
    content: bytes
