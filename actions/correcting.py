"""Putting right what was said before: a pain value, the part of the body, the answer just given."""

from __future__ import annotations

from typing import ClassVar

from rasa_sdk.events import FollowupAction, SlotSet

from actions.asking import PAUSED, answer_with, fresh
from actions.base import LISTEN, Digression, Events
from actions.flow import Back
from actions.turn import Turn
from bot.usecases.correction import correction
from bot.usecases.flow import previous_question, step_of
from bot.usecases.onboarding import FEARED_STEPS, Onboarding
from bot.usecases.reading import Answer, Misfit, read_answer

PAIN = frozenset({"pain_now", "pain_again"})
# Answers about warning signs: they are never changed by words alone, the signs are shown once more.
SIGNS = frozenset({"sign_check", "which_sign", "check", "care_sought", "assess_settled", "crisis_over"})
ELSEWHERE = "other"


class Correct(Digression):
    """As in "no, I meant 4", "no, I meant my shoulder", "wrong button"."""

    action_name: ClassVar[str] = "action_correct"

    def act(self, turn: Turn) -> Events:
        meant = correction(turn.text) or ""
        last = self.house.explain.answered_last(turn.patient_id, turn.message_id)
        if region := self._region(meant):
            return self._to_region(turn, region)
        if last in SIGNS:
            turn.say("ask_which_sign")
            return [FollowupAction(LISTEN)]
        if turn.flow is None or (last in PAIN and turn.requested not in PAIN):
            return self._pain(turn, meant)
        return self._in_flow(turn, meant)

    def _region(self, meant: str) -> str | None:
        question = self.house.library.question("ask_region")
        words = set(meant.casefold().replace(".", " ").replace(",", " ").split())
        for option in question.options if question else ():
            named = {option.value, option.title.casefold(), *map(str.casefold, option.says)}
            if option.value != ELSEWHERE and words & named:
                return option.value
        return None

    def _to_region(self, turn: Turn, region: str) -> Events:
        feared = [step.question for step in FEARED_STEPS]
        self.house.profiles.remember(
            turn.patient_id, {"region": region, "movement": None, **dict.fromkeys(feared)}
        )
        turn.say("region_corrected")
        again = [] if turn.loop in (None, Onboarding.name) or turn.flow is None else fresh(turn.flow)
        return [SlotSet("region", region), *(SlotSet(question, None) for question in feared), *again]

    def _pain(self, turn: Turn, meant: str) -> Events:
        """The value that was meant, in place of the one noted; asked for where none was given."""
        value = self._read("pain_again", meant)
        if isinstance(value, str):
            turn.say(self.house.correct_pain.replace(turn.free_talk(), int(value)))
            return []
        turn.say(value.value if value else "correct_log")
        form = self.house.correct_pain.name
        return [
            *fresh(self.house.correct_pain),
            SlotSet("requested_slot", None),
            SlotSet(PAUSED, turn.loop),
            FollowupAction(form),
        ]

    def _in_flow(self, turn: Turn, meant: str) -> Events:
        """The answer just given, else the one that is due; else the question before is put again."""
        flow = turn.flow
        assert flow is not None
        for question in (previous_question(flow, turn.talk(flow), turn.requested), turn.requested):
            step = step_of(flow, question)
            may_change = step is not None and (step.skippable or question in PAIN)
            value = self._read(question, meant) if may_change else None
            if question and isinstance(value, str):
                return answer_with(turn, flow, question, value)
        return Back(self.house).act(turn)

    def _read(self, question: str | None, meant: str) -> str | Misfit | None:
        """What the words answer to that question; its own words where any will do."""
        asked = self.house.library.question(f"ask_{question}")
        if asked is None or not meant:
            return None
        if asked.form == "text":
            return meant
        answer = read_answer(asked, meant, self.house.library.short_form(meant))
        return answer.value if isinstance(answer, Answer) else answer
