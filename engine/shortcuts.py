"""What Rasa does at great cost in every turn, done plainly.

`tests/engine/test_same_as_rasa.py` holds what is said to Rasa's own way.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import aiohttp
from rasa.core import processor
from rasa.core.actions import forms
from rasa.core.actions.action import ActionExtractSlots, RemoteAction
from rasa.core.nlg.callback import CallbackNaturalLanguageGenerator
from rasa.core.policies import memoization, rule_policy
from rasa.core.policies.ensemble import DefaultPolicyPredictionEnsemble
from rasa.core.policies.memoization import AugmentedMemoizationPolicy
from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.runner.interface import GraphRunner
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet, UserUttered
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

ANSWER = "answer"
OUR_SERVER_HANGS_UP_AFTER = 60.0  # seconds; less than `timeout_keep_alive` of actions/server.py


class StraightRunner(GraphRunner):
    """A loaded graph, walked in the same order each time. Dask would plan it anew for every call."""

    def __init__(self, loaded: DaskGraphRunner) -> None:
        self._nodes = loaded._instantiated_nodes
        self._order = functools.lru_cache(maxsize=None)(self._ordered)

    @classmethod
    def create(cls, *loaded: Any, **more: Any) -> StraightRunner:
        return cls(DaskGraphRunner.create(*loaded, **more))

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        found = dict(inputs or {})
        for name in self._order(tuple(targets or ())):
            node = self._nodes[name]
            _, found[name] = node(*((need, found[need]) for need in node._inputs.values()))
        return {target: found[target] for target in targets or ()}

    def _ordered(self, targets: Iterable[str]) -> list[str]:
        """These nodes, each behind all that it needs."""
        order: dict[str, None] = {}
        for name in targets:
            if name in self._nodes:
                order.update(dict.fromkeys(self._ordered(self._nodes[name]._inputs.values())))
                order[name] = None
        return list(order)


class RulesFirst:
    """The policies, in the order that decides: a rule or a running form always goes before a story.

    So nobody looks for a story where one goes on. Raises RasaException where there are other policies.
    """

    def __init__(self, loaded: DaskGraphRunner) -> None:
        parts = [node._component for node in loaded._instantiated_nodes.values()]
        self._rules = _only(RulePolicy, parts)
        self._stories = _only(AugmentedMemoizationPolicy, parts)
        self._ensemble = _only(DefaultPolicyPredictionEnsemble, parts)
        self._rule_only = self._rules._get_rule_only_data()
        if sum(isinstance(part, Policy) for part in parts) != 2:
            raise RasaException("the model has other policies than rules and stories")

    def predict(self, tracker: DialogueStateTracker, domain: Domain) -> PolicyPrediction:
        rules = self._rules.predict_action_probabilities(tracker, domain)
        told: PolicyPrediction = self._ensemble.combine_predictions([rules], tracker, domain)
        if told.max_confidence < 1.0:
            stories = self._stories.predict_action_probabilities(
                tracker, domain, rule_only_data=self._rule_only
            )
            told = self._ensemble.combine_predictions([stories, rules], tracker, domain)
        return told


def _only(kind: type[Any], parts: Iterable[Any]) -> Any:
    (found,) = (part for part in parts if isinstance(part, kind))
    return found


class OpenLine(EndpointConfig):
    """An endpoint over connections that stay open. Rasa would open one for each call."""

    def __init__(self, endpoint: EndpointConfig) -> None:
        super().__init__(endpoint.url, **endpoint.kwargs)
        self._session: aiohttp.ClientSession | None = None

    async def request(self, method: str = "post", json: Any = None, **more: Any) -> Any:
        """The JSON that the other side answers. Raises aiohttp.ClientError."""
        async with self._open_session().request(method, self.url, json=json) as answer:
            if answer.status >= 400:
                raise ClientResponseError(answer.status, answer.reason, await answer.text())
            return await answer.json()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=OUR_SERVER_HANGS_UP_AFTER),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


# Words that came along with an action's answer, for the turn that runs.
brought: ContextVar[dict[str, Any]] = ContextVar("brought")


class ActionsLine(OpenLine):
    """Our actions. A form's validation brings the words of the question that the form then asks."""

    async def request(self, method: str = "post", json: Any = None, **more: Any) -> Any:
        answer = await super().request(method, json)
        brought.set(answer.pop("words", {}))
        return answer


class OurWords(CallbackNaturalLanguageGenerator):
    """The words of a content id: brought along, else asked of our own server by whom they are for."""

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **more: Any
    ) -> dict[str, Any]:
        if utter_action in brought.get({}):
            return dict(brought.get()[utter_action])
        call = {"response": utter_action, "tracker": {"sender_id": tracker.sender_id}}
        words = await self.nlg_endpoint.request(json=call)
        if not isinstance(words, dict):
            raise RasaException("the words are no mapping")
        return words


@functools.lru_cache(maxsize=1)
def take() -> None:
    """Put them in Rasa's place, once and for this process."""
    RemoteAction._action_call_format = _call
    RemoteAction._validate_action_result = _has_the_shape
    ActionExtractSlots.run = _answered_slots
    Event.resolve_by_type = staticmethod(functools.lru_cache(maxsize=None)(Event.resolve_by_type))
    Slot.__copy__ = _slot_copy
    # In these modules Rasa deep-copies what it then would log at DEBUG, and nothing else.
    for module in (processor, forms, memoization, rule_policy):
        module.copy = SimpleNamespace(deepcopy=lambda logged: logged)


def _call(action: RemoteAction, tracker: DialogueStateTracker, domain: Domain) -> dict[str, Any]:
    """What our actions read: of the events only those since the latest message."""
    state = tracker.current_state()
    state["events"] = [event.as_dict() for event in _since_the_message(tracker)]
    return {"next_action": action.name(), "sender_id": tracker.sender_id, "tracker": state}


async def _answered_slots(
    action: ActionExtractSlots, channel: Any, words: Any, tracker: DialogueStateTracker, domain: Domain
) -> list[Event]:
    """An answer fills the slot of its entity's name: the only mapping there is, which `check_mappings` holds.

    Rasa would try the mappings of all slots one by one.
    """
    message = tracker.latest_message
    if message is None or message.intent.get("name") != ANSWER:
        return []
    values = {each["entity"]: each["value"] for each in message.entities}
    return [
        SlotSet(name, value)
        for name, value in values.items()
        if name in tracker.slots and _by_answer(name) in tracker.slots[name].mappings
    ]


def _by_answer(slot: str) -> dict[str, str]:
    return {"type": "from_entity", "entity": slot, "intent": ANSWER}


def check_mappings(domain: Domain) -> None:
    """Raises RasaException where a slot is filled by anything but an answer or an action."""
    for slot in domain.slots:
        if any(mapping not in (_by_answer(slot.name), {"type": "custom"}) for mapping in slot.mappings):
            raise RasaException(f"the slot {slot.name} is mapped otherwise than to an answer")


def _since_the_message(tracker: DialogueStateTracker) -> list[Event]:
    events = list(tracker.events)
    begins = (place for place in reversed(range(len(events))) if isinstance(events[place], UserUttered))
    return events[next(begins, -1) + 1 :]


def _has_the_shape(action: RemoteAction, answer: Any) -> bool:
    """Whether an action's answer is one: what its events hold is looked at as they are made."""
    if not isinstance(answer, dict):
        raise RasaException("an action's answer is no mapping")
    for part in ("events", "responses"):
        if not all(isinstance(each, dict) for each in answer.get(part) or []):
            raise RasaException(f"an action's {part} are no mappings")
    return True


def _slot_copy(slot: Slot) -> Slot:
    """As copy.copy makes it, without asking how the class wants to be pickled."""
    copied = object.__new__(type(slot))
    copied.__dict__.update(slot.__dict__)
    return copied
