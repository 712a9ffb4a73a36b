"""The Telegram door over real records, words and screening, against the local Bot API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot_api import TOKEN, BotApi
from message_house import House

from bot.gateway.door import Door, open_bot
from bot.gateway.polling import Polling

PICTURES = Path(__file__).parents[2] / "content" / "pictures"
CHEST = "I've got a tight pain in my chest"
ANNA, BEN = 501, 502


@asynccontextmanager
async def door_open(house: House, api: BotApi, pictures: Path = PICTURES) -> AsyncIterator[Door]:
    """Delivering, but not fetching."""
    async with Door(house, open_bot(TOKEN, api.url), pictures).running() as door:
        yield door


@asynccontextmanager
async def polling(house: House, api: BotApi, pictures: Path = PICTURES) -> AsyncIterator[Door]:
    async with door_open(house, api, pictures) as door:
        fetching = asyncio.create_task(Polling(door.bot, door.reception, long_poll=1).run())
        try:
            yield door
        finally:
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)


async def until(true: Callable[[], bool], seconds: float = 10.0) -> float:
    """How long it took to come true."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it never came true"
        await asyncio.sleep(0.02)
    return time.monotonic() - began
