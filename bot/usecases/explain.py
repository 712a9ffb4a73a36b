"""What the coach said last: the ground for "why?", "tell me more" and "say that again"."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from bot.facts.talk import Direction, Message
from bot.usecases.ports import Library, Records

LOOK_BACK = 20


class Explain:
    def __init__(self, records: Records, library: Library) -> None:
        self._records = records
        self._library = library

    def last_question(self, patient_id: str) -> str | None:
        """The content id of the question that stands open."""
        with self._records.reading() as uow:
            asked = uow.messages.open_question(patient_id)
        return asked.content_id if asked else None

    def answered_last(self, patient_id: str, before: str) -> str | None:
        """The question that the newest answer before that message was given to; None where none is near."""
        return next(
            (
                str(line.understanding["slot"])
                for line in self._newest(patient_id, Direction.IN)
                if line.id != before and "slot" in line.understanding
            ),
            None,
        )

    def said_last(self, patient_id: str) -> str | None:
        """The content id of the coach's newest words."""
        return next((_entry_of(line) for line in self._said(patient_id)), None)

    def told_last(self, patient_id: str) -> str | None:
        """The content id of what it told before asking: of several in a reply, the one with more to tell."""
        told = [line for line in self._said(patient_id) if line.asks is None]
        newest = takewhile(lambda line: line.in_reply_to == told[0].in_reply_to, told)
        together = [_entry_of(line) for line in newest]
        return next(filter(self._library.tells_more, together), next(iter(together), None))

    def _said(self, patient_id: str) -> Iterator[Message]:
        return (line for line in self._newest(patient_id, Direction.OUT) if line.content_id)

    def _newest(self, patient_id: str, direction: Direction) -> Iterator[Message]:
        with self._records.reading() as uow:
            last = uow.messages.last_said(patient_id)
            lines = uow.messages.transcript(patient_id, after=max(0, last.seq - LOOK_BACK)) if last else ()
        return (line for line in reversed(lines) if line.direction is direction)


def _entry_of(line: Message) -> str:
    return (line.content_id or "").partition(".")[0]
