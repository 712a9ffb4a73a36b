"""What a door still has to carry: whether it may leave now, and what follows where it can't be delivered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot.facts.flags import FlagKind
from bot.facts.talk import Kind, Message, Patient
from bot.triage.guarantee import INTERRUPTING, may_say
from bot.usecases.ports import Library, OpenAssessment, Parcel, Records, UnitOfWork
from bot.usecases.present_state import present_state, zone_of

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE_OF_SAFETY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent at this moment, to where. `zone`: the patient's own clock."""

    message: Message
    address: str
    zone: tzinfo


class Post:
    """For doors that send by themselves, once each: `due`, then `letter`, then what became of it."""

    def __init__(self, records: Records, library: Library, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._library = library
        self._clock = clock

    def due(self, door: str, limit: int, under_way: Collection[int]) -> Sequence[Parcel]:
        with self._records.unit() as uow:
            return uow.outbox.due(door, self._clock(), limit, but=under_way)

    def letter(self, parcel: Parcel) -> Letter | None:
        """None where it may no longer leave; that it stays here is kept, and flagged if it's an alarm."""
        with self._records.unit() as uow:
            patient = uow.patients.get(parcel.patient_id)
            message = uow.messages.get(parcel.message.id)
            refusal = self._refusal(uow, patient, message)
            if refusal is None:
                return Letter(message, uow.patients.address_of(patient.id), zone_of(patient, self._library))
            self._give_up(uow, message, refusal)
            uow.commit()
        return None

    def sent(self, message_id: str, *, confirmed: bool = True) -> None:
        """`confirmed` False: it left whole and nobody answered, so it may have been delivered or not."""
        with self._records.unit() as uow:
            uow.outbox.sent([message_id], self._clock(), confirmed=confirmed)
            uow.commit()

    def put_off(self, parcel: Parcel, error: str, wait: timedelta | None = None) -> None:
        """Try again after `wait`, else after a growing pause; words that are too old by then are given up."""
        now = self._clock()
        retry_at = now + (wait or _pause(parcel))
        with self._records.unit() as uow:
            if retry_at - parcel.message.at > timedelta(hours=self._library.number("delivery_tried_hours")):
                self._give_up(uow, parcel.message, error)
            else:
                uow.outbox.failed(parcel.message.id, error=error, retry_at=retry_at)
                late = timedelta(seconds=self._library.number("alarm_undelivered_seconds"))
                if retry_at - parcel.message.at >= late:
                    self._flag(uow, parcel.message)
            uow.commit()

    def give_up(self, parcel: Parcel, error: str) -> None:
        with self._records.unit() as uow:
            self._give_up(uow, parcel.message, error)
            uow.commit()

    def refused(self, parcel: Parcel) -> None:
        """The patient has blocked the coach: nothing more is sent until they write again."""
        with self._records.unit() as uow:
            uow.patients.set_unreachable(parcel.patient_id, self._clock())
            self._give_up(uow, parcel.message, "the patient has blocked the coach")
            uow.commit()

    def reach(self, door: str, address: str, *, open_to_us: bool) -> None:
        """The patient has just blocked the coach, or let it in again."""
        with self._records.unit() as uow:
            if patient := uow.patients.at_door(door, address):
                uow.patients.set_unreachable(patient.id, None if open_to_us else self._clock())
                uow.commit()

    def _refusal(self, uow: UnitOfWork, patient: Patient, message: Message) -> str | None:
        """Why this may not leave now: the guarantee holds for words that waited, too."""
        if patient.unreachable_since is not None:
            return "the patient can't be reached"
        if message.text is None:
            return "its words were erased before it could be delivered"
        if message.kind is None or message.kind is Kind.SAFETY:
            return None
        if any(_came_after(uow, alarm, message) for alarm in _alarms(uow, patient.id)):
            return "an alarm came in between"
        state = present_state(uow, patient, self._clock(), self._library)
        return None if may_say(message.kind, message.region, state) else "it may not be said any more"

    def _give_up(self, uow: UnitOfWork, message: Message, error: str) -> None:
        uow.outbox.failed(message.id, error=error, retry_at=None)
        self._flag(uow, message)

    def _flag(self, uow: UnitOfWork, message: Message) -> None:
        """Words of a standing alarm that don't reach the patient: a clinician must know, once."""
        alarm = next(iter(_alarms(uow, message.patient_id)), None)
        summary = f"not delivered: {message.content_id}"
        if alarm is None or message.kind is not Kind.SAFETY:
            return
        known = [f for f in uow.flags.of_patient(message.patient_id) if f.open and f.summary == summary]
        if any(flag.raised_at >= message.at for flag in known):
            return
        uow.flags.raise_(
            message.patient_id,
            level=alarm.level.value,
            urgency=alarm.urgency.value,
            summary=summary,
            kind=FlagKind.UNDELIVERED,
            assessment_id=None,  # clearing this flag must not settle the alarm itself
            now=self._clock(),
        )


def _alarms(uow: UnitOfWork, patient_id: str) -> list[OpenAssessment]:
    """Crisis, stop and check that still stand, most urgent first."""
    standing = [a for a in uow.assessments.open_for(patient_id) if a.level in INTERRUPTING]
    return sorted(standing, key=lambda alarm: alarm.level.rank)


def _came_after(uow: UnitOfWork, alarm: OpenAssessment, message: Message) -> bool:
    """By the clock, or by its place in the talk: the clock may have been set back in between."""
    cause = uow.messages.get(alarm.message_id) if alarm.message_id else None
    return alarm.at > message.at or (cause is not None and cause.seq > message.seq)


def _pause(parcel: Parcel) -> timedelta:
    longest = LONGEST_PAUSE_OF_SAFETY if parcel.message.kind is Kind.SAFETY else LONGEST_PAUSE
    return min(FIRST_PAUSE * (1 << min(parcel.attempts, 16)), longest)
