"""What a clinician must see, until a named person clears it for a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.facts.talk import Flag
from bot.records.assessments import close_assessment
from bot.records.audit import SqlAudit
from bot.records.errors import AlreadyCleared, NotInRecords
from bot.records.tables import FlagRow


class SqlFlags:
    def __init__(self, session: Session) -> None:
        self._session = session

    def raise_(
        self,
        patient_id: str,
        *,
        level: str,
        urgency: str,
        summary: str,
        assessment_id: int | None,
        now: datetime,
    ) -> int:
        row = FlagRow(
            patient_id=patient_id,
            assessment_id=assessment_id,
            raised_at=now,
            level=level,
            urgency=urgency,
            summary=summary,
        )
        self._session.add(row)
        self._session.flush()
        return row.id

    def get(self, flag_id: int) -> Flag | None:
        row = self._session.get(FlagRow, flag_id)
        return None if row is None else _flag(row)

    def about(self, assessment_id: int) -> Sequence[Flag]:
        """Oldest first."""
        wanted = select(FlagRow).where(FlagRow.assessment_id == assessment_id).order_by(FlagRow.id)
        return [_flag(row) for row in self._session.scalars(wanted)]

    def list(self, *, open_only: bool = True) -> Sequence[Flag]:
        """Oldest first."""
        wanted = select(FlagRow).order_by(FlagRow.id)
        if open_only:
            wanted = wanted.where(FlagRow.cleared_at.is_(None))
        return [_flag(row) for row in self._session.scalars(wanted)]

    def clear(self, flag_id: int, *, by: str, reason: str, now: datetime) -> None:
        """Closes the flag's assessment too and writes the audit.

        ValueError: no name, no reason, or cleared before (AlreadyCleared). Raises NotInRecords.
        """
        if not by.strip() or not reason.strip():
            raise ValueError("a flag is cleared by a named person, with a reason")
        cleared = (
            update(FlagRow)
            .where(FlagRow.id == flag_id, FlagRow.cleared_at.is_(None))
            .values(cleared_at=now, cleared_by=by, cleared_reason=reason)
            .returning(FlagRow.assessment_id, FlagRow.patient_id)
        )
        found = self._session.execute(cleared).one_or_none()
        if found is None:
            raise self._why_not(flag_id)
        if found.assessment_id is not None:
            close_assessment(self._session, found.assessment_id, by=by, reason=reason, now=now)
        # The reason may speak of the patient; it stays with the flag and goes with it.
        SqlAudit(self._session).record(by, "flag.clear", found.patient_id, f"flag {flag_id}", now)

    def _why_not(self, flag_id: int) -> Exception:
        flag = self.get(flag_id)
        if flag is None or flag.cleared_at is None:
            return NotInRecords(f"no flag {flag_id} is kept")
        return AlreadyCleared(
            f"flag {flag_id} was already cleared by {flag.cleared_by} on {flag.cleared_at:%Y-%m-%d %H:%M} UTC"
        )


def _flag(row: FlagRow) -> Flag:
    return Flag(
        id=row.id,
        patient_id=row.patient_id,
        raised_at=row.raised_at,
        level=row.level,
        urgency=row.urgency,
        summary=row.summary,
        assessment_id=row.assessment_id,
        cleared_at=row.cleared_at,
        cleared_by=row.cleared_by,
        cleared_reason=row.cleared_reason,
    )
