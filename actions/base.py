"""What every action of the coach does: read the turn, act, speak, and leave the flow in a known place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.house import House
from actions.turn import Turn
from actions.words import as_bubble
from bot.facts.talk import Standing
from bot.usecases.onboarding import Onboarding

Events = list[dict[str, Any]]
Words = dict[str, Mapping[str, Any]]
# What the action of this call sends along; the engine's call is one task.
said_along: ContextVar[Words] = ContextVar("said_along")
DEADLINE = 1.8  # seconds; Rasa itself would wait for minutes
LISTEN = "action_listen"
MISSES = "misses"
log = logging.getLogger(__name__)


class CoachAction(Action):  # type: ignore[misc]
    """`act` decides on events and says things through the turn. What it says goes out only if it succeeds."""

    action_name: ClassVar[str]

    def __init__(self, house: House) -> None:
        self.house = house

    def name(self) -> str:
        return self.action_name

    def act(self, turn: Turn) -> Events:
        raise NotImplementedError

    def after(self, turn: Turn, events: Events) -> Events:
        """Events that every action of this kind adds."""
        return events

    def rescue(self, tracker: Tracker) -> Events:
        """What keeps the flow usable after a failure; nothing is kept of the turn."""
        return []

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        try:
            turn, events, words = await asyncio.wait_for(asyncio.to_thread(self._run, tracker), DEADLINE)
        except Exception as fault:
            log.error("%s failed: %s", self.name(), type(fault).__name__)
            self._apologise(dispatcher)
            return self.rescue(tracker)
        for reply in turn.bubbles:
            dispatcher.utter_message(**as_bubble(reply))
        said_along.set(words)
        return events

    def _run(self, tracker: Tracker) -> tuple[Turn, Events, Words]:
        turn = Turn(self.house, tracker)
        events = self.after(turn, self.act(turn))
        return turn, events, self.along(turn, events)

    def along(self, turn: Turn, events: Events) -> Words:
        """Words that the engine will ask for next, by the name it asks with: they save it that call."""
        return {}

    def _apologise(self, dispatcher: CollectingDispatcher) -> None:
        for reply in self.house.library.say("action_failed"):
            dispatcher.utter_message(**as_bubble(reply))


class Digression(CoachAction):
    """Said beside the flow: the running form then asks again; a new patient gets the first question."""

    def after(self, turn: Turn, events: Events) -> Events:
        if turn.slots.get(MISSES) and not any(event.get("name") == MISSES for event in events):
            events = [*events, SlotSet(MISSES, 0)]
        if any(event["event"] == "followup" for event in events):
            return events
        onward = self.onward(turn)
        return [*events, FollowupAction(onward)] if onward else events

    def onward(self, turn: Turn) -> str | None:
        """What comes next; None leaves it to the story that this action is a step of."""
        waits = turn.loop is None and turn.patient.standing is Standing.NEW and not turn.closed
        return turn.loop or (Onboarding.name if waits else LISTEN)

    def rescue(self, tracker: Tracker) -> Events:
        return [FollowupAction((tracker.active_loop or {}).get("name") or LISTEN)]


def leave(loop: str | None) -> Events:
    """Events that end the running form. Its answers stay in their slots."""
    return [ActiveLoop(None), SlotSet("requested_slot", None)] if loop else []
