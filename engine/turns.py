"""One turn of a conversation: all of it is kept, or none."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from rasa.core.actions.action import Action, ActionExecutionRejection
from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException

from engine import shortcuts
from engine.featuriser import VECTOR
from engine.lasting import lasting, tracker_from
from engine.tracker_store import PrivateTrackerStore

DEADLINE = 15.0
LONGEST_TEXT = 2000
BUBBLE = (
    "text",
    "buttons",
    "image",
    "content_id",
    "version",
    "kind",
    "asks",
    "region",
    "variables",
    "document",
)


class TurnFailed(RasaException):
    """Something inside the turn broke; nothing of it was kept."""


class Replies(OutputChannel):
    """Collects the bubbles of a turn, with every key they carry."""

    @classmethod
    def name(cls) -> str:
        return "safecue"

    def __init__(self) -> None:
        self.bubbles: list[dict[str, Any]] = []

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Keep one reply, or each of its `bubbles` where the words behind one id are several."""
        for said in message.get("bubbles") or [message]:
            bubble = {key: said.get(key) for key in BUBBLE}
            bubble["buttons"] = bubble["buttons"] or []
            bubble["variables"] = bubble["variables"] or {}
            if bubble["text"] or bubble["image"]:
                self.bubbles.append(bubble)


class Watched(Action):
    """An action whose failure is remembered: Rasa logs it and goes on as if nothing were lost."""

    def __init__(self, action: Action) -> None:
        self._action = action
        self.failure: Exception | None = None

    def name(self) -> str:
        return self._action.name()

    async def run(
        self,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker,
        domain: Domain,
    ) -> list[Event]:
        try:
            return await self._action.run(output_channel, nlg, tracker, domain)
        except ActionExecutionRejection:
            raise
        except Exception as fault:
            self.failure = fault
            return []

    def event_for_successful_execution(self, prediction: PolicyPrediction) -> Event:
        return self._action.event_for_successful_execution(prediction)


class Turns(MessageProcessor):
    """Rasa's processor with a stricter end: a failed action fails the turn, and then nothing is saved."""

    tracker_store: PrivateTrackerStore
    policies: shortcuts.RulesFirst

    @classmethod
    def over(cls, agent: Agent | None) -> Turns:
        """Take over the loaded agent's processor, with our store in place of Rasa's forgiving wrapper.

        Raises RasaException while no model is loaded or the store isn't ours.
        """
        if agent is None or agent.processor is None:
            raise RasaException("no model is loaded")
        store = agent.tracker_store
        if isinstance(store, FailSafeTrackerStore):
            store = store._tracker_store
        if not isinstance(store, PrivateTrackerStore):
            raise RasaException("endpoints.yml names another tracker store than ours")
        shortcuts.check_mappings(agent.domain)
        shortcuts.take()
        turns = cls.__new__(cls)
        turns.__dict__.update(agent.processor.__dict__)
        turns.tracker_store = store
        turns.policies = shortcuts.RulesFirst(turns.graph_runner)
        turns.graph_runner = shortcuts.StraightRunner(turns.graph_runner)
        turns.action_endpoint = shortcuts.ActionsLine(turns.action_endpoint)
        turns.nlg = shortcuts.OurWords(shortcuts.OpenLine(turns.nlg.nlg_endpoint))
        return turns

    async def answer(
        self, sender: str, message_id: str, text: str, metadata: dict[str, Any]
    ) -> dict[str, Any]:
        """The answer to a message; the stored one if it was answered before.

        Raises TurnFailed, or asyncio.TimeoutError after DEADLINE seconds.
        """
        known = self.tracker_store.answer_to(sender, message_id)
        if known is not None:
            return known
        return await asyncio.wait_for(self._answer_anew(sender, message_id, text, metadata), DEADLINE)

    def erase(self, sender: str) -> int:
        """Remove all that is kept about a person; how many rows."""
        return self.tracker_store.erase(sender)

    async def _answer_anew(
        self, sender: str, message_id: str, text: str, metadata: dict[str, Any]
    ) -> dict[str, Any]:
        tracker = tracker_from(self.tracker_store.lasting(sender), sender, self.domain, time.time())
        replies = Replies()
        message = UserMessage(
            no_command(text),
            replies,
            sender,
            input_channel="safecue",
            message_id=message_id,
            metadata=metadata,
        )
        await self._handle_message_with_tracker(message, tracker)
        tracker.latest_message.metadata.pop(VECTOR, None)  # nobody behind the classifier needs it
        understood = tracker.latest_message.parse_data
        tracker = await self.run_action_extract_slots(replies, tracker)
        await self._run_prediction_loop(replies, tracker)
        if tracker.latest_action_name != ACTION_LISTEN_NAME:
            raise TurnFailed("the turn came to no end")
        answer = _answer(message_id, replies.bubbles, understood, tracker)
        self.tracker_store.save_turn(sender, lasting(tracker), message_id, answer)
        return answer

    def _predict_next_with_tracker(self, tracker: DialogueStateTracker) -> PolicyPrediction:
        """As Rasa does, but stories are looked up only where no rule and no form goes on."""
        if tracker.followup_action:
            return super()._predict_next_with_tracker(tracker)
        return self.policies.predict(tracker, self.domain)

    def _check_for_unseen_features(self, parse_data: dict[str, Any]) -> None:
        """Nothing: intents and entities are our own, and Rasa makes a whole domain for each check."""

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        watched = Watched(action)
        goes_on = await super()._run_action(watched, tracker, output_channel, nlg, prediction)
        if watched.failure is not None:
            raise TurnFailed(action.name()) from watched.failure
        return goes_on


def no_command(text: str) -> str:
    """The text without a leading slash: to Rasa, that would be a command."""
    return re.sub(r"^[\s/]+", "", text[:LONGEST_TEXT])


def _answer(
    message_id: str, bubbles: list[dict[str, Any]], understood: dict[str, Any], tracker: DialogueStateTracker
) -> dict[str, Any]:
    flow = tracker.active_loop_name
    return {
        "message_id": message_id,
        "replies": bubbles,
        "intent": _named(understood["intent"]),
        "ranking": [_named(entry) for entry in understood.get("intent_ranking") or []],
        "entities": [{"entity": each["entity"], "value": each["value"]} for each in understood["entities"]],
        "flow": flow,
        "requested_slot": tracker.get_slot(REQUESTED_SLOT) if flow else None,
    }


def _named(entry: dict[str, Any]) -> dict[str, Any]:
    return {"name": entry.get("name"), "confidence": float(entry.get("confidence") or 0.0)}
