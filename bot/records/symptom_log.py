"""Pain values and exercise sessions, and the history the verdicts are judged with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.facts.clinical import History, Level, PainEntry, PastVerdict, SessionEntry, Urgency
from bot.records.tables import AssessmentRow, ExerciseSessionRow, SymptomEntryRow

# Nearly every message comes to no verdict; none of those is history.
_WEIGHTY = tuple(level.value for level in Level if level is not Level.NONE)


class SqlSymptomLog:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add_pain(
        self, patient_id: str, *, pain: int, region: str | None, message_id: str, now: datetime
    ) -> None:
        """ValueError: pain outside 0 to 10."""
        _check_scale(pain)
        self._add_once(
            SymptomEntryRow(patient_id=patient_id, message_id=message_id, at=now, pain=pain, region=region)
        )

    def correct_pain(self, patient_id: str, *, pain: int, since: datetime) -> int | None:
        """ValueError: pain outside 0 to 10."""
        _check_scale(pain)
        entry = SymptomEntryRow
        wanted = select(entry).where(entry.patient_id == patient_id, entry.at >= since)
        newest = self._session.scalars(
            wanted.order_by(entry.at.desc(), entry.id.desc()).limit(1)
        ).one_or_none()
        if newest is None:
            return None
        newest.pain = pain
        return newest.id

    def add_session(self, patient_id: str, entry: SessionEntry, *, message_id: str) -> None:
        """ValueError: pain outside 0 to 10."""
        if entry.pain_after is not None:
            _check_scale(entry.pain_after)
        self._add_once(
            ExerciseSessionRow(
                patient_id=patient_id,
                message_id=message_id,
                at=entry.at,
                exercise=entry.exercise,
                minutes=entry.minutes,
                region=entry.region,
                pain_after=entry.pain_after,
                coped=entry.coped,
            )
        )

    def pains(self, patient_id: str, since: datetime) -> Sequence[PainEntry]:
        """Oldest first."""
        wanted = select(SymptomEntryRow).where(
            SymptomEntryRow.patient_id == patient_id, SymptomEntryRow.at >= since
        )
        rows = self._session.scalars(wanted.order_by(SymptomEntryRow.at, SymptomEntryRow.id))
        return [PainEntry(at=row.at, pain=row.pain, region=row.region) for row in rows]

    def history(self, patient_id: str, since: datetime) -> History:
        """Since that time; a verdict that still stands is there whatever its age, `none` is no verdict."""
        return History(
            pains=tuple(self.pains(patient_id, since)),
            sessions=tuple(self._sessions(patient_id, since)),
            verdicts=tuple(self._verdicts(patient_id, since)),
        )

    def _sessions(self, patient_id: str, since: datetime) -> Sequence[SessionEntry]:
        wanted = select(ExerciseSessionRow).where(
            ExerciseSessionRow.patient_id == patient_id, ExerciseSessionRow.at >= since
        )
        rows = self._session.scalars(wanted.order_by(ExerciseSessionRow.at, ExerciseSessionRow.id))
        return [
            SessionEntry(row.at, row.exercise, row.minutes, row.region, row.pain_after, row.coped)
            for row in rows
        ]

    def _verdicts(self, patient_id: str, since: datetime) -> Sequence[PastVerdict]:
        row = AssessmentRow
        columns = (row.at, row.id, row.level, row.urgency, row.rules, row.regions, row.closed_at)
        own = select(*columns).where(row.patient_id == patient_id, row.level.in_(_WEIGHTY))
        standing = self._session.execute(own.where(row.closed_at.is_(None))).all()
        # Which of them are closed is asked here: SQLite would go through everything that ever was.
        lately = self._session.execute(own.where(row.at >= since))
        settled = [found for found in lately if found.closed_at is not None]
        return [
            PastVerdict(
                at=at,
                level=Level(level),
                urgency=Urgency(urgency),
                rules=tuple(rule for rule, _ in rules),
                regions=tuple(regions),
                closed_at=closed_at,
            )
            for at, _, level, urgency, rules, regions, closed_at in sorted(
                [*standing, *settled], key=lambda found: (found.at, found.id)
            )
        ]

    def _add_once(self, row: SymptomEntryRow | ExerciseSessionRow) -> None:
        kind = type(row)
        if self._session.scalar(select(kind.id).where(kind.message_id == row.message_id)) is not None:
            return
        try:
            with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError:
            # Another transaction wrote this message's entry first; anything else is a fault of ours.
            if self._session.scalar(select(kind.id).where(kind.message_id == row.message_id)) is None:
                raise


def _check_scale(pain: int) -> None:
    if not 0 <= pain <= 10:
        raise ValueError("pain is told on a scale from 0 to 10")
