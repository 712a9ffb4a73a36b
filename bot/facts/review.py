"""What staff see of a talk, and what they put beside it: notes, tags, what they have read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from bot.facts.clinical import Level, SymptomFact, Verdict
from bot.facts.talk import Delivery, Message, Standing


class Reading(str, Enum):
    """How far one member of staff is with a conversation.

    `unread`: the patient wrote something since. `later`: put aside, until it is marked otherwise.
    """

    UNREAD = "unread"
    LATER = "later"
    REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations are asked for; what is None or empty asks for nothing.

    `since` and `until` hold for the patient's last message, `until` not included. `level` is the highest
    that any message had. Tags are those of the talk and of its messages. `content` is a content id, `version`
    that of its entry. Between `sure_from` and `sure_to` lies how sure the engine was (0 to 1) of `intent`, or
    of any. `asks_human`: the patient's wish for a person is still open.
    """

    since: datetime | None = None
    until: datetime | None = None
    level: Level | None = None
    tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    content: str | None = None
    version: str | None = None
    intent: str | None = None
    sure_from: float | None = None
    sure_to: float | None = None
    reading: Reading | None = None
    asks_human: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list ends: the last conversation on it."""

    heard_at: datetime
    patient_id: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """One line of the list. It holds no words of the patient's.

    `highest`: of all that was ever judged in it; `open`: what stands at this moment, most urgent first.
    """

    patient_id: str
    heard_at: datetime
    door: str
    standing: Standing
    region: str | None
    messages: int
    highest: Level
    open: tuple[Level, ...]
    tags: tuple[str, ...]
    reading: Reading
    asks_human: bool

    @property
    def place(self) -> Place:
        return Place(self.heard_at, self.patient_id)


@dataclass(frozen=True, slots=True)
class Note:
    """Words in the margin. Private to the writer until shared with all who may see the patient."""

    id: int
    patient_id: str
    message_id: str | None
    at: datetime
    by: str
    by_name: str
    text: str
    shared: bool


@dataclass(frozen=True, slots=True)
class Tag:
    """`message_id` None: on the whole talk."""

    message_id: str | None
    tag: str


@dataclass(frozen=True, slots=True)
class ButtonShown:
    """A button as it was shown. `pressed`: it was this one."""

    title: str
    pressed: bool


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of an outbound message on its way."""

    state: Delivery
    at: datetime | None
    tries: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What screening made of a message, and with which version of the content."""

    verdict: Verdict
    facts: tuple[SymptomFact, ...]
    content_version: str


@dataclass(frozen=True, slots=True)
class Line:
    """A message with what the machine knows of it. `sent_by`: who of the staff sent it by hand."""

    message: Message
    offered: tuple[ButtonShown, ...] = ()
    judged: tuple[Judged, ...] = ()
    carried: Carried | None = None
    sent_by: str | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some messages of a talk in their order. `before`, `behind`: whether there are more on that side."""

    lines: tuple[Line, ...]
    before: bool
    behind: bool


@dataclass(frozen=True, slots=True)
class Margin:
    """What stands beside a talk, as one member of staff sees it: others' private notes don't.

    `upto_seq`: how far they had read when they marked it last; 0: nothing.
    """

    notes: tuple[Note, ...]
    tags: tuple[Tag, ...]
    reading: Reading
    upto_seq: int

    def notes_on(self, message_id: str | None) -> list[Note]:
        return [note for note in self.notes if note.message_id == message_id]

    def tags_on(self, message_id: str | None) -> list[str]:
        return [tag.tag for tag in self.tags if tag.message_id == message_id]
