"""A patient's message, from its arrival to the reply: kept, screened, answered, in this order."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.facts.clinical import NOTHING, Level, SymptomFact, Urgency, Verdict
from bot.facts.flags import FlagKind
from bot.facts.talk import Answered, Message, Patient, Reply, Standing, TurnState
from bot.triage.guarantee import INTERRUPTING
from bot.usecases.dates import misdated
from bot.usecases.deliver import Say, Words
from bot.usecases.engine_turn import RESUMES, EngineTurns
from bot.usecases.flagging import raise_flag
from bot.usecases.linking import Linking
from bot.usecases.meaning import meant_by
from bot.usecases.ports import (
    Engine,
    Library,
    OpenAssessment,
    Records,
    Screen,
    UnitOfWork,
)
from bot.usecases.present_state import present_state, zone_of
from bot.usecases.profile import INTERRUPTED
from bot.usecases.reading import Answer, Misfit, chosen, read_answer
from bot.usecases.settle import settle

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

LEFT_BEHIND = timedelta(seconds=5)
SIGN_CHECK = "sign_check"
# A crisis is ended by the person only once they saw the numbers again.
NUMBERS_AGAIN = ("say_crisis_standing", "ask_crisis_over")
OUTSIDE = frozenset({Standing.REFUSED, Standing.MINOR, Standing.NOT_FOR, Standing.LEAVING})


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of a message on arrival. `safety`: our own reply is already written and in the outbox.

    `pressed`: the title of the button that it was, if that button could still be pressed.
    """

    patient_id: str
    message_id: str
    duplicate: bool
    verdict: Verdict
    safety: bool
    pressed: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What typed words say by themselves. `facts` is None where they could not be read."""

    facts: tuple[SymptomFact, ...] | None
    foreign: bool


UNHEARD = Heard((), foreign=False)  # a button's words are ours


class ReceiveMessage:
    """Doors call `arrive` (quick, blocking, commits) and then await `answer`."""

    def __init__(
        self,
        records: Records,
        screen: Screen,
        library: Library,
        engine: Engine,
        clock: Clock,
        deadline: float,
    ) -> None:
        self._records = records
        self._screen = screen
        self._library = library
        self._clock = clock
        self._turns = EngineTurns(records, screen, library, engine, clock, deadline)
        self._words = Words(library, screen)
        self._linking = Linking(self._words)
        self._hold = timedelta(hours=library.number("hold_hours_before_consent"))
        self._looked_back = timedelta(days=library.number("history_days"))

    async def answer(self, patient_id: str) -> Mapping[str, Answered]:
        """See `EngineTurns.answer`."""
        return await self._turns.answer(patient_id)

    def arrive(
        self,
        door: str,
        address: str,
        *,
        text: str = "",
        token: str | None = None,
        door_key: str | None = None,
    ) -> Arrival:
        """Keep the message, screen it, and answer crisis, stop and check at once."""
        now = self._clock()
        with self._records.unit() as uow:
            patient = uow.patients.at_door(door, address, hold=True) or uow.patients.enrol(door, address, now)
            button = token or uow.messages.offered_as(patient.id, text)
            offered = uow.messages.take_token(patient.id, button, now) if button else None
            unscreened = uow.messages.unscreened_of(patient.id)
            left = [kept for kept in unscreened if abs(now - kept.at) > LEFT_BEHIND]
            erase_at = None if patient.standing is Standing.ACTIVE else now + self._hold
            message, new = uow.messages.receive(
                patient.id,
                text=offered.title if offered else text,
                payload=offered.payload if offered else None,
                door_key=door_key,
                now=now,
                erase_at=erase_at,
            )
            if new:
                uow.patients.set_unreachable(patient.id, None)
                uow.commit()
        pressed = message.text if message.payload is not None else None
        if not new:
            verdict = self._verdict_of(message.id)
            return Arrival(patient.id, message.id, True, verdict, verdict.level in INTERRUPTING, pressed)
        # What a dying process kept comes first: it was written to the question that stood then.
        self._screen_all(left)
        unusable = token is not None and offered is None
        verdict, settled = self._screen_message(message, unusable=unusable, answered_next=True)
        return Arrival(patient.id, message.id, False, verdict, settled, pressed)

    def screen_left_behind(self) -> list[str]:
        """Screen messages that were kept, but not screened before a process died; whose they are."""
        with self._records.reading() as uow:
            left = uow.messages.unscreened(self._clock() - LEFT_BEHIND)
        self._screen_all(left)
        return list(dict.fromkeys(message.patient_id for message in left))

    def _screen_all(self, left: Sequence[Message]) -> None:
        for message in left:
            try:
                self._screen_message(message, unusable=False, answered_next=False)
            except Exception as fault:  # one that can't be handled must not hold up everybody else's
                log.error("screening a message left behind failed: %s", type(fault).__name__)

    def _verdict_of(self, message_id: str) -> Verdict:
        with self._records.reading() as uow:
            return uow.assessments.for_message(message_id) or NOTHING

    def _hear(self, text: str) -> Heard:
        """What the typed words say, whatever they answer."""
        try:
            facts = self._screen.read(text)
        except Exception as fault:  # whatever breaks in reading, the patient must hear that it broke
            log.error("screening a message failed: %s", type(fault).__name__)
            return Heard(None, foreign=False)
        return Heard(facts, foreign=not facts and self._is_foreign(text))

    def _is_foreign(self, text: str) -> bool:
        if self._library.short_form(text) is not None:
            return False
        try:
            return not self._screen.is_english(text)
        except Exception as fault:  # the signs were looked for all the same; the message must go on
            log.error("telling the language failed: %s", type(fault).__name__)
            return False

    def _screen_message(
        self, message: Message, *, unusable: bool, answered_next: bool
    ) -> tuple[Verdict, bool]:
        """Facts, verdict, flag and our own reply in one transaction; whether we have answered.

        `answered_next`: who calls this calls `answer` next, so the turn is taken along.
        """
        now = self._clock()
        heard = UNHEARD if message.payload is not None else self._hear(message.text or "")
        with self._records.unit() as uow:
            patient = uow.patients.hold(message.patient_id)
            if uow.messages.get(message.id).state is not TurnState.RECEIVED:
                known = uow.assessments.for_message(message.id) or NOTHING
                return known, known.level in INTERRUPTING
            asked = uow.messages.open_question(patient.id)
            answer = self._answer_in(patient, message, asked, now)
            facts = self._facts(message, answer, heard)
            # Typed in another language, and nothing understood: a sign may hide there that nobody finds.
            unreadable = heard.foreign and answer is None
            standing = uow.assessments.open_for(patient.id)
            judged = self._judge(uow, patient.id, facts, now)
            verdict, settlement = settle(
                judged or NOTHING,
                answer,
                standing,
                self._screen.confirmed,
                lambda a: self._crisis_stays(uow, patient, a, now),
            )
            assessment = uow.assessments.add(
                patient.id, message.id, facts or (), verdict, content_version=self._screen.version, now=now
            )
            if isinstance(answer, Answer) and answer.option is not None and answer.option.green:
                uow.assessments.record_green(patient.id, message.id, message.at)
            for assessment_id in settlement.closes:
                uow.assessments.close(assessment_id, by="patient", reason=settlement.reason, now=now)
            if verdict.level in INTERRUPTING:
                uow.messages.drop_offers(patient.id)
            linked = self._linking.heard(uow, patient, message, answer, verdict.level, now)

            def compose(say: Say) -> tuple[Reply, ...]:
                if verdict.level in INTERRUPTING:
                    return say.verdict(verdict)
                if settlement.says:
                    return say.all(settlement.says)
                if judged is None:
                    return say("screening_failed")
                if linked:
                    again = _asked_again(say, asked) if patient.standing is not Standing.ACTIVE else ()
                    return say.verdict(verdict) + say(linked.content_id, **linked.variables) + again
                if unreadable:
                    return say.all(("other_language", "ask_which_sign"))
                return self._own_reply(uow, say, patient, message, verdict, answer, asked, unusable)

            replies = self._words.composed(patient, verdict.level, compose)
            for reply in replies:
                uow.messages.say(patient.id, reply, in_reply_to=message.id, now=now)
            raise_flag(uow, patient.id, verdict, assessment, now)
            if judged is None:
                self._flag_unread(uow, patient.id, now)
            understanding = _understanding(answer, asked)
            if settlement.resumes and _was_interrupted(uow.patients.get(patient.id)):
                understanding[RESUMES] = True
            engine_must_hear = verdict.level in INTERRUPTING or RESUMES in understanding or not replies
            uow.messages.set_state(
                message.id, TurnState.SCREENED if engine_must_hear else TurnState.ANSWERED, understanding
            )
            begun = self._turns.begin(uow, patient.id) if answered_next else None
            uow.commit()
        if begun is not None:
            self._turns.go_on(patient.id, begun)
        return verdict, bool(replies)

    def _answer_in(
        self, patient: Patient, message: Message, asked: Message | None, now: datetime
    ) -> Answer | Misfit | None:
        """What the message answers, if anything. Whatever breaks here, it is screened all the same."""
        try:
            return self._misdated(patient, message, now) or self._read(message, asked)
        except Exception as fault:
            log.error("reading an answer failed: %s", type(fault).__name__)
            return None

    def _misdated(self, patient: Patient, message: Message, now: datetime) -> Misfit | None:
        """Why the day that the words name can't be; a day is never kept that wasn't."""
        today = now.astimezone(zone_of(patient, self._library)).date()
        return None if message.payload is not None else misdated(message.text or "", today)

    def _read(self, message: Message, asked: Message | None) -> Answer | Misfit | None:
        """The answer that this message gives to the question that stands open, or that a button names."""
        if message.payload is not None:
            act, _, rest = message.payload.partition(":")
            slot, _, value = rest.partition("=")
            question = self._library.question(slot) if act == "answer" else None
            return chosen(question, value) if question else None
        question = self._library.question(asked.asks) if asked and asked.asks else None
        if question is None:
            return None
        text = message.text or ""
        return read_answer(question, text, self._library.short_form(text))

    def _facts(
        self, message: Message, answer: Answer | Misfit | None, heard: Heard
    ) -> tuple[SymptomFact, ...] | None:
        """What a button reports is what it says; typed words are read even where they answer a question.

        None where the words could not be read: that is said and flagged, never passed over.
        """
        sign = answer.option.sign if isinstance(answer, Answer) and answer.option else None
        if sign:
            return (self._screen.fact(sign, message.text or "", None),)
        return () if message.payload is not None else heard.facts

    def _judge(
        self, uow: UnitOfWork, patient_id: str, facts: tuple[SymptomFact, ...] | None, now: datetime
    ) -> Verdict | None:
        """The verdict on what was read, with the log behind it; None where reading or judging broke."""
        if not facts:
            return None if facts is None else NOTHING
        history = uow.log.history(patient_id, now - self._looked_back)
        try:
            return self._screen.judge(facts, history, now)
        except Exception as fault:  # as for reading
            log.error("judging a message failed: %s", type(fault).__name__)
            return None

    def _own_reply(
        self,
        uow: UnitOfWork,
        say: Say,
        patient: Patient,
        message: Message,
        verdict: Verdict,
        answer: Answer | Misfit | None,
        asked: Message | None,
        unusable: bool,
    ) -> tuple[Reply, ...]:
        """What we say ourselves to a message without alarm. Nothing where the engine is to be asked."""
        if unusable:
            return say("used_button")
        if isinstance(answer, Misfit):
            return say.verdict(verdict) + say(answer.value) + _asked_again(say, asked)
        if message.payload is None and (fault := self._unusable_text(message.text or "")):
            return say.verdict(verdict) + say(fault)
        if patient.standing in OUTSIDE:
            return self._outside(uow, say, patient, message, verdict)
        if patient.standing is Standing.NEW and asked is None:
            return say.standing(present_state(uow, patient, self._clock(), self._library).levels)
        return ()

    def _unusable_text(self, text: str) -> str | None:
        """The content id of what to say to a text that no conversation can be held on."""
        if self._library.short_form(text) is not None:
            return None
        if not _has_words(text):
            return "not_text"
        if len(text) > self._library.number("longest_message"):
            return "too_long"
        return "unknown_command" if text.lstrip().startswith("/") else None

    def _outside(
        self, uow: UnitOfWork, say: Say, patient: Patient, message: Message, verdict: Verdict
    ) -> tuple[Reply, ...]:
        """People the programme isn't for get the right door and no engine; they may begin again."""
        if patient.standing is not Standing.LEAVING and meant_by(message, self._library)[0] == "start_over":
            uow.patients.set_standing(patient.id, Standing.NEW)
            return ()
        return say.verdict(verdict) + say(f"outside_programme_{patient.standing.value}")

    def _crisis_stays(
        self, uow: UnitOfWork, patient: Patient, crisis: OpenAssessment, now: datetime
    ) -> tuple[str, ...]:
        """What we say where the person may not end this crisis; nothing where they may.

        They may where no clinician is named, on a later day, once they saw the numbers again on such a day.
        """
        zone = zone_of(patient, self._library)

        def later_day(moment: datetime) -> bool:
            return crisis.at.astimezone(zone).date() < moment.astimezone(zone).date()

        if not later_day(now) or patient.profile.get("clinician") == "yes":
            return ("crisis_not_yet",)
        shown = uow.messages.last_said_of(patient.id, NUMBERS_AGAIN[0])
        return () if shown is not None and later_day(shown.at) else NUMBERS_AGAIN

    def _flag_unread(self, uow: UnitOfWork, patient_id: str, now: datetime) -> None:
        uow.flags.raise_(
            patient_id,
            level=Level.CHECK.value,
            urgency=Urgency.SAME_DAY.value,
            summary="screening failed",
            kind=FlagKind.UNREAD,
            assessment_id=None,
            now=now,
        )


def _asked_again(say: Say, asked: Message | None) -> tuple[Reply, ...]:
    return say(asked.content_id, **asked.variables) if asked and asked.content_id else ()


def _understanding(answer: Answer | Misfit | None, asked: Message | None) -> dict[str, object]:
    if not isinstance(answer, Answer):
        return {}
    understanding: dict[str, object] = {"slot": answer.slot, "value": answer.value}
    if answer.option is not None and answer.option.sign and answer.slot != SIGN_CHECK:
        understanding["report"] = True
    if asked is not None and asked.asks == answer.slot:
        understanding["answered"] = asked.id
    return understanding


def _was_interrupted(patient: Patient) -> bool:
    return patient.standing is Standing.NEW or INTERRUPTED in patient.profile


def _has_words(text: str) -> bool:
    return any(unicodedata.category(c)[0] in "LN" for c in text)
