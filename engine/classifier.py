"""Rasa's logistic regression on dense vectors as they are: Rasa makes them sparse first, ten times slower."""

from __future__ import annotations

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class DenseLogisticRegression(LogisticRegressionClassifier):
    def _create_X(self, messages: list[Message]) -> np.ndarray:
        return np.vstack([message.get_dense_features(attribute=TEXT)[1].features for message in messages])
