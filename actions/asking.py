"""The engine's forms ask; here an answer reaches its flow, which says what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction, SlotSet

from actions.base import LISTEN, MISSES, CoachAction, Events, Words, leave
from actions.house import House
from actions.turn import Turn
from bot.facts.clinical import Level
from bot.usecases.flow import Flow, Outcome, next_question, step_of

PAUSED = "paused_flow"
ANSWER = "answer"


def answer_with(turn: Turn, flow: Flow, question: str, value: str) -> Events:
    """Answer the open question of the running flow with words that came as something else than an answer."""
    outcome = flow.answered(turn.talk(flow), question, value)
    turn.say(*outcome.says)
    events = _set({question: value} | dict(outcome.changes))
    if outcome.ends:
        events += [*leave(turn.loop), SlotSet(PAUSED, None), FollowupAction(LISTEN)]
    return events


class ValidateFlow(CoachAction):
    """Called by a form whenever it runs: with an answer, on activation, and after a digression."""

    def __init__(self, house: House, flow: Flow) -> None:
        super().__init__(house)
        self._flow = flow

    def name(self) -> str:
        return f"validate_{self._flow.name}"

    def act(self, turn: Turn) -> Events:
        answers = self._answers(turn)
        if answers and turn.verdict.level is Level.ASSESS:
            return self._interrupted(turn, answers)
        changes: dict[str, str | None] = {}
        for question, value in answers.items():
            outcome = self._flow.answered(turn.talk(self._flow, changes), question, value)
            changes |= dict(outcome.changes)
            if outcome.waits:
                return [*_set(changes), *self._waiting(turn, outcome)]
            if outcome.ends:
                return [*_set(answers), *_set(changes), *self._ended(turn, outcome)]
            turn.say(*outcome.says)
        events = [*_set(answers), *_set(changes)]
        if answers and turn.slots.get(MISSES):
            events.append(SlotSet(MISSES, 0))
        return events + self._go_on(turn, changes)

    def along(self, turn: Turn, events: Events) -> Words:
        """The question that the form puts behind this."""
        requested = [event["value"] for event in events if event.get("name") == "requested_slot"]
        if not requested or not requested[-1]:
            return {}
        asked = f"utter_ask_{requested[-1]}"
        return {asked: turn.words(asked)}

    def rescue(self, tracker: Tracker) -> Events:
        """The same question again: an answer that wasn't kept isn't counted."""
        requested = tracker.slots.get("requested_slot")
        return [SlotSet(requested, None), SlotSet("requested_slot", requested)] if requested else []

    def _answers(self, turn: Turn) -> Mapping[str, str]:
        """What the latest message answers in this flow: nothing that was filled before."""
        if turn.intent != ANSWER:
            return {}
        candidates: Mapping[str, Any] = turn.slots_to_validate
        return {
            question: str(value)
            for question, value in candidates.items()
            if value is not None and question in turn.entities and step_of(self._flow, question)
        }

    def _go_on(self, turn: Turn, changes: Mapping[str, str | None]) -> Events:
        talk = turn.talk(self._flow, changes)
        question = next_question(self._flow, talk)
        if question is None:
            return self._ended(turn, self._flow.completed(talk))
        if question != turn.requested or turn.loop != self._flow.name:
            turn.say(*self._flow.before(talk, question))
        return [SlotSet("requested_slot", question)]

    def _ended(self, turn: Turn, outcome: Outcome) -> Events:
        """Where this flow came in between another one, that one goes on."""
        turn.say(*outcome.says)
        paused = turn.slots.get(PAUSED)
        onward = outcome.leads_to or paused or LISTEN
        resets = fresh(self.house.flows[outcome.leads_to]) if outcome.leads_to else []
        return [*resets, SlotSet("requested_slot", None), SlotSet(PAUSED, None), FollowupAction(onward)]

    def _interrupted(self, turn: Turn, answers: Mapping[str, str]) -> Events:
        """A sign to be looked at came with the answer: the flow waits and asks again later."""
        turn.say_verdict(turn.verdict)
        return [*_set(dict.fromkeys(answers)), *self._waiting(turn, Outcome())]

    def _waiting(self, turn: Turn, outcome: Outcome) -> Events:
        turn.say(*outcome.says)
        self.house.profiles.interrupt(turn.patient_id, turn.slots.get(PAUSED) or self._flow.name)
        return [SlotSet("requested_slot", None), SlotSet(PAUSED, None), FollowupAction(LISTEN)]


def _set(values: Mapping[str, str | None]) -> Events:
    return [SlotSet(slot, value) for slot, value in values.items()]


def fresh(flow: Flow) -> Events:
    """Events that forget the answers of an earlier time; lasting ones stay."""
    return [SlotSet(step.question, None) for step in flow.steps if not step.lasting]
