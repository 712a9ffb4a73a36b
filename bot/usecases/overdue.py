"""What nobody did in time: flags that wait too long, and people who stopped writing."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.facts.clinical import Urgency
from bot.facts.flags import NO_DATA, Flag, FlagKind, FlagState
from bot.triage.flag_life import CLOCK, LIFE, Limits, step
from bot.usecases.ports import Library, Records

# A moment from further ahead than this was kept before the clock was set back.
A_LEAP = timedelta(minutes=1)
ESCALATE = next(move for move in LIFE if move.after is FlagState.ESCALATED)


def limits_of(library: Library) -> Limits:
    """The deadlines that the content sets. What is not urgent may wait like what is to be seen soon."""

    def spans(what: str) -> dict[Urgency, timedelta]:
        named = {urgency: Urgency.SOON if urgency is Urgency.NONE else urgency for urgency in Urgency}
        return {
            urgency: timedelta(minutes=library.number(f"flag_{what}_{name.value}_minutes"))
            for urgency, name in named.items()
        }

    return Limits(seen=spans("seen"), ended=spans("ended"))


def escalate_overdue(records: Records, limits: Limits, now: datetime) -> None:
    """Flags past their deadline go to the second contact, each once for each deadline."""
    for flag in _overdue(records, limits, now):
        with records.unit() as uow:
            uow.patients.hold(flag.patient_id)
            if uow.flags.get(flag.id) == flag:
                uow.flags.take(flag, step(flag, ESCALATE.name, by=CLOCK, now=now))
                uow.audit.record(CLOCK, f"flag.{ESCALATE.name}", flag.patient_id, f"flag {flag.id}", now)
                uow.commit()


def _overdue(records: Records, limits: Limits, now: datetime) -> list[Flag]:
    since = {
        (state, urgency.value): now - span
        for state in ESCALATE.before
        for urgency in Urgency
        if (span := limits.span(state, urgency.value)) is not None
    }
    with records.reading() as uow:
        return list(uow.flags.resting(since, set_back=now + A_LEAP))


def flag_gaps(records: Records, silent_for: timedelta, now: datetime) -> None:
    """Who is reminded every day and has not written for so long: a clinician should know, once each time."""
    with records.reading() as uow:
        told = uow.flags.last_raised(FlagKind.NO_DATA)
        silent = {
            patient_id: heard
            for patient_id, heard in uow.patients.silent(now - silent_for).items()
            if patient_id not in told or told[patient_id] < heard
        }
    for patient_id in silent:
        with records.unit() as uow:
            uow.flags.raise_(
                patient_id,
                level=NO_DATA,
                urgency=Urgency.SOON.value,
                summary=f"no word for {silent_for.days} days",
                assessment_id=None,
                now=now,
                kind=FlagKind.NO_DATA,
            )
            uow.commit()
