"""Fetches updates. The place in Telegram's queue moves only behind what we have committed."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken

from bot.gateway.asking import FIRST_PAUSE, LONGEST_PAUSE, seconds_asked_for, until_taken
from bot.gateway.incoming import WANTED, chat_of
from bot.gateway.reception import Reception

LONG_POLL = 25  # seconds that Telegram holds an empty answer back
GRACE = 10.0  # seconds on top before the line counts as dead
# Seconds. It doesn't grow: a sign of danger may be among what the records can't take just now.
PAUSE_TO_KEEP = 0.5
TRIES = 10
AT_ONCE = 100  # the most that Telegram hands over in one go

log = logging.getLogger(__name__)


class Polling:
    def __init__(self, bot: Bot, reception: Reception, *, long_poll: int = LONG_POLL) -> None:
        self._bot = bot
        self._reception = reception
        self._long_poll = long_poll
        self._offset: int | None = None
        self._kept = 0
        self._failed: dict[int, tuple[int, int]] = {}

    async def run(self) -> None:
        """For ever. Raises InvalidToken where Telegram doesn't know the bot."""
        pause = FIRST_PAUSE
        await until_taken(self._bot.delete_webhook)
        while True:
            try:
                all_kept = await self._take(await self._fetch())
            except InvalidToken:
                raise
            except Exception as fault:
                log.error("updates could not be fetched: %s", _told(fault))
                await asyncio.sleep(max(pause, seconds_asked_for(fault)))
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            if not all_kept:
                await asyncio.sleep(PAUSE_TO_KEEP)

    async def _fetch(self) -> Sequence[Mapping[str, Any]]:
        """As they came: the library's `get_updates` loses a whole batch over one that it can't read."""
        wanted = {
            "offset": self._offset,
            "limit": AT_ONCE,
            "timeout": self._long_poll,
            "allowed_updates": list(WANTED),
        }
        fetched: Any = await self._bot.do_api_request(
            "getUpdates", wanted, read_timeout=self._long_poll + GRACE
        )
        return list(fetched)

    async def _take(self, fetched: Sequence[Mapping[str, Any]]) -> bool:
        """Chats side by side, each in order; whether all of it is kept."""
        if not fetched:
            return True
        lines: dict[int, list[Update]] = defaultdict(list)
        for update in sorted(_parsed(self._bot, fetched), key=lambda update: update.update_id):
            lines[chat_of(update)].append(update)
        crowded = len(fetched) >= AT_ONCE
        left = await asyncio.gather(*(self._take_line(line, crowded) for line in lines.values()))
        unkept = [update_id for update_id in left if update_id is not None]
        self._offset = min(unkept, default=max(int(raw["update_id"]) for raw in fetched) + 1)
        return not unkept

    async def _take_line(self, line: Sequence[Update], crowded: bool) -> int | None:
        """The first update of a chat that was not kept and must come again."""
        again = []
        for update in line:
            try:
                await self._reception.take(update)
                self._kept += 1
            except Exception as fault:
                log.error("an update could not be kept: %s", type(fault).__name__)
                stuck = self._is_stuck(update.update_id)
                if not (stuck and crowded):
                    again.append(update.update_id)
                if not stuck:
                    break  # those behind it wait with it
        return min(again, default=None)

    def _is_stuck(self, update_id: int) -> bool:
        """Whether it fails again and again while others are kept: then it holds up no others.

        It isn't given up: a disk without room takes small messages and no large one. But where so much has
        gathered behind it that nothing new can be fetched, it is.
        """
        tries, kept = self._failed.pop(update_id, (0, self._kept))
        self._failed[update_id] = (tries + 1, kept)
        return tries + 1 >= TRIES and self._kept > kept


def _parsed(bot: Bot, fetched: Iterable[Mapping[str, Any]]) -> Iterator[Update]:
    for raw in fetched:
        try:
            yield Update.de_json(dict(raw), bot)
        except Exception as fault:
            log.error("an update can't be read and is passed over: %s", type(fault).__name__)


def _told(fault: Exception) -> str:
    if isinstance(fault, Conflict):
        return "another program fetches for the same bot; end it"
    return type(fault).__name__
