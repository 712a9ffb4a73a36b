"""Takes updates in: keeps what was said, and shows the chat that it was heard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any

from anyio import to_thread
from telegram import Bot, Update

from bot.gateway.coach import DOOR, Coach, House
from bot.gateway.incoming import INERT, InGroup, Press, Reach, Words, read
from bot.gateway.outgoing import chosen

log = logging.getLogger(__name__)


class Reception:
    """`take` returns once the update is kept. What is only courtesy towards Telegram runs beside it."""

    def __init__(self, bot: Bot, house: House, coach: Coach) -> None:
        self._bot = bot
        self._house = house
        self._coach = coach
        self._courtesies: set[asyncio.Task[None]] = set()

    async def take(self, update: Update) -> None:
        """Raises whatever kept the update from being kept; taking it again does nothing twice."""
        match read(update):
            case Words() as words:
                await self._hear(update, words.chat_id, text=words.text)
            case Press() as press:
                await self._press(update, press)
            case InGroup(chat_id):
                self._beside(self._decline(chat_id))
            case Reach(chat_id, open_to_us):
                reach = partial(self._house.post.reach, DOOR, str(chat_id), open_to_us=open_to_us)
                await to_thread.run_sync(reach)

    async def leave(self) -> None:
        for task in self._courtesies:
            task.cancel()
        await asyncio.gather(*self._courtesies, return_exceptions=True)

    async def _hear(
        self, update: Update, chat_id: int, *, text: str = "", token: str | None = None
    ) -> str | None:
        key = str(update.update_id)
        arrival = await self._coach.hear(str(chat_id), text=text, token=token, door_key=key)
        return arrival.pressed

    async def _press(self, update: Update, press: Press) -> None:
        self._beside(self._bot.answer_callback_query(press.query_id))
        if press.token == INERT:
            return
        title = await self._hear(update, press.chat_id, token=press.token)
        if press.message_id is not None:
            self._beside(
                self._bot.edit_message_reply_markup(
                    chat_id=press.chat_id,
                    message_id=press.message_id,
                    reply_markup=chosen(title) if title else None,
                )
            )

    async def _decline(self, chat_id: int) -> None:
        """One polite line, and out: what a group says is none of our business."""
        for reply in self._house.library.say("private_chats_only"):
            await self._bot.send_message(chat_id, reply.text)
        await self._bot.leave_chat(chat_id)

    def _beside(self, courtesy: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(self._quietly(courtesy))
        self._courtesies.add(task)
        task.add_done_callback(self._courtesies.discard)

    async def _quietly(self, courtesy: Coroutine[Any, Any, Any]) -> None:
        try:
            await courtesy
        except Exception as fault:
            log.info("a courtesy was not taken: %s", type(fault).__name__)
