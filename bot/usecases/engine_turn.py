"""The engine's turn: one message of a patient after the other, and what becomes of its replies."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import to_thread

from bot.facts.clinical import NOTHING, Level, Verdict
from bot.facts.talk import Message, Patient, Reply, Standing, TurnState
from bot.triage.guarantee import INTERRUPTING
from bot.usecases.deliver import Say, Words, screened
from bot.usecases.first_week import ROOM_BEHIND, invite
from bot.usecases.flagging import raise_flag
from bot.usecases.meaning import CORRECTS, meant_by
from bot.usecases.ports import (
    Engine,
    EngineFailed,
    EngineSilent,
    EngineTurn,
    Library,
    OpenAssessment,
    Records,
    Screen,
    UnitOfWork,
)
from bot.usecases.present_state import present_state
from bot.usecases.reminders import PLANNED_BY, plan_reminder

log = logging.getLogger(__name__)

TRIES = 3
LEASE_MARGIN = timedelta(seconds=5)
# The mark of an answer after which an interrupted flow goes on.
RESUMES = "resumes"
NOT_UNDERSTOOD = "nlu_fallback"
# Answers that put a number into the symptom log, and words that may do so by themselves.
LOGGED = frozenset({"pain_now", "pain_again", "session_pain"})
LOGS = frozenset({"log_symptom", CORRECTS})


@dataclass(frozen=True, slots=True)
class Taken:
    """The message whose turn it is. `ours` is False while somebody else holds the patient's lease."""

    ours: bool
    message: Message | None


class EngineTurns:
    """Deadline in seconds. What the engine says is screened again before it is kept."""

    def __init__(
        self,
        records: Records,
        screen: Screen,
        library: Library,
        engine: Engine,
        clock: Callable[[], datetime],
        deadline: float,
    ) -> None:
        self._records = records
        self._screen = screen
        self._library = library
        self._engine = engine
        self._clock = clock
        self._deadline = deadline
        self._words = Words(library, screen)
        self._looked_back = timedelta(days=library.number("history_days"))

    async def answer(self, patient_id: str) -> None:
        """Work through the patient's unanswered messages in order. Returns when done, or waiting."""
        owner = uuid.uuid4().hex
        give_up = self._clock() + timedelta(seconds=self._deadline) + LEASE_MARGIN
        while not (taken := await to_thread.run_sync(self._take, patient_id, owner)).ours:
            if self._clock() > give_up:
                return
            await asyncio.sleep(0.05)
        try:
            while taken.message is not None:
                if not await self._turn(taken.message):
                    await to_thread.run_sync(self._keep_all_waiting, patient_id)
                    return
                taken = await to_thread.run_sync(self._take, patient_id, owner)
        finally:
            if taken.message is not None:
                await to_thread.run_sync(self._release, patient_id, owner)

    def _take(self, patient_id: str, owner: str) -> Taken:
        """The next message with the lease for its turn, in one go; where there is none, the lease is free."""
        now = self._clock()
        until = now + timedelta(seconds=self._deadline) + LEASE_MARGIN
        with self._records.unit() as uow:
            message = next(iter(uow.messages.unanswered(patient_id)), None)
            if message is None:
                uow.patients.release_turn(patient_id, owner)
            ours = message is None or uow.patients.claim_turn(patient_id, owner, now, until)
            uow.commit()
        return Taken(ours, message if ours else None)

    def _release(self, patient_id: str, owner: str) -> None:
        with self._records.unit() as uow:
            uow.patients.release_turn(patient_id, owner)
            uow.commit()

    async def _turn(self, message: Message) -> bool:
        """One message to the engine and its replies to the patient; False where the engine is silent."""
        metadata, known = await to_thread.run_sync(self._brief, message)
        try:
            turn = await self._ask(message, metadata)
        except EngineSilent:
            await to_thread.run_sync(self._keep_waiting, message)
            return False
        await to_thread.run_sync(self._write, message, turn, known)
        return True

    async def _ask(self, message: Message, metadata: Mapping[str, object]) -> EngineTurn:
        """What the engine makes of it. A message that breaks it each time doesn't hold up those behind it."""
        words = _without_slash(message.text or "")
        for _ in range(TRIES):
            try:
                return await self._engine.turn(message.patient_id, message.id, words, metadata)
            except EngineFailed:
                log.error("a turn failed inside the engine")
        return EngineTurn(replies=(), intent=None, confidence=0.0, ranking=(), flow=None)

    def _brief(self, message: Message) -> tuple[dict[str, object], frozenset[int]]:
        """What the engine is told with the message, and the alarms that stood when it was told."""
        with self._records.reading() as uow:
            patient = uow.patients.get(message.patient_id)
            verdict = uow.assessments.for_message(message.id) or NOTHING
            state = present_state(uow, patient, self._clock(), self._library)
            asked = uow.messages.open_question(patient.id)
            alarms = frozenset(a.id for a in _alarms(uow, message))
        known = message.understanding
        reports = "report" in known
        answer = {"slot": known["slot"], "value": known["value"]} if "slot" in known and not reports else None
        question = self._library.question(asked.asks) if asked and asked.asks else None
        intent, slots = ("report_symptom", {}) if reports else meant_by(message, self._library)
        if RESUMES in known:
            answer, intent = None, "resume_flow"
        deliberate = message.payload is not None or (message.text or "").startswith("/")
        if patient.standing is Standing.NEW and answer is None and question is None and not deliberate:
            intent = "start_onboarding"
        metadata: dict[str, object] = {
            "message_id": message.id,
            "verdict": {"level": verdict.level.value, "urgency": verdict.urgency.value},
            "question": {"slot": question.id, "form": question.form} if question else None,
            "answer": answer,
            "intent": intent,
            "slots": slots,
            "standing": patient.standing.value,
            "flow_closed": bool(state.open),
            "act_at": self._library.number("act_at"),
            "offer_at": self._library.number("offer_at"),
        }
        return metadata, alarms

    def _keep_all_waiting(self, patient_id: str) -> None:
        """What stands in line behind a message that the engine left unanswered is told so as well."""
        with self._records.reading() as uow:
            behind = [m for m in uow.messages.unanswered(patient_id) if m.state is TurnState.SCREENED]
        for message in behind:
            self._keep_waiting(message)

    def _keep_waiting(self, message: Message) -> None:
        """The honest sentence, once for each message; the scheduler asks again."""
        now = self._clock()
        with self._records.unit() as uow:
            patient = uow.patients.hold(message.patient_id)
            if uow.messages.get(message.id).state is TurnState.ANSWERED:
                return
            verdict = uow.assessments.for_message(message.id) or NOTHING
            if message.state is not TurnState.WAITING:
                for reply in self._words.composed(
                    patient, verdict.level, lambda say: _while_silent(say, verdict)
                ):
                    uow.messages.say(patient.id, reply, in_reply_to=message.id, now=now)
            uow.messages.set_state(message.id, TurnState.WAITING, message.understanding)
            uow.commit()

    def _write(self, message: Message, turn: EngineTurn, known: frozenset[int]) -> None:
        """Screen the engine's replies against the patient's present state, and keep them."""
        now = self._clock()
        with self._records.unit() as uow:
            patient = uow.patients.hold(message.patient_id)
            if uow.messages.get(message.id).state is TurnState.ANSWERED:
                return
            state = present_state(uow, patient, now, self._library)
            verdict = uow.assessments.for_message(message.id) or NOTHING
            asked = uow.messages.open_question(patient.id)
            covered_by = _covered_by(uow, message)
            if verdict.level not in INTERRUPTING and covered_by is None:
                informed = all(a.id in known for a in _alarms(uow, message))
                replies = self._words.composed(
                    patient,
                    verdict.level,
                    lambda say: (
                        _with_care(say, verdict, turn, screened(turn.replies, state, say))
                        if informed
                        else say.verdict(verdict) + say.standing(state.levels)
                    ),
                )
                said = {reply.content_id for reply in uow.messages.replies_to(message.id)}
                for reply in replies:
                    if reply.content_id not in said:  # our own words while the engine was silent
                        uow.messages.say(patient.id, reply, in_reply_to=message.id, now=now)
            understanding = {
                **message.understanding,
                "intent": turn.intent,
                "confidence": turn.confidence,
                "ranking": [list(pair) for pair in turn.ranking[:5]],
                "flow": turn.flow,
            } | ({"covered_by": covered_by} if covered_by else {})
            if turn.intent == "answer" and asked is not None:
                understanding.setdefault("answered", asked.id)
            uow.messages.set_state(message.id, TurnState.ANSWERED, understanding)
            if understanding.get("slot") in PLANNED_BY:
                plan_reminder(uow, uow.patients.get(patient.id), now, self._library)
            if understanding.get("slot") in LOGGED or turn.intent in LOGS:
                self._judge_log(uow, patient, message, now)
            if turn.flow is None and turn.replies and turn.replies[-1].content_id in ROOM_BEHIND:
                for reply in invite(uow, patient, now, self._library, self._words):
                    uow.messages.say(patient.id, reply, in_reply_to=message.id, now=now)
            uow.commit()

    def _judge_log(self, uow: UnitOfWork, patient: Patient, message: Message, now: datetime) -> None:
        """What the log says now that something new stands in it, unless that is open already."""
        verdict = self._screen.judge_log(uow.log.history(patient.id, now - self._looked_back), now)
        standing = {rule for a in uow.assessments.open_for(patient.id) for rule in a.rules}
        if verdict.level is Level.NONE or all(r.rule in standing for r in verdict.reasons):
            return
        assessment = uow.assessments.add(
            patient.id, None, (), verdict, content_version=self._screen.version, now=now
        )
        for reply in self._words.composed(patient, verdict.level, lambda say: say.verdict(verdict)):
            uow.messages.say(patient.id, reply, in_reply_to=message.id, now=now)
        raise_flag(uow, patient.id, verdict, assessment, now)


def _with_care(say: Say, verdict: Verdict, turn: EngineTurn, replies: tuple[Reply, ...]) -> tuple[Reply, ...]:
    """A gentle word goes first where one is due, and "I did not understand" never behind it."""
    if verdict.care is None or verdict.level is not Level.NONE:
        return replies
    return say(verdict.care) + (() if turn.intent == NOT_UNDERSTOOD else replies)


def _while_silent(say: Say, verdict: Verdict) -> tuple[Reply, ...]:
    """What we say while the engine is silent; an alarm is answered in full already."""
    if verdict.level in INTERRUPTING:
        return ()
    honest = say("engine_down") if verdict.level is Level.NONE else ()
    return say.verdict(verdict) + honest


def _alarms(uow: UnitOfWork, message: Message) -> list[OpenAssessment]:
    """The crisis, stop and check that stand because of other messages."""
    standing = uow.assessments.open_for(message.patient_id)
    return [a for a in standing if a.level in INTERRUPTING and a.message_id != message.id]


def _covered_by(uow: UnitOfWork, message: Message) -> str | None:
    """The later message whose alarm we answered: after that, an ordinary reply to this one would mislead."""
    causes = [uow.messages.get(a.message_id) for a in _alarms(uow, message) if a.message_id]
    return next((cause.id for cause in causes if cause.seq > message.seq), None)


def _without_slash(text: str) -> str:
    """The engine takes words behind a slash for orders; our own commands reach it as an intent."""
    bare = text.lstrip()
    while bare.startswith("/"):
        bare = bare[1:].lstrip()
    return bare if text.lstrip().startswith("/") else text
