"""One turn of a conversation: all of it is kept, or none."""

from __future__ import annotations

import asyncio
import functools
import re
import time
from typing import Any

from jsonschema.validators import validator_for
from rasa.core.actions.action import Action, ActionExecutionRejection, RemoteAction
from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.nlg.callback import CallbackNaturalLanguageGenerator, nlg_response_format_spec
from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException

from engine.tracker_store import PrivateTrackerStore

FRESH_AFTER = 20
FRESH_AFTER_IN_A_LOOP = 60
PAUSE = 3600.0  # seconds after which a "yes" no longer means what was said before
STORY_POLICY = "MemoizationPolicy"
STORY_LOOKS_BACK = 2  # turns: what `max_history: 4` in config.yml spans
DEADLINE = 15.0
LONGEST_TEXT = 2000
BUBBLE = ("text", "buttons", "image", "content_id", "version", "kind", "asks", "region", "variables")


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
        check_schemas_once()
        turns = cls.__new__(cls)
        turns.__dict__.update(agent.processor.__dict__)
        turns.tracker_store = store
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
        tracker = await self._tracker_in_session(sender)
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
        understood = tracker.latest_message.parse_data
        tracker = await self.run_action_extract_slots(replies, tracker)
        await self._run_prediction_loop(replies, tracker)
        if tracker.latest_action_name != ACTION_LISTEN_NAME:
            raise TurnFailed("the turn came to no end")
        answer = _answer(message_id, replies.bubbles, understood, tracker)
        await self.tracker_store.save_turn(tracker, message_id, answer)
        return answer

    async def _tracker_in_session(self, sender: str) -> DialogueStateTracker:
        """The conversation so far. Rasa's cost grows with the session, so a new one begins between
        conversations and at a bound; a story that runs is taken along, and left after a pause."""
        tracker = await self.get_tracker(sender)
        if tracker.applied_events() and not session_is_due(tracker):
            return tracker
        flow, asked = tracker.active_loop_name, tracker.get_slot(REQUESTED_SLOT)
        story = [] if _long_ago(tracker) else story_so_far(tracker)
        await self._run_action(
            self._get_action(ACTION_SESSION_START_NAME),
            tracker,
            Replies(),
            self.nlg,
            PolicyPrediction.for_action_name(self.domain, ACTION_SESSION_START_NAME),
        )
        tracker.update_with_events(story, self.domain)
        if flow:
            tracker.update_with_events([ActiveLoop(flow), SlotSet(REQUESTED_SLOT, asked)], self.domain)
        await self.save_tracker(tracker)
        return await self.get_tracker(sender)

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


@functools.lru_cache(maxsize=1)
def check_schemas_once() -> None:
    """Let Rasa check what our actions and words answer without checking its own schemas anew each time.

    That took more than half of a turn.
    """
    result, words = _checker(RemoteAction.action_response_format_spec()), _checker(nlg_response_format_spec())

    def result_is_valid(action: RemoteAction, answer: dict[str, Any]) -> bool:
        result.validate(answer)
        return True

    def words_are_valid(answer: dict[str, Any] | None) -> bool:
        return not answer or words.is_valid(answer)

    RemoteAction._validate_action_result = result_is_valid
    CallbackNaturalLanguageGenerator.validate_response = staticmethod(words_are_valid)


def _checker(schema: dict[str, Any]) -> Any:
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def no_command(text: str) -> str:
    """The text without a leading slash: to Rasa, that would be a command."""
    return re.sub(r"^[\s/]+", "", text[:LONGEST_TEXT])


def session_is_due(tracker: DialogueStateTracker) -> bool:
    """Whether the next turn should begin a fresh session."""
    turns = sum(isinstance(event, UserUttered) for event in tracker.events)
    if tracker.active_loop_name:
        return turns >= FRESH_AFTER_IN_A_LOOP
    return turns >= FRESH_AFTER or _last_turn_ended_a_loop(tracker) or _long_ago(tracker)


def _long_ago(tracker: DialogueStateTracker) -> bool:
    newest = tracker.events[-1].timestamp if tracker.events else None
    return newest is not None and time.time() - newest > PAUSE


def story_so_far(tracker: DialogueStateTracker) -> list[Event]:
    """The turns that a story needs to go on, where the last turn was part of one."""
    steps = [event for event in tracker.events if isinstance(event, (UserUttered, ActionExecuted))]
    if not steps or STORY_POLICY not in (getattr(steps[-1], "policy", None) or ""):
        return []
    turns = [place for place, event in enumerate(steps) if isinstance(event, UserUttered)]
    return steps[turns[-STORY_LOOKS_BACK:][0] :]


def _last_turn_ended_a_loop(tracker: DialogueStateTracker) -> bool:
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            return False
        if isinstance(event, ActiveLoop):
            return event.name is None
    return False


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
