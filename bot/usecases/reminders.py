"""The daily reminder, at the time of day the patient chose, by the patient's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

from bot.facts.talk import Patient, Standing
from bot.usecases.clock import CLOCK_QUESTIONS
from bot.usecases.deliver import Words
from bot.usecases.first_week import invite
from bot.usecases.ports import Library, UnitOfWork
from bot.usecases.present_state import present_state, zone_of

# Answers after which the reminder must be planned anew.
PLANNED_BY = frozenset({"confirm_stop_reminders", "country", *CLOCK_QUESTIONS})


def next_reminder(clock_time: str | None, now: datetime, zone: tzinfo) -> datetime | None:
    """The next moment after `now` (in UTC) at which the clock on the wall shows `HH:MM`.

    None where no time was chosen. An hour that daylight saving skips falls just behind the gap.
    """
    try:
        hour, minute = map(int, (clock_time or "").split(":"))
        at = time(hour, minute)
    except ValueError:
        return None
    day = now.astimezone(zone).date()
    for later in range(3):
        moment = datetime.combine(day + timedelta(days=later), at, zone).astimezone(UTC)
        if moment > now:
            return moment
    raise AssertionError("three days hold every time of day")


def plan_reminder(uow: UnitOfWork, patient: Patient, now: datetime, library: Library) -> None:
    wanted = patient.profile.get("reminder") if patient.standing is Standing.ACTIVE else None
    uow.patients.remind_at(patient.id, next_reminder(wanted, now, zone_of(patient, library)))


def remind_due(uow: UnitOfWork, now: datetime, library: Library, words: Words) -> None:
    """Say the reminders that are due, each once. Nothing cheerful where an alarm stands open.

    One that is long overdue (the machine was off) is left out: a morning's reminder is no use at night.
    """
    late = timedelta(hours=library.number("reminder_too_late_hours"))
    for patient_id in uow.patients.due_reminders(now - late):
        plan_reminder(uow, uow.patients.get(patient_id), now, library)
    for patient_id in uow.patients.due_reminders(now):
        patient = uow.patients.get(patient_id)
        in_reach = patient.standing is Standing.ACTIVE and patient.unreachable_since is None
        if in_reach and not present_state(uow, patient, now, library).open:
            reminder = words.for_patient(patient)("reminder_daily")
            for reply in (*reminder, *invite(uow, patient, now, library, words)):
                uow.messages.say(patient.id, reply, in_reply_to=None, now=now)
        plan_reminder(uow, patient, now, library)
