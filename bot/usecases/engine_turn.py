"""The engine's turn: one message of a patient after the other, and what becomes of its replies."""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import to_thread

from bot.facts.clinical import NOTHING, Level, Verdict
from bot.facts.talk import Answered, Message, Patient, Reply, Standing, TurnState
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
class Brief:
    """What the engine is told with a message, and the alarms that stood when it was told.

    `unanswered`: nothing was said to it yet.
    """

    message: Message
    metadata: Mapping[str, object]
    alarms: frozenset[int]
    unanswered: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """The message whose turn it is. `ours` is False while somebody else holds the patient's lease."""

    ours: bool
    next: Brief | None


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn whose lease was taken as its message was screened."""

    owner: str
    at: datetime
    taken: Taken


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
        self._begun: dict[str, Begun] = {}

    def begin(self, uow: UnitOfWork, patient_id: str) -> Begun:
        """Take the lease together with whatever else this unit writes; `go_on` once it is committed."""
        owner = uuid.uuid4().hex
        return Begun(owner, self._clock(), self._next(uow, patient_id, owner))

    def go_on(self, patient_id: str, begun: Begun) -> None:
        """The next `answer` for this patient need not take the lease any more, if it comes soon."""
        if begun.taken.ours:
            self._begun[patient_id] = begun

    async def answer(self, patient_id: str) -> Mapping[str, Answered]:
        """Work through the patient's unanswered messages in order. Returns when done, or waiting.

        What was said to each, by its id, where this call alone has answered it.
        """
        answers: dict[str, Answered] = {}
        owner = uuid.uuid4().hex
        give_up = self._clock() + timedelta(seconds=self._deadline) + LEASE_MARGIN
        while True:
            # Asked each time around: whoever screens a message takes its lease a moment before saying so.
            begun = self._begun.pop(patient_id, None)
            owner = begun.owner if begun else owner
            if begun and self._clock() - begun.at < LEASE_MARGIN:
                taken = begun.taken
            else:
                taken = await to_thread.run_sync(self._take, patient_id, owner)
            if taken.ours:
                break
            if self._clock() > give_up:
                return answers
            await asyncio.sleep(0.05)
        try:
            while taken.next is not None:
                try:
                    turn = await self._ask(taken.next)
                except EngineSilent:
                    await to_thread.run_sync(self._keep_waiting, patient_id, taken.next.message)
                    return answers
                message_id = taken.next.message.id
                taken, answered = await to_thread.run_sync(self._write, taken.next, turn, owner)
                if answered is not None:
                    answers[message_id] = answered
        finally:
            if taken.next is not None:
                await to_thread.run_sync(self._release, patient_id, owner)
        return answers

    def _take(self, patient_id: str, owner: str) -> Taken:
        with self._records.unit(redone=True) as uow:
            try:
                uow.patients.hold(patient_id)
            except LookupError:  # erased since
                return Taken(True, None)
            taken = self._next(uow, patient_id, owner)
            uow.commit()
        return taken

    def _next(self, uow: UnitOfWork, patient_id: str, owner: str) -> Taken:
        """The next message with the lease for its turn, in one go; where there is none, the lease is free."""
        now = self._clock()
        message = next(iter(uow.messages.unanswered(patient_id)), None)
        if message is None:
            uow.patients.release_turn(patient_id, owner)
            return Taken(True, None)
        until = now + timedelta(seconds=self._deadline) + LEASE_MARGIN
        ours = uow.patients.claim_turn(patient_id, owner, now, until)
        return Taken(ours, self._brief(uow, message, now) if ours else None)

    def _release(self, patient_id: str, owner: str) -> None:
        with self._records.unit(redone=True) as uow:
            uow.patients.release_turn(patient_id, owner)
            uow.commit()

    async def _ask(self, brief: Brief) -> EngineTurn:
        """What the engine makes of it. A message that breaks it each time doesn't hold up those behind it."""
        message = brief.message
        words = _without_slash(message.text or "")
        for _ in range(TRIES):
            try:
                return await self._engine.turn(message.patient_id, message.id, words, brief.metadata)
            except EngineFailed:
                log.error("a turn failed inside the engine")
        return EngineTurn(replies=(), intent=None, confidence=0.0, ranking=(), flow=None)

    def _brief(self, uow: UnitOfWork, message: Message, now: datetime) -> Brief:
        patient = uow.patients.get(message.patient_id)
        verdict = uow.assessments.for_message(message.id) or NOTHING
        standing = uow.assessments.open_for(patient.id)
        asked = uow.messages.open_question(patient.id)
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
            "flow_closed": bool(standing),
            "act_at": self._library.number("act_at"),
            "offer_at": self._library.number("offer_at"),
        }
        if vector := self._screen.meaning(message.text or ""):
            metadata["vector"] = base64.b64encode(vector).decode("ascii")
        first = message.state is TurnState.SCREENED and verdict.level not in INTERRUPTING
        alarms = frozenset(a.id for a in _alarms(standing, message))
        return Brief(message, metadata, alarms, unanswered=first and RESUMES not in known)

    def _keep_waiting(self, patient_id: str, asked: Message) -> None:
        """The honest sentence, once for each message; the scheduler asks again.

        What stands in line behind a message that the engine left unanswered is told so as well.
        """
        with self._records.reading() as uow:
            behind = [m for m in uow.messages.unanswered(patient_id) if m.state is TurnState.SCREENED]
        for message in (asked, *(m for m in behind if m.id != asked.id)):
            self._keep_one_waiting(message)

    def _keep_one_waiting(self, message: Message) -> None:
        now = self._clock()
        with self._records.unit(redone=True) as uow:
            patient = uow.patients.hold(message.patient_id)
            kept = uow.messages.get(message.id)
            if kept.state is TurnState.ANSWERED:
                return
            verdict = uow.assessments.for_message(message.id) or NOTHING
            if kept.state is not TurnState.WAITING:
                for reply in self._words.composed(
                    patient, verdict.level, lambda say: _while_silent(say, verdict)
                ):
                    uow.messages.say(patient.id, reply, in_reply_to=message.id, now=now)
            uow.messages.set_state(message.id, TurnState.WAITING)
            uow.commit()

    def _write(self, brief: Brief, turn: EngineTurn, owner: str) -> tuple[Taken, Answered | None]:
        """Keep the answer, and take the next message in the same go."""
        answered = None
        with self._records.unit(redone=True) as uow:
            patient = uow.patients.hold(brief.message.patient_id)
            kept = uow.messages.get(brief.message.id)
            if kept.state is not TurnState.ANSWERED:
                all_of_it = brief.unanswered and kept.state is TurnState.SCREENED
                said = self._keep_answer(uow, patient, kept, turn, brief.alarms)
                answered = said if all_of_it else None
            taken = self._next(uow, patient.id, owner)
            uow.commit()
        return taken, answered

    def _keep_answer(
        self, uow: UnitOfWork, patient: Patient, message: Message, turn: EngineTurn, known: frozenset[int]
    ) -> Answered:
        """Screen the engine's replies against the patient's present state, and keep them."""
        spoken: list[Message] = []
        now = self._clock()
        standing = uow.assessments.open_for(patient.id)
        alarms = _alarms(standing, message)
        state = present_state(uow, patient, now, self._library, standing)
        verdict = uow.assessments.for_message(message.id) or NOTHING
        asked = uow.messages.open_question(patient.id)
        covered_by = _covered_by(uow, alarms, message)
        if verdict.level not in INTERRUPTING and covered_by is None:
            informed = all(a.id in known for a in alarms)
            replies = self._words.composed(
                patient,
                verdict.level,
                lambda say: (
                    _with_care(say, verdict, turn, screened(turn.replies, state, say))
                    if informed
                    else say.verdict(verdict) + say.standing(state.levels)
                ),
            )
            said = _said_while_silent(uow, message)
            for reply in replies:
                if reply.content_id not in said:
                    spoken.append(uow.messages.say(patient.id, reply, in_reply_to=message.id, now=now))
        understanding: dict[str, object] = {
            "intent": turn.intent,
            "confidence": turn.confidence,
            "ranking": [list(pair) for pair in turn.ranking[:5]],
            "flow": turn.flow,
        }
        if covered_by:
            understanding["covered_by"] = covered_by
        if turn.intent == "answer" and asked is not None and "answered" not in message.understanding:
            understanding["answered"] = asked.id
        uow.messages.set_state(message.id, TurnState.ANSWERED, understanding)
        slot = message.understanding.get("slot")
        if slot in PLANNED_BY:
            plan_reminder(uow, uow.patients.get(patient.id), now, self._library)
        if slot in LOGGED or turn.intent in LOGS:
            spoken += self._judge_log(uow, patient, message, now)
        if turn.flow is None and turn.replies and turn.replies[-1].content_id in ROOM_BEHIND:
            for reply in invite(uow, patient, now, self._library, self._words):
                spoken.append(uow.messages.say(patient.id, reply, in_reply_to=message.id, now=now))
        return Answered(spoken, {**message.understanding, **understanding})

    def _judge_log(
        self, uow: UnitOfWork, patient: Patient, message: Message, now: datetime
    ) -> Sequence[Message]:
        """Say what the log says now that something new stands in it, unless that is open already."""
        verdict = self._screen.judge_log(uow.log.history(patient.id, now - self._looked_back), now)
        standing = {rule for a in uow.assessments.open_for(patient.id) for rule in a.rules}
        if verdict.level is Level.NONE or all(r.rule in standing for r in verdict.reasons):
            return ()
        assessment = uow.assessments.add(
            patient.id, None, (), verdict, content_version=self._screen.version, now=now
        )
        replies = self._words.composed(patient, verdict.level, lambda say: say.verdict(verdict))
        spoken = [uow.messages.say(patient.id, reply, in_reply_to=message.id, now=now) for reply in replies]
        raise_flag(uow, patient.id, verdict, assessment, now)
        return spoken


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


def _said_while_silent(uow: UnitOfWork, message: Message) -> set[str | None]:
    """What we said ourselves to a message that the engine let wait; it isn't said again."""
    if message.state is not TurnState.WAITING:
        return set()
    return {reply.content_id for reply in uow.messages.replies_to(message.id)}


def _alarms(standing: Sequence[OpenAssessment], message: Message) -> list[OpenAssessment]:
    """The crisis, stop and check that stand because of other messages."""
    return [a for a in standing if a.level in INTERRUPTING and a.message_id != message.id]


def _covered_by(uow: UnitOfWork, alarms: Sequence[OpenAssessment], message: Message) -> str | None:
    """The later message whose alarm we answered: after that, an ordinary reply to this one would mislead."""
    causes = [uow.messages.get(a.message_id) for a in alarms if a.message_id]
    return next((cause.id for cause in causes if cause.seq > message.seq), None)


def _without_slash(text: str) -> str:
    """The engine takes words behind a slash for orders; our own commands reach it as an intent."""
    bare = text.lstrip()
    while bare.startswith("/"):
        bare = bare[1:].lstrip()
    return bare if text.lstrip().startswith("/") else text
