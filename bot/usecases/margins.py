"""What staff put beside a talk. Every step names its actor and stands in the audit, without its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from bot.facts.review import Note, Reading
from bot.facts.staff import Actor
from bot.usecases.access import Refused
from bot.usecases.conversations import message_of, seen_patient
from bot.usecases.ports import Records, UnitOfWork

LONGEST_NOTE = 4000  # characters
# It stands in addresses and in the database in clear: long enough for a label, too short for a story.
A_TAG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_TAG = 32


class Unfit(ValueError):
    """What was typed can't be kept. The words say why and how to mend it."""


class KeepMargins:
    def __init__(self, records: Records, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._clock = clock

    def write_note(
        self, actor: Actor, patient_id: str, message_id: str | None, text: str, *, shared: bool
    ) -> None:
        """Raises Unfit, Refused. LookupError: no such patient or message."""
        words = text.strip()
        if not 1 <= len(words) <= LONGEST_NOTE:
            raise Unfit(f"A note holds 1 to {LONGEST_NOTE} characters; yours has {len(words)}.")
        with self._unit(actor, patient_id, message_id) as uow:
            note = uow.margins.note(
                patient_id,
                message_id,
                by=actor.id,
                by_name=actor.name,
                text=words,
                shared=shared,
                now=self._clock(),
            )
            self._audit(uow, actor, "note.write", patient_id, f"note {note}{', shared' if shared else ''}")

    def share_note(self, actor: Actor, note_id: int) -> Note:
        """With everybody who may see the patient; that can't be taken back, as they may have read it."""
        return self._change_note(actor, note_id, "note.share", lambda uow: uow.margins.share_note(note_id))

    def remove_note(self, actor: Actor, note_id: int) -> Note:
        return self._change_note(actor, note_id, "note.remove", lambda uow: uow.margins.remove_note(note_id))

    def tag(self, actor: Actor, patient_id: str, message_id: str | None, typed: str) -> None:
        """Raises Unfit, Refused. LookupError: no such patient or message."""
        tag = typed.strip().lower().replace(" ", "-").replace("_", "-")
        if not A_TAG.fullmatch(tag) or len(tag) > LONGEST_TAG:
            raise Unfit(f"A tag is 1 to {LONGEST_TAG} letters a-z and figures, with hyphens in between.")
        with self._unit(actor, patient_id, message_id) as uow:
            uow.margins.tag(patient_id, message_id, tag, by=actor.id, now=self._clock())
            self._audit(uow, actor, "tag.put", patient_id, tag)

    def untag(self, actor: Actor, patient_id: str, message_id: str | None, tag: str) -> None:
        with self._unit(actor, patient_id, message_id) as uow:
            uow.margins.untag(patient_id, message_id, tag)
            self._audit(uow, actor, "tag.remove", patient_id, tag)

    def mark(self, actor: Actor, patient_id: str, reading: Reading, upto_seq: int) -> None:
        """How far they are with this talk; `upto_seq`: the newest message that they were shown."""
        with self._unit(actor, patient_id, None) as uow:
            before = uow.margins.of(patient_id, staff_id=actor.id).upto_seq
            seq = {Reading.REVIEWED: upto_seq, Reading.LATER: before, Reading.UNREAD: 0}[reading]
            uow.margins.read_upto(patient_id, actor.id, seq=seq, later=reading is Reading.LATER)
            self._audit(
                uow, actor, f"conversation.{reading.value}", patient_id, f"up to message number {seq}"
            )

    def _change_note(
        self, actor: Actor, note_id: int, action: str, change: Callable[[UnitOfWork], None]
    ) -> Note:
        """Notes belong to who wrote them. LookupError: no such note, or somebody else's private one."""
        with self._records.unit() as uow:
            note = uow.margins.get_note(note_id)
            seen_patient(uow, actor, note.patient_id, self._clock())
            if note.by != actor.id and not note.shared:
                raise LookupError("no such note")
            if note.by != actor.id:
                raise Refused("Only who wrote a note may change it.")
            change(uow)
            self._audit(uow, actor, action, note.patient_id, f"note {note_id}")
            uow.commit()
        return note

    @contextmanager
    def _unit(self, actor: Actor, patient_id: str, message_id: str | None) -> Iterator[UnitOfWork]:
        """Something that this actor does beside this talk; committed at its end."""
        with self._records.unit() as uow:
            seen_patient(uow, actor, patient_id, self._clock())
            uow.patients.hold(patient_id)
            if message_id is not None:
                message_of(uow, patient_id, message_id)
            yield uow
            uow.commit()

    def _audit(self, uow: UnitOfWork, actor: Actor, action: str, patient_id: str, detail: str) -> None:
        uow.audit.record(actor.id, action, patient_id, detail, self._clock())
