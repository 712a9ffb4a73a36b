"""How a patient stands right now, read from the records: the ground the guarantee judges on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.facts.talk import Patient, Standing
from bot.triage.guarantee import PresentState
from bot.usecases.ports import Library, OpenAssessment, UnitOfWork


def zone_of(patient: Patient, library: Library) -> tzinfo:
    """The patient's own zone (a name, or `+HHMM` ahead of UTC), else their country's, else UTC."""
    name = patient.profile.get("zone") or library.country(patient.profile.get("country")).get("zone")
    try:
        return _fixed(name) if name and name[0] in "+-" else ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _fixed(offset: str) -> tzinfo:
    return datetime.strptime(offset, "%z").tzinfo or UTC


def green_today(green: datetime | None, alarm: datetime | None, now: datetime, zone: tzinfo) -> bool:
    """A clean sign check counts on the patient's own day, and only if no alarm came after it (C26)."""
    if green is None or (alarm is not None and alarm >= green):
        return False
    return green.astimezone(zone).date() == now.astimezone(zone).date() and green <= now


def present_state(
    uow: UnitOfWork,
    patient: Patient,
    now: datetime,
    library: Library,
    standing: Sequence[OpenAssessment] | None = None,
) -> PresentState:
    """`standing`: what stands open, where the caller has read it already."""
    if standing is None:
        standing = uow.assessments.open_for(patient.id)
    green, alarm = uow.assessments.last_green_and_alarm(patient.id)
    return PresentState(
        open=tuple((a.level, frozenset(a.regions)) for a in standing),
        consented=patient.standing is Standing.ACTIVE or "consent" in patient.profile,
        green_today=green_today(green, alarm, now, zone_of(patient, library)),
    )
