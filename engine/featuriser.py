"""Gives every message its sentence embedding, from which the classifier reads the intent."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from engine.intent_rules import settled
from engine.minilm import WIDTH, MiniLM, WeightsFault, encoder, weights_folder
from engine.vector_cache import embed_cached

VECTOR = "vector"  # in the metadata of a message: base64 of float32
UNIT_ENOUGH = 1e-3


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class MiniLMFeaturiser(DenseFeaturizer, GraphComponent):
    """Unit vectors times `scale`: the classifier's penalty is fixed (C = 1), so their length decides how
    closely it fits."""

    @classmethod
    def required_components(cls) -> list[type[Any]]:
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {**DenseFeaturizer.get_default_config(), "scale": 5.5}

    def __init__(self, config: dict[str, Any], name: str) -> None:
        super().__init__(name, config)
        self._scale = np.float32(config["scale"])
        self._encoder = _known_encoder()

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MiniLMFeaturiser:
        return cls(config, execution_context.node_name)

    def process(self, messages: list[Message]) -> list[Message]:
        """One without words gets the vector of the empty text.

        One that is settled without its words gets nothing but zeros, and one that comes with its vector that:
        embedding is half of a turn's work here.
        """
        known = [_known_vector(message.get("metadata") or {}) for message in messages]
        unread = [message for message, vector in zip(messages, known) if vector is None]  # noqa: B905
        read = iter(self._encoder.embed(_texts(unread)) if unread else ())
        self._add(messages, np.stack([next(read) if vector is None else vector for vector in known]))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        examples = training_data.training_examples
        self._add(examples, embed_cached(self._encoder, _texts(examples)))
        return training_data

    def _add(self, messages: list[Message], vectors: np.ndarray) -> None:
        for message, vector in zip(messages, vectors * self._scale, strict=True):
            self.add_features_to_message(None, vector[None, :], TEXT, message)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to check beyond the defaults."""


def _known_vector(metadata: dict[str, Any]) -> np.ndarray | None:
    """What need not be embedded: words that nobody reads, and those that the caller has embedded."""
    if settled(metadata):
        return np.zeros(WIDTH, dtype=np.float32)
    return given_vector(metadata)


def given_vector(metadata: dict[str, Any]) -> np.ndarray | None:
    """The vector that came along; None where there is none, or nothing that could be one."""
    try:
        vector = np.frombuffer(base64.b64decode(metadata.get(VECTOR) or "", validate=True), dtype=np.float32)
    except (TypeError, ValueError):
        return None
    is_one = vector.shape == (WIDTH,) and abs(float(vector @ vector) - 1) < UNIT_ENOUGH
    return vector if is_one else None


def _texts(messages: list[Message]) -> list[str]:
    return [str(message.get(TEXT) or "") for message in messages]


def _known_encoder() -> MiniLM:
    try:
        return encoder(weights_folder())
    except WeightsFault as fault:
        raise RasaException(str(fault)) from fault
