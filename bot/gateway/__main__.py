"""Serves the Telegram bot: fetches its messages, or listens where Telegram hands them over."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

import uvicorn
from telegram.error import InvalidToken

from bot.assembly import assemble
from bot.gateway.door import Door, open_bot
from bot.settings import Settings, SettingsFault, load, variable


def main() -> int:
    """0: told to end; 1: refused to start, the reason is on stderr."""
    keep_quiet()
    try:
        settings = load()
    except SettingsFault as fault:
        return refuse(str(fault))
    if settings.telegram_token is None:
        return refuse(f"{variable('telegram_token')} is not set: there is no bot to serve.")
    bot = open_bot(settings.telegram_token.get_secret_value(), settings.telegram_api)
    door = Door(assemble(settings), bot, settings.content_dir / "pictures")
    try:
        return listen(door, settings) if settings.telegram_webhook else asyncio.run(fetch(door))
    except InvalidToken:
        return refuse(f"Telegram does not know the bot of {variable('telegram_token')}.")


def keep_quiet() -> None:
    """The token stands in every address that httpx would log, and the library logs what patients write."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("bot").setLevel(logging.INFO)
    for name in ("telegram", "httpx", "httpcore"):
        loud = logging.getLogger(name)
        loud.addHandler(logging.NullHandler())
        loud.propagate = False


def refuse(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1


async def fetch(door: Door) -> int:
    """Until SIGINT or SIGTERM."""
    async with door.running():
        fetching = asyncio.create_task(door.poll())
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, fetching.cancel)
        await asyncio.wait({fetching})
        if not fetching.cancelled():
            fetching.result()
    return 0


def listen(door: Door, settings: Settings) -> int:
    secret = settings.telegram_webhook_secret
    app = door.webhook(settings.telegram_webhook or "", secret.get_secret_value() if secret else "")
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.telegram_host,
            port=settings.telegram_port,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=3,
        )
    )
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
