"""The clock's door: does what is due, every few seconds, for ever."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from bot.assembly import assemble
from bot.settings import load

EVERY_SECONDS = 2.0

log = logging.getLogger("bot.scheduler")


async def keep_time() -> None:
    """Two rounds side by side: what waits for the engine keeps nothing else waiting."""
    due = assemble(load(), reads_words=False).due
    await asyncio.gather(for_ever(partial(asyncio.to_thread, due.on_time)), for_ever(due.with_the_engine))


async def for_ever(do: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await do()
        except Exception as fault:  # one bad moment (a locked database) must not stop the clock
            log.error("the round failed: %s", type(fault).__name__)
        await asyncio.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("bot").setLevel(logging.INFO)
    with suppress(KeyboardInterrupt):
        asyncio.run(keep_time())
