"""Lays what we know about a message over what the classifier made of it. Stands after FallbackClassifier."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from engine.intent_rules import IntentRules, classifiers_own, settled, told_ranking


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class FactsComponent(GraphComponent, IntentClassifier):
    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"act_at": 0.48, "sure_at": 0.60, "not_digressions": [], "asking": []}

    def __init__(self, config: dict[str, Any]) -> None:
        self._rules = IntentRules(
            act_at=float(config["act_at"]),
            sure_at=float(config["sure_at"]),
            not_digressions=frozenset(config["not_digressions"]),
            asking=tuple(str(word).casefold() for word in config["asking"]),
        )

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> FactsComponent:
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text, metadata = str(message.get(TEXT) or ""), message.get("metadata") or {}
            guessed = [] if settled(metadata) else message.get(INTENT_RANKING_KEY) or []
            ranking = classifiers_own(guessed)
            choice = self._rules.choose(text, metadata, ranking)
            told = [asdict(guess) for guess in told_ranking(choice, ranking)]
            entities = [_entity(slot, value) for slot, value in choice.entities]
            message.set(INTENT, told[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, told, add_to_output=True)
            message.set(ENTITIES, entities, add_to_output=True)
        return messages


def _entity(slot: str, value: Any) -> dict[str, Any]:
    return {"entity": slot, "value": value, "start": 0, "end": 0, "extractor": "FactsComponent"}
