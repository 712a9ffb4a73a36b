"""What was found in messages and how it was judged; sign checks that found nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, select, update
from sqlalchemy.orm import Session

from bot.facts.clinical import (
    Evidence,
    Level,
    Presence,
    Reason,
    Subject,
    SymptomFact,
    Time,
    Urgency,
    Verdict,
)
from bot.records.errors import NotInRecords
from bot.records.rows import change, put, put_numbered, read
from bot.records.tables import AssessmentRow, FactRow, GreenCheckRow
from bot.usecases.ports import Assessed, OpenAssessment

_BORN_CLOSED = frozenset({Level.CONTINUE, Level.NONE})
_ALARMS = tuple(level.value for level in Level if level not in _BORN_CLOSED)
_NOTHING_TO_SETTLE = "nothing to settle"

# Made once, see bot/records/patients.py.
_OF_PATIENT = AssessmentRow.patient_id == bindparam("patient_id")
# Sorted by who asks: asked to sort, SQLite walks through everything ever judged instead.
_OPEN = select(AssessmentRow.__table__).where(_OF_PATIENT, AssessmentRow.closed_at.is_(None))
_OF_ID = select(AssessmentRow.__table__).where(AssessmentRow.id == bindparam("assessment"))
_OF_MESSAGE = (
    select(AssessmentRow.__table__)
    .where(AssessmentRow.message_id == bindparam("message_id"))
    .order_by(AssessmentRow.id.desc())
    .limit(1)
)
_LAST_GREEN = select(func.max(GreenCheckRow.at)).where(GreenCheckRow.patient_id == bindparam("patient_id"))
_LAST_ALARM = select(func.max(AssessmentRow.at)).where(_OF_PATIENT, AssessmentRow.level.in_(_ALARMS))
_LAST_GREEN_AND_ALARM = select(_LAST_GREEN.scalar_subquery(), _LAST_ALARM.scalar_subquery())


class SqlAssessments:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        patient_id: str,
        message_id: str | None,
        facts: Sequence[SymptomFact],
        verdict: Verdict,
        *,
        content_version: str,
        now: datetime,
    ) -> int:
        assessment = _assessment(patient_id, message_id, verdict, content_version, now)
        number = put_numbered(self._session, assessment)
        put(self._session, *(_fact(number, assessment, fact) for fact in facts))
        return number

    def get(self, assessment_id: int) -> Assessed | None:
        found = read(self._session, _OF_ID, assessment=assessment_id)
        return _assessed(found[0]) if found else None

    def for_message(self, message_id: str) -> Verdict | None:
        found = read(self._session, _OF_MESSAGE, message_id=message_id)
        return verdict_of(found[0]) if found else None

    def open_for(self, patient_id: str) -> Sequence[OpenAssessment]:
        """Oldest first."""
        return sorted(
            map(_open, read(self._session, _OPEN, patient_id=patient_id)),
            key=lambda found: (found.at, found.id),
        )

    def close(self, assessment_id: int, *, by: str, reason: str, now: datetime) -> None:
        """The first closing stands; closing again changes nothing. Raises NotInRecords."""
        self._existing(assessment_id)
        close_assessment(self._session, assessment_id, by=by, reason=reason, now=now)

    def remind(self, assessment_id: int, now: datetime) -> None:
        self._existing(assessment_id)
        change(self._session, AssessmentRow, assessment_id, reminded_at=now)

    def all_open(self, level: Level) -> Sequence[tuple[str, OpenAssessment]]:
        """Oldest first."""
        rows = self._of_everybody(level, AssessmentRow.closed_at.is_(None))
        return [(row.patient_id, _open(row)) for row in rows]

    def closed_because(
        self, level: Level, reason: str, since: datetime
    ) -> Sequence[tuple[str, OpenAssessment]]:
        """Oldest first."""
        closed = self._of_everybody(level, AssessmentRow.closed_at >= since)
        # Compared here: reasons are encrypted.
        return [(row.patient_id, _open(row)) for row in closed if row.closed_reason == reason]

    def _of_everybody(self, level: Level, which: ColumnElement[bool]) -> Iterable[AssessmentRow]:
        wanted = select(AssessmentRow).where(AssessmentRow.level == level.value, which)
        return self._session.scalars(wanted.order_by(AssessmentRow.at, AssessmentRow.id))

    def record_green(self, patient_id: str, message_id: str | None, now: datetime) -> None:
        put(self._session, GreenCheckRow(patient_id=patient_id, message_id=message_id, at=now))

    def last_green_and_alarm(self, patient_id: str) -> tuple[datetime | None, datetime | None]:
        [(green, alarm)] = read(self._session, _LAST_GREEN_AND_ALARM, patient_id=patient_id)
        return green, alarm

    def _existing(self, assessment_id: int) -> AssessmentRow:
        row = self._session.get(AssessmentRow, assessment_id)
        if row is None:
            raise NotInRecords(f"no assessment {assessment_id} is kept")
        return row


def close_assessment(session: Session, assessment_id: int, *, by: str, reason: str, now: datetime) -> None:
    session.execute(
        update(AssessmentRow)
        .where(AssessmentRow.id == assessment_id, AssessmentRow.closed_at.is_(None))
        .values(closed_at=now, closed_by=by, closed_reason=reason)
    )


def _assessment(
    patient_id: str, message_id: str | None, verdict: Verdict, content_version: str, now: datetime
) -> AssessmentRow:
    settled = verdict.level in _BORN_CLOSED
    regions = dict.fromkeys(reason.region for reason in verdict.reasons if reason.region is not None)
    return AssessmentRow(
        patient_id=patient_id,
        message_id=message_id,
        at=now,
        level=verdict.level.value,
        urgency=verdict.urgency.value,
        rules=[[reason.rule, reason.version] for reason in verdict.reasons],
        regions=list(regions),
        reasons=[asdict(reason) for reason in verdict.reasons],
        question=verdict.question,
        care=verdict.care,
        content_version=content_version,
        closed_at=now if settled else None,
        closed_by="screening" if settled else None,
        closed_reason=_NOTHING_TO_SETTLE if settled else None,
    )


def _fact(number: int, assessment: AssessmentRow, fact: SymptomFact) -> FactRow:
    return FactRow(
        patient_id=assessment.patient_id,
        assessment_id=number,
        message_id=assessment.message_id,
        at=assessment.at,
        sign=fact.sign,
        presence=fact.presence.value,
        subject=fact.subject.value,
        time=fact.time.value,
        region=fact.region,
        cues=list(fact.cues),
        evidence=[asdict(piece) for piece in fact.evidence],
    )


def verdict_of(row: AssessmentRow | Row[Any]) -> Verdict:
    return Verdict(
        level=Level(row.level),
        urgency=Urgency(row.urgency),
        reasons=tuple(_reason(kept) for kept in row.reasons),
        question=row.question,
        care=row.care,
    )


def fact_of(row: FactRow) -> SymptomFact:
    return SymptomFact(
        sign=row.sign,
        presence=Presence(row.presence),
        subject=Subject(row.subject),
        time=Time(row.time),
        evidence=tuple(Evidence(**piece) for piece in row.evidence),
        region=row.region,
        cues=tuple(row.cues),
    )


def _assessed(row: Row[Any]) -> Assessed:
    return Assessed(
        id=row.id,
        message_id=row.message_id,
        at=row.at,
        verdict=verdict_of(row),
        content_version=row.content_version,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )


def _reason(kept: dict[str, Any]) -> Reason:
    return Reason(
        rule=kept["rule"],
        by=kept.get("by"),
        version=kept["version"],
        level=Level(kept["level"]),
        urgency=Urgency(kept["urgency"]),
        evidence=tuple(Evidence(**piece) for piece in kept["evidence"]),
        region=kept["region"],
    )


def _open(row: AssessmentRow) -> OpenAssessment:
    return OpenAssessment(
        id=row.id,
        at=row.at,
        level=Level(row.level),
        urgency=Urgency(row.urgency),
        rules=tuple(rule for rule, _ in row.rules),
        regions=tuple(row.regions),
        question=row.question,
        reminded_at=row.reminded_at,
        message_id=row.message_id,
    )
