"""What to say to a symptom: the verdict that was reached on arrival, or an honest "I cannot judge this"."""

from __future__ import annotations

from typing import ClassVar

from rasa_sdk.events import FollowupAction

from actions.base import LISTEN, Digression, Events
from actions.flow import end_flow
from actions.turn import Turn
from bot.facts.clinical import Level
from bot.usecases.flow import step_of
from bot.usecases.onboarding import Onboarding
from bot.usecases.profile import INTERRUPTED

JUDGED = frozenset({Level.ASSESS, Level.CONTINUE})


def offer_to_resume(turn: Turn) -> None:
    if INTERRUPTED in turn.patient.profile and turn.on_board and not turn.closed and turn.loop is None:
        turn.say("offer_resume")


def say_judged(action: Digression, turn: Turn) -> Events:
    """The verdict's words. An assess ends the flow; a verdict's question comes before the flow's."""
    turn.say_verdict(turn.verdict)
    ended = end_flow(action, turn) if turn.verdict.level is Level.ASSESS else []
    offer_to_resume(turn)
    listens = turn.verdict.level is Level.ASSESS or turn.verdict.question
    return [*ended, FollowupAction(LISTEN)] if listens else []


class Triage(Digression):
    """A reported symptom, "is this normal?", and the wish to go through the signs."""

    action_name: ClassVar[str] = "action_triage"

    def act(self, turn: Turn) -> Events:
        if turn.verdict.level in JUDGED:
            return say_judged(self, turn)
        if turn.intent == "sign_check":
            turn.say("ask_sign_check")
        else:
            turn.say("say_cannot_judge", "ask_which_sign")
        return [FollowupAction(LISTEN)]


class Answered(Digression):
    """An answer that no running flow asked for: to a sign question, or to a flow the engine lost sight of."""

    action_name: ClassVar[str] = "action_answer"

    def act(self, turn: Turn) -> Events:
        if turn.verdict.level in JUDGED:
            return say_judged(self, turn)
        question = next(iter(turn.entities), "")
        if question in ("which_sign", "sign_check"):
            return self._signs(turn, question)
        if form := self._form_of(turn, question):
            return [FollowupAction(form)]
        turn.say("answer_noted")
        offer_to_resume(turn)
        return []

    def _signs(self, turn: Turn, question: str) -> Events:
        """Which sign it is, where there is one or they aren't sure; never "fine" where they named none."""
        if question == "sign_check" and not turn.green_today:
            turn.say("ask_which_sign")
            return [FollowupAction(LISTEN)]
        turn.say("which_sign_none" if question == "which_sign" else "green_noted")
        offer_to_resume(turn)
        return []

    def _form_of(self, turn: Turn, question: str) -> str | None:
        """The flow this question belongs to, the interrupted one first."""
        if turn.loop:
            return None
        left = turn.patient.profile.get(INTERRUPTED)
        ordered = sorted(self.house.flows.values(), key=lambda flow: flow.name != left)
        for flow in ordered:
            fits = turn.on_board or flow.name == Onboarding.name
            if fits and step_of(flow, question) and not (turn.closed and flow.closed_by_alarm):
                return flow.name
        return None


class CareSought(Digression):
    """They tell that somebody looked at it: the question that settles what stands open, if anything does."""

    action_name: ClassVar[str] = "action_care_sought"

    def act(self, turn: Turn) -> Events:
        if not turn.closed:
            turn.say("care_noted")
            return []
        turn.say_standing()
        return [FollowupAction(LISTEN)]
