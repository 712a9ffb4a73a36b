"""A fresh session of the engine carries over what lasts and nothing else."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, SessionStarted, SlotSet
from rasa_sdk.executor import CollectingDispatcher

PASSING = frozenset({"requested_slot", "session_started_metadata"})


class ActionSessionStart(Action):  # type: ignore[misc]
    """Rasa's own would write every past value of every slot again, more with each session."""

    def name(self) -> str:
        return "action_session_start"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        lasting = {
            slot: value for slot, value in tracker.slots.items() if value is not None and slot not in PASSING
        }
        return [
            SessionStarted(),
            *(SlotSet(slot, value) for slot, value in lasting.items()),
            ActionExecuted("action_listen"),
        ]
