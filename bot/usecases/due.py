"""What the clock asks for: messages left behind, late answers, unanswered checks, erasing on time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from anyio import to_thread

from bot.facts.clinical import Level, Verdict
from bot.facts.flags import FlagKind
from bot.facts.talk import Standing
from bot.usecases.deliver import Words
from bot.usecases.overdue import A_LEAP, escalate_overdue, flag_gaps, limits_of
from bot.usecases.ports import Engine, EngineSilent, Library, OpenAssessment, Records, Screen, UnitOfWork
from bot.usecases.present_state import present_state
from bot.usecases.receive_message import ReceiveMessage
from bot.usecases.reminders import remind_due
from bot.usecases.settle import EASING

# How long after the last word an erasure waits, so that the answer to the wish still reaches the person.
LAST_WORDS = timedelta(seconds=10)
# Retention counts in days; looking for what is too old at every round would only hold the write lock.
PURGE_EVERY = timedelta(hours=1)
ANSWERS_AT_ONCE = 8
# Soreness that could not be asked about in this time is no matter any more.
ASKED_AGAIN_WITHIN = timedelta(days=7)
# Looking for people who went silent walks through all of them.
GAPS_EVERY = timedelta(hours=1)
BEAT_EVERY = timedelta(seconds=20)
RECORDS_ROUND, ENGINE_ROUND = "scheduler", "late answers"
ALARMS_TO_ANSWER = (Level.CRISIS, Level.STOP)

log = logging.getLogger(__name__)


def is_over(wait: timedelta, since: datetime, now: datetime) -> bool:
    """Whether so long has passed; a clock that was set back makes nobody wait for it twice."""
    return now - since >= wait or since - now > A_LEAP


class Due:
    """One call of each does all that is due now; calling it again does nothing twice."""

    def __init__(
        self,
        records: Records,
        screen: Screen,
        library: Library,
        engine: Engine,
        receive: ReceiveMessage,
        clock: Callable[[], datetime],
        retention: timedelta,
    ) -> None:
        self._records = records
        self._screen = screen
        self._library = library
        self._engine = engine
        self._receive = receive
        self._clock = clock
        self._retention = retention
        self._purged_at: datetime | None = None
        self._gaps_at: datetime | None = None
        self._beaten_at: dict[str, datetime] = {}
        self._words = Words(library, screen)

    def on_time(self) -> None:
        """What needs nobody but the records. A step that fails is told, and the others are done."""
        for step in (
            self._receive.screen_left_behind,
            self._unanswered_checks,
            self._silence_after_stops,
            self._soreness,
            self._reminders,
            self._escalate,
            self._look_for_gaps,
            self._erase_on_time,
            self._beat,
        ):
            try:
                step()
            except Exception as fault:  # a reminder that can't be written must not hold up a check
                log.error("%s failed: %s", step.__name__, type(fault).__name__)

    async def with_the_engine(self) -> None:
        """Late answers and erasures. While the engine hangs this takes long: run it beside `on_time`."""
        await self._answer_late()
        for patient_id in await to_thread.run_sync(self._leaving):
            await self._erase(patient_id)
        await to_thread.run_sync(self._beat, ENGINE_ROUND)

    async def _answer_late(self) -> None:
        """Side by side: with an engine that hangs each answer takes its whole deadline."""
        at_once = asyncio.Semaphore(ANSWERS_AT_ONCE)

        async def answer(patient_id: str) -> None:
            async with at_once:
                try:
                    await self._receive.answer(patient_id)
                except Exception as fault:  # one person's turn must not end everybody else's
                    log.error("a late answer failed: %s", type(fault).__name__)

        waiting = await to_thread.run_sync(self._waiting)
        await asyncio.gather(*map(answer, waiting))

    def _waiting(self) -> list[str]:
        with self._records.reading() as uow:
            return list(uow.patients.with_waiting(self._clock()))

    def _reminders(self) -> None:
        with self._records.unit() as uow:
            remind_due(uow, self._clock(), self._library, self._words)
            uow.commit()

    def _unanswered_checks(self) -> None:
        """A check that nobody answers: what cannot wait is taken for meant; others are asked once more."""
        now = self._clock()
        wait = timedelta(minutes=self._library.number("check_unanswered_minutes"))
        with self._records.unit() as uow:
            for patient_id, check in uow.assessments.all_open(Level.CHECK):
                if is_over(wait, check.reminded_at or check.at, now):
                    self._unanswered(uow, patient_id, check, now)
            uow.commit()

    def _unanswered(self, uow: UnitOfWork, patient_id: str, check: OpenAssessment, now: datetime) -> None:
        verdict = self._screen.unanswered(check.rules)
        if check.reminded_at is None:
            self._said_again(uow, patient_id, verdict, now)
            uow.assessments.remind(check.id, now)
        urgent = verdict.level is not Level.CHECK
        if (urgent or check.reminded_at is not None) and not uow.flags.about(check.id):
            uow.flags.raise_(
                patient_id,
                level=verdict.level.value,
                urgency=verdict.urgency.value,
                summary=f"check not answered: {', '.join(check.rules)}",
                kind=FlagKind.UNANSWERED,
                assessment_id=check.id,
                now=now,
            )

    def _said_again(self, uow: UnitOfWork, patient_id: str, verdict: Verdict, now: datetime) -> None:
        """The words for what it may be, and the question, so that it can still be answered."""
        patient = uow.patients.hold(patient_id)
        uow.messages.drop_offers(patient_id)
        for reply in self._words.composed(patient, verdict.level, lambda say: say.verdict(verdict)):
            uow.messages.say(patient_id, reply, in_reply_to=None, now=now)

    def _silence_after_stops(self) -> None:
        """Somebody who was told to get help and hasn't written since: a clinician should know, once (R9)."""
        now = self._clock()
        wait = timedelta(hours=self._library.number("silence_after_stop_hours"))
        with self._records.unit() as uow:
            for level in ALARMS_TO_ANSWER:
                for patient_id, alarm in uow.assessments.all_open(level):
                    if alarm.reminded_at is None and is_over(wait, alarm.at, now):
                        self._look_for_silence(uow, patient_id, alarm, now)
            uow.commit()

    def _look_for_silence(
        self, uow: UnitOfWork, patient_id: str, alarm: OpenAssessment, now: datetime
    ) -> None:
        """The flag settles nothing when it is cleared: the alarm has one of its own."""
        uow.assessments.remind(alarm.id, now)
        heard = uow.messages.last_heard(patient_id)
        if heard is None or heard.id == alarm.message_id:
            uow.flags.raise_(
                patient_id,
                level=alarm.level.value,
                urgency=alarm.urgency.value,
                summary=f"silence after {alarm.level.value}: {', '.join(alarm.rules)}",
                kind=FlagKind.SILENCE,
                assessment_id=None,
                now=now,
            )

    def _soreness(self) -> None:
        """Muscles that were easing are asked about again when soreness should be over (C1)."""
        now = self._clock()
        with self._records.unit() as uow:
            eased = uow.assessments.closed_because(Level.ASSESS, EASING, now - ASKED_AGAIN_WITHIN)
            for patient_id, told in eased:
                if told.reminded_at is None:
                    self._ask_about_soreness(uow, patient_id, told, now)
            uow.commit()

    def _ask_about_soreness(
        self, uow: UnitOfWork, patient_id: str, told: OpenAssessment, now: datetime
    ) -> None:
        """Once it is due, and nothing else stands open."""
        history = uow.log.history(patient_id, told.at - ASKED_AGAIN_WITHIN)
        if now < self._screen.soreness_asked_again_at(history, told.at):
            return
        patient = uow.patients.hold(patient_id)
        if patient.standing is not Standing.ACTIVE or present_state(uow, patient, now, self._library).open:
            return
        uow.assessments.remind(told.id, now)
        for reply in self._words.for_patient(patient)("ask_after_72h"):
            uow.messages.say(patient_id, reply, in_reply_to=None, now=now)

    def _escalate(self) -> None:
        escalate_overdue(self._records, limits_of(self._library), self._clock())

    def _look_for_gaps(self) -> None:
        now = self._clock()
        if self._gaps_at is None or is_over(GAPS_EVERY, self._gaps_at, now):
            flag_gaps(self._records, timedelta(days=self._library.number("no_data_days")), now)
            self._gaps_at = now

    def _beat(self, part: str = RECORDS_ROUND) -> None:
        """Shows that the round goes on: the console tells where one no longer does."""
        now, last = self._clock(), self._beaten_at.get(part)
        if last is None or is_over(BEAT_EVERY, last, now):
            with self._records.unit() as uow:
                uow.heartbeats.beat(part, now)
                uow.commit()
            self._beaten_at[part] = now

    def _leaving(self) -> list[str]:
        with self._records.reading() as uow:
            return list(uow.patients.leaving(self._clock() - LAST_WORDS))

    async def _erase(self, patient_id: str) -> None:
        """The engine's rows first: while they can't be removed, the person stays listed for another try."""
        try:
            in_engine = await self._engine.erase(patient_id)
        except EngineSilent:
            log.warning("the engine is silent; an erasure waits")
            return
        await to_thread.run_sync(self._erase_ours, patient_id, in_engine)

    def _erase_ours(self, patient_id: str, in_engine: int) -> None:
        """Remove the person, and tell the stranger who is now at the same door what was removed."""
        now = self._clock()
        with self._records.unit() as uow:
            door, address = uow.patients.get(patient_id).door, uow.patients.address_of(patient_id)
            removed = uow.patients.erase(patient_id)
            rows = sum(removed.values()) + in_engine
            uow.audit.record("patient", "patient.erase", patient_id, f"{rows} rows", now)
            stranger = uow.patients.enrol(door, address, now)
            for reply in self._library.say(
                "erased", messages=str(removed.get("messages", 0)), rows=str(rows)
            ):
                uow.messages.say(stranger.id, reply, in_reply_to=None, now=now)
            uow.commit()

    def _erase_on_time(self) -> None:
        now = self._clock()
        with self._records.unit() as uow:
            erased = uow.messages.erase_due_text(now)
            uow.commit()
        if erased:
            log.info("erased %d held texts", erased)
        if self._purged_at is not None and now - self._purged_at < PURGE_EVERY:
            return
        self._purged_at = now
        removed = self._records.purge(now, self._retention)
        if any(removed.values()):
            log.info("retention removed %s", dict(removed))
