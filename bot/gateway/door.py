"""The door put together: the bot, what comes in, what goes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from telegram import Bot
from telegram.constants import ChatAction
from telegram.request import HTTPXRequest

from bot.gateway.asking import until_taken
from bot.gateway.coach import Coach, House
from bot.gateway.incoming import WANTED
from bot.gateway.polling import Polling
from bot.gateway.postman import Postman
from bot.gateway.reception import Reception
from bot.gateway.sender import Sender
from bot.gateway.webhook import Webhook, build_app


def open_bot(token: str, api: str) -> Bot:
    """Nothing is asked of Telegram yet. Sending and fetching have lines of their own."""
    sending = HTTPXRequest(connection_pool_size=256, pool_timeout=5.0)
    return Bot(token, base_url=f"{api}/bot", request=sending, get_updates_request=HTTPXRequest(1))


class Door:
    """Deliver while it runs; `reception` takes what comes in."""

    def __init__(self, house: House, bot: Bot, pictures: Path) -> None:
        self.bot = bot
        self._house = house
        self._postman = Postman(house.post, Sender(bot, house, pictures))
        self._coach = Coach(house.receive, self._postman.poke, self._show_typing)
        self.reception = Reception(bot, house, self._coach)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Door]:
        tasks = [asyncio.create_task(self._postman.run()), asyncio.create_task(self._set_menu())]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._coach.leave()
            await self.reception.leave()
            await self._postman.leave()

    async def poll(self) -> None:
        """Fetch for ever. Raises InvalidToken."""
        await Polling(self.bot, self.reception).run()

    def webhook(self, address: str, secret: str) -> Starlette:
        """The app that takes what Telegram hands over at that public address."""

        @asynccontextmanager
        async def lifespan() -> AsyncIterator[None]:
            async with self.running():
                told = asyncio.create_task(until_taken(lambda: self._announce(address, secret)))
                yield
                told.cancel()
                await asyncio.gather(told, return_exceptions=True)

        return build_app(Webhook(self.bot, self.reception, secret), urlsplit(address).path or "/", lifespan())

    async def _announce(self, address: str, secret: str) -> None:
        await self.bot.set_webhook(address, secret_token=secret, allowed_updates=list(WANTED))

    async def _show_typing(self, address: str) -> None:
        await self.bot.send_chat_action(int(address), ChatAction.TYPING)

    async def _set_menu(self) -> None:
        commands = list(self._house.library.commands().items())
        await until_taken(lambda: self.bot.set_my_commands(commands))
