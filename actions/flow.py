"""Moving through the flows: begin, leave, go on, skip, back, start over."""

from __future__ import annotations

from typing import ClassVar

from rasa_sdk.events import FollowupAction, SlotSet

from actions.asking import PAUSED, answer_with, fresh
from actions.base import LISTEN, CoachAction, Digression, Events, leave
from actions.turn import Turn
from bot.usecases.flow import SKIPPED, previous_question, step_of
from bot.usecases.goals import GOALS, form_of, goal_after
from bot.usecases.onboarding import Onboarding
from bot.usecases.profile import INTERRUPTED

FORM_FOR = {
    "start_onboarding": Onboarding.name,
    "start_cue": form_of("cue"),
    "start_details": "details_form",
    "log_symptom": "log_form",
    "log_session": "session_form",
    "set_goal": "set_goal_form",
    "set_reminder": "set_reminder_form",
    "delete_data": "confirm_delete_data_form",
    "export_data": "confirm_export_data_form",
    "stop_reminders": "confirm_stop_reminders_form",
}
OPEN_TO_ALL = frozenset({"confirm_delete_data_form", "confirm_export_data_form"})
# Short flows that leave a longer one waiting
IN_BETWEEN = frozenset({*FORM_FOR.values()} - {Onboarding.name, form_of("cue")})
AGREED = frozenset({"adult", "consent"})


class StartFlow(Digression):
    """Begins the flow that a button or a wish names; a short one comes in between a running one."""

    action_name: ClassVar[str] = "action_start_flow"

    def act(self, turn: Turn) -> Events:
        form = self._form(turn)
        if refusal := self._refusal(turn, form):
            return refusal
        if turn.loop == form:
            return []
        between = form in IN_BETWEEN
        resets = [] if form == Onboarding.name else fresh(self.house.flows[form])
        if not between:
            self.house.profiles.interrupt(turn.patient_id, None)
        return [
            *resets,
            *self._told(turn, form),
            SlotSet("requested_slot", None),
            SlotSet(PAUSED, turn.loop if between else None),
            FollowupAction(form),
        ]

    def _told(self, turn: Turn, form: str) -> Events:
        """Nobody is asked what the words that began the flow have told."""
        flow = self.house.flows[form]
        told = flow.told(turn.text)
        for question, value in told.items():
            if value is not None:
                turn.say(*flow.answered(turn.talk(flow), question, value).says)
        return [SlotSet(question, value) for question, value in told.items()]

    def _form(self, turn: Turn) -> str:
        goal = str(turn.entities.get("goal") or "")
        if turn.intent == "start_goal" and goal in GOALS:
            return form_of(goal)
        return FORM_FOR.get(turn.intent) or form_of(goal_after(turn.patient))

    def _refusal(self, turn: Turn, form: str) -> Events:
        """What to do instead where this flow can't begin now."""
        if turn.closed and self.house.flows[form].closed_by_alarm:
            turn.say_standing()
            return [*leave(turn.loop), FollowupAction(LISTEN)]
        if form == Onboarding.name and turn.on_board:
            turn.say("already_on_board")
            return [FollowupAction(turn.loop or LISTEN)]
        if form == Onboarding.name or turn.on_board or form in OPEN_TO_ALL:
            return []
        if turn.loop:
            turn.say("onboarding_first")
        return [FollowupAction(turn.loop or Onboarding.name)]


class EndFlow(CoachAction):
    """A crisis, stop or check came: our own reply is out already, the flow waits without a word."""

    action_name: ClassVar[str] = "action_end_flow"

    def act(self, turn: Turn) -> Events:
        return [*end_flow(self, turn), FollowupAction(LISTEN)]


def end_flow(action: CoachAction, turn: Turn) -> Events:
    """Leave the running flow and remember it; a flow that waited behind it is forgotten."""
    if turn.loop is None:
        return []
    paused = turn.slots.get(PAUSED)
    action.house.profiles.interrupt(turn.patient_id, paused or turn.loop)
    return [*leave(turn.loop), SlotSet(PAUSED, None)]


class StopFlow(CoachAction):
    """The patient wants to leave it here."""

    action_name: ClassVar[str] = "action_stop_flow"

    def act(self, turn: Turn) -> Events:
        turn.say("flow_left" if turn.loop else "nothing_to_stop")
        return [*end_flow(self, turn), FollowupAction(LISTEN)]


class ResumeFlow(Digression):
    """Goes on where it was left, but not while something stands open (the guarantee)."""

    action_name: ClassVar[str] = "action_resume_flow"

    def act(self, turn: Turn) -> Events:
        left = turn.patient.profile.get(INTERRUPTED) or ("" if turn.on_board else Onboarding.name)
        if turn.loop:
            return []
        if left not in self.house.flows:
            turn.say("nothing_to_resume")
            return []
        if turn.closed:
            turn.say_standing()
            return [FollowupAction(LISTEN)]
        self.house.profiles.interrupt(turn.patient_id, None)
        return [SlotSet("requested_slot", None), FollowupAction(left)]


class Skip(Digression):
    action_name: ClassVar[str] = "action_skip"

    def act(self, turn: Turn) -> Events:
        flow, question = turn.flow, turn.requested
        step = step_of(flow, question) if flow else None
        if flow is None or step is None or question is None:
            turn.say("nothing_to_skip")
            return []
        if not step.skippable:
            turn.say("cannot_skip")
            return []
        return answer_with(turn, flow, question, SKIPPED)


class Back(Digression):
    """To the question before; its answer is forgotten, also where the profile kept it."""

    action_name: ClassVar[str] = "action_back"

    def act(self, turn: Turn) -> Events:
        flow = turn.flow
        question = previous_question(flow, turn.talk(flow), turn.requested) if flow else None
        if question is None:
            turn.say("nothing_before")
            return []
        self.house.profiles.remember(turn.patient_id, {question: None})
        return [SlotSet(question, None)]


class StartOver(Digression):
    """The running flow from its first question; adult and consent stay answered."""

    action_name: ClassVar[str] = "action_start_over"

    def act(self, turn: Turn) -> Events:
        if turn.flow is None:
            if turn.on_board:
                turn.say("chat_help")
            return []
        own = turn.flow.name == Onboarding.name
        steps = [step for step in turn.flow.steps if own or not step.lasting]
        questions = [step.question for step in steps if step.question not in AGREED]
        self.house.profiles.remember(turn.patient_id, dict.fromkeys(questions))
        turn.say("starting_over")
        return [SlotSet(question, None) for question in questions]
