"""Asking Telegram for something that must be done once, however long it takes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from telegram.error import InvalidToken, RetryAfter, TelegramError

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds

log = logging.getLogger(__name__)


async def until_taken(call: Callable[[], Awaitable[Any]]) -> None:
    """Raises InvalidToken: Telegram doesn't know the bot."""
    pause = FIRST_PAUSE
    while True:
        try:
            await call()
            return
        except InvalidToken:
            log.error("Telegram does not know this bot")
            raise
        except TelegramError as fault:
            log.error("Telegram could not be reached: %s", type(fault).__name__)
            await asyncio.sleep(max(pause, seconds_asked_for(fault)))
        pause = min(pause * 2, LONGEST_PAUSE)


def seconds_asked_for(fault: Exception) -> float:
    """How long Telegram asked us to wait; 0 where it didn't."""
    asked = fault.retry_after if isinstance(fault, RetryAfter) else 0
    return asked.total_seconds() if isinstance(asked, timedelta) else float(asked)
