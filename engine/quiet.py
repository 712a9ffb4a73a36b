"""Rasa, TensorFlow and their friends, told to be quiet. Import this before any of them."""

from __future__ import annotations

import logging
import os
import warnings

os.environ["LOG_LEVEL"] = os.environ["LOG_LEVEL_LIBRARIES"] = "ERROR"
os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.filterwarnings("ignore")


def silence() -> None:
    """Set the levels of Rasa and its libraries. Rasa at DEBUG would print what patients write."""
    from rasa.utils.common import configure_logging_and_warnings
    from rasa.utils.log_utils import configure_structlog

    configure_logging_and_warnings(logging.ERROR, warn_only_once=True, filter_repeated_logs=True)
    configure_structlog(logging.ERROR)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
