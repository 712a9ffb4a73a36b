"""What staff put beside a talk: notes, tags, how far they have read, what they sent by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from bot.facts.review import Margin, Note, Reading, Tag
from bot.records.errors import NotInRecords
from bot.records.patients import row_of
from bot.records.rows import put, put_numbered
from bot.records.tables import NoteRow, ReadingRow, SentByHandRow, TagRow


class SqlMargins:
    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, patient_id: str, *, staff_id: str) -> Margin:
        """Raises NotInRecords."""
        notes = (
            select(NoteRow)
            .where(NoteRow.patient_id == patient_id, or_(NoteRow.shared, NoteRow.written_by == staff_id))
            .order_by(NoteRow.id)
        )
        tags = select(TagRow).where(TagRow.patient_id == patient_id).order_by(TagRow.tag, TagRow.id)
        read = self._reading(patient_id, staff_id)
        return Margin(
            notes=tuple(map(_note, self._session.scalars(notes))),
            tags=tuple(Tag(row.message_id, row.tag) for row in self._session.scalars(tags)),
            reading=reading_of(read, row_of(self._session, patient_id).heard_seq),
            upto_seq=read.upto_seq if read else 0,
        )

    def note(
        self,
        patient_id: str,
        message_id: str | None,
        *,
        by: str,
        by_name: str,
        text: str,
        shared: bool,
        now: datetime,
    ) -> int:
        return put_numbered(
            self._session,
            NoteRow(
                patient_id=patient_id,
                message_id=message_id,
                at=now,
                written_by=by,
                writer=by_name,
                text=text,
                shared=shared,
            ),
        )

    def get_note(self, note_id: int) -> Note:
        """Raises NotInRecords."""
        row = self._session.get(NoteRow, note_id)
        if row is None:
            raise NotInRecords(f"no note {note_id} is kept")
        return _note(row)

    def share_note(self, note_id: int) -> None:
        self._session.execute(update(NoteRow).where(NoteRow.id == note_id).values(shared=True))

    def remove_note(self, note_id: int) -> None:
        self._session.execute(delete(NoteRow).where(NoteRow.id == note_id))

    def tag(self, patient_id: str, message_id: str | None, tag: str, *, by: str, now: datetime) -> None:
        if self._session.scalar(select(TagRow.id).where(_is(patient_id, message_id, tag))) is None:
            put(
                self._session,
                TagRow(patient_id=patient_id, message_id=message_id, tag=tag, at=now, put_by=by),
            )

    def untag(self, patient_id: str, message_id: str | None, tag: str) -> None:
        self._session.execute(delete(TagRow).where(_is(patient_id, message_id, tag)))

    def known_tags(self) -> Sequence[str]:
        return self._session.scalars(select(TagRow.tag).distinct().order_by(TagRow.tag)).all()

    def read_upto(self, patient_id: str, staff_id: str, *, seq: int, later: bool) -> None:
        row = self._reading(patient_id, staff_id)
        if row is None:
            put(
                self._session, ReadingRow(patient_id=patient_id, staff_id=staff_id, upto_seq=seq, later=later)
            )
        else:
            row.upto_seq, row.later = seq, later
            self._session.flush()

    def sent_by_hand(self, patient_id: str, message_id: str, *, by: str, by_name: str) -> None:
        row = SentByHandRow(patient_id=patient_id, message_id=message_id, staff_id=by, sender=by_name)
        put(self._session, row)

    def _reading(self, patient_id: str, staff_id: str) -> ReadingRow | None:
        wanted = select(ReadingRow).where(
            ReadingRow.patient_id == patient_id, ReadingRow.staff_id == staff_id
        )
        return self._session.scalar(wanted)


def reading_of(row: ReadingRow | None, heard_seq: int) -> Reading:
    """`heard_seq`: the patient's newest message."""
    if row is not None and row.later:
        return Reading.LATER
    return Reading.REVIEWED if row is not None and row.upto_seq >= heard_seq else Reading.UNREAD


def _is(patient_id: str, message_id: str | None, tag: str) -> ColumnElement[bool]:
    return and_(TagRow.patient_id == patient_id, TagRow.message_id == message_id, TagRow.tag == tag)


def _note(row: NoteRow) -> Note:
    return Note(
        id=row.id,
        patient_id=row.patient_id,
        message_id=row.message_id,
        at=row.at,
        by=row.written_by,
        by_name=row.writer,
        text=row.text,
        shared=row.shared,
    )
