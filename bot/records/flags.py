"""What a clinician must see, and every step that was taken with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from bot.facts.flags import Flag, FlagKind, FlagState, FlagStep
from bot.records.errors import FlagMoved
from bot.records.rows import change, put, put_numbered, read
from bot.records.tables import FlagRow, FlagStepRow, TeamPatientRow

OPEN_STATES = tuple(state.value for state in FlagState if not state.ended)

_FLAGS, _STEPS = FlagRow.__table__, FlagStepRow.__table__
_OLDEST_FIRST = select(_FLAGS).order_by(FlagRow.id)
_OPEN = _OLDEST_FIRST.where(FlagRow.state.in_(OPEN_STATES))
_OF_ID = select(_FLAGS).where(FlagRow.id == bindparam("flag"))
_HELD_OF_ID = _OF_ID.with_for_update()
_ABOUT = _OLDEST_FIRST.where(FlagRow.assessment_id == bindparam("assessment"))
_OF_PATIENT = _OLDEST_FIRST.where(FlagRow.patient_id == bindparam("patient"))
_STEPS_OF = select(_STEPS).where(FlagStepRow.flag_id == bindparam("flag")).order_by(FlagStepRow.id)


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
        kind: FlagKind = FlagKind.SIGN,
    ) -> int:
        row = FlagRow(
            patient_id=patient_id,
            assessment_id=assessment_id,
            raised_at=now,
            level=level,
            urgency=urgency,
            summary=summary,
            kind=kind.value,
            state=FlagState.NEW.value,
            since=now,
        )
        return put_numbered(self._session, row)

    def get(self, flag_id: int) -> Flag | None:
        found = read(self._session, _OF_ID, flag=flag_id)
        return _flag(found[0]) if found else None

    def about(self, assessment_id: int) -> Sequence[Flag]:
        """Oldest first."""
        return [_flag(row) for row in read(self._session, _ABOUT, assessment=assessment_id)]

    def of_patient(self, patient_id: str) -> Sequence[Flag]:
        """Oldest first."""
        return [_flag(row) for row in read(self._session, _OF_PATIENT, patient=patient_id)]

    def list(self, *, open_only: bool = True) -> Sequence[Flag]:
        """Oldest first."""
        wanted = _OPEN if open_only else _OLDEST_FIRST
        return [_flag(row) for row in self._session.execute(wanted)]

    def open_among(self, teams: Collection[str], *, teamless: bool) -> Sequence[Flag]:
        in_team = select(TeamPatientRow.id).where(TeamPatientRow.patient_id == FlagRow.patient_id)
        theirs = in_team.where(TeamPatientRow.team_id.in_(teams)).exists()
        wanted = or_(theirs, ~in_team.exists()) if teamless else theirs
        return [_flag(row) for row in self._session.execute(_OPEN.where(wanted))]

    def resting(
        self, since: Mapping[tuple[FlagState, str], datetime], *, set_back: datetime
    ) -> Sequence[Flag]:
        too_long = [
            and_(FlagRow.state == state.value, FlagRow.urgency == urgency, FlagRow.since < moment)
            for (state, urgency), moment in since.items()
        ]
        ahead = and_(FlagRow.state.in_({state.value for state, _ in since}), FlagRow.since > set_back)
        return [_flag(row) for row in self._session.execute(_OLDEST_FIRST.where(or_(ahead, *too_long)))]

    def take(self, flag: Flag, step: FlagStep) -> None:
        """Raises FlagMoved where somebody else took a step meanwhile. Nothing of it is kept then."""
        kept = read(self._session, _HELD_OF_ID, flag=flag.id)
        if not kept or (kept[0].state, kept[0].since) != (step.was.value, flag.since):
            raise FlagMoved(f"somebody else has just taken a step with flag {flag.id}")
        put(self._session, _step_row(flag, step))
        change(self._session, FlagRow, flag.id, state=step.becomes.value, since=step.at)

    def steps(self, flag_id: int) -> Sequence[FlagStep]:
        """Oldest first."""
        return [_step(row) for row in read(self._session, _STEPS_OF, flag=flag_id)]

    def last_raised(self, kind: FlagKind) -> Mapping[str, datetime]:
        wanted = select(FlagRow.patient_id, func.max(FlagRow.raised_at)).group_by(FlagRow.patient_id)
        found = self._session.execute(wanted.where(FlagRow.kind == kind.value))
        return {patient_id: at for patient_id, at in found}


def _flag(row: Row[Any]) -> Flag:
    return Flag(
        id=row.id,
        patient_id=row.patient_id,
        raised_at=row.raised_at,
        level=row.level,
        urgency=row.urgency,
        summary=row.summary,
        since=row.since,
        kind=FlagKind(row.kind),
        state=FlagState(row.state),
        assessment_id=row.assessment_id,
    )


def _step_row(flag: Flag, step: FlagStep) -> FlagStepRow:
    return FlagStepRow(
        patient_id=flag.patient_id,
        flag_id=flag.id,
        at=step.at,
        actor=step.actor,
        was=step.was.value,
        becomes=step.becomes.value,
        outcome=step.outcome,
        note=step.note,
    )


def _step(row: Row[Any]) -> FlagStep:
    return FlagStep(
        at=row.at,
        actor=row.actor,
        was=FlagState(row.was),
        becomes=FlagState(row.becomes),
        outcome=row.outcome,
        note=row.note,
    )
