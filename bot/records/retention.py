"""Words and rows that have had their time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from bot.facts.talk import Delivery
from bot.records.flags import OPEN_STATES
from bot.records.tables import (
    AssessmentRow,
    Base,
    ExerciseSessionRow,
    FactRow,
    FlagRow,
    GreenCheckRow,
    MessageRow,
    NoteRow,
    OutboxRow,
    SymptomEntryRow,
    TagRow,
)

_BATCH = 500


def erase_due_text(session: Session, now: datetime) -> int:
    """Erase the words of due messages wherever they are kept: facts and reasons quote them. How many."""
    erased = 0
    while due := session.scalars(select(MessageRow.id).where(MessageRow.erase_at <= now).limit(_BATCH)).all():
        _erase_words(session, due)
        erased += len(due)
    return erased


def _erase_words(session: Session, message_ids: Sequence[str]) -> None:
    session.flush()
    gone: dict[str, Any] = {
        "text": None,
        "payload": None,
        "understanding": None,
        "intent": None,
        "confidence": None,
        "variables": None,
        "image": None,
        "document": None,
        "erase_at": None,
    }
    session.execute(update(MessageRow).where(MessageRow.id.in_(message_ids)).values(gone))
    session.execute(update(FactRow).where(FactRow.message_id.in_(message_ids)).values(evidence=[]))
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.message_id.in_(message_ids), OutboxRow.state == Delivery.PENDING.value)
        .values(state=Delivery.FAILED.value, last_error="its words were erased before it could be delivered")
    )
    for row in session.scalars(select(AssessmentRow).where(AssessmentRow.message_id.in_(message_ids))):
        row.reasons = [{**reason, "evidence": []} for reason in row.reasons]
    session.flush()


def purge_older(engine: Engine, now: datetime, retention: timedelta) -> dict[str, int]:
    """Remove what is older than `retention`, in small transactions; how many rows, by table.

    Consents, the audit, flags with their steps and assessments that still stand remain. What hangs on a
    message (its buttons and its parcel) goes with it.
    """
    units = sessionmaker(engine)
    return {table.__tablename__: _remove(units, table, which) for table, which in _old(now - retention)}


def _old(cutoff: datetime) -> list[tuple[type[Base], Select[Any]]]:
    still_flagged = (
        select(FlagRow.id)
        .where(FlagRow.assessment_id == AssessmentRow.id, FlagRow.state.in_(OPEN_STATES))
        .exists()
    )
    standing = (
        select(AssessmentRow.id)
        .where(AssessmentRow.id == FactRow.assessment_id, AssessmentRow.closed_at.is_(None) | still_flagged)
        .exists()
    )
    return [
        (FactRow, select(FactRow.id).where(FactRow.at < cutoff, ~standing)),
        (
            AssessmentRow,
            select(AssessmentRow.id).where(
                AssessmentRow.at < cutoff, AssessmentRow.closed_at.is_not(None), ~still_flagged
            ),
        ),
        (MessageRow, select(MessageRow.id).where(MessageRow.at < cutoff)),
        *((log, select(log.id).where(log.at < cutoff)) for log in _LOGS),
    ]


_Log = SymptomEntryRow | ExerciseSessionRow | GreenCheckRow | NoteRow | TagRow
_LOGS: tuple[type[_Log], ...] = (SymptomEntryRow, ExerciseSessionRow, GreenCheckRow, NoteRow, TagRow)


def _remove(units: sessionmaker[Session], table: Any, which: Select[Any]) -> int:
    removed = 0
    identity: ColumnElement[Any] = table.id
    while True:
        with units.begin() as session:
            ids = session.scalars(which.limit(_BATCH)).all()
            session.execute(delete(table).where(identity.in_(ids)))
        removed += len(ids)
        if len(ids) < _BATCH:
            return removed
