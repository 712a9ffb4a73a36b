"""The webhook: nobody but Telegram is heard, and nothing is acknowledged before it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from bot_api import TOKEN, BotApi
from bot_at_work import ANNA, CHEST, PICTURES, until
from message_house import House
from test_polling import failing

from bot.gateway.door import Door, open_bot
from bot.gateway.webhook import LARGEST, Webhook

SECRET = "a-secret-of-the-webhook_1"


class Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """The signals stay with the tests."""
        yield


@asynccontextmanager
async def listening(house: House, api: BotApi) -> AsyncIterator[str]:
    """The public address of the webhook, once Telegram was told of it."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        address = f"http://127.0.0.1:{line.getsockname()[1]}/telegram"
        app = Door(house, open_bot(TOKEN, api.url), PICTURES).webhook(address, SECRET)
        server = Quiet(uvicorn.Config(app, log_level="error"))
        serving = asyncio.create_task(server.serve(sockets=[line]))
        await until(lambda: server.started and bool(api.webhook))
        try:
            yield address
        finally:
            server.should_exit = True
            await serving


def update(text: str, update_id: int = 7) -> dict[str, object]:
    chat = {"id": ANNA, "type": "private", "first_name": "Anna"}
    sender = {"id": ANNA, "is_bot": False, "first_name": "Anna"}
    message = {"message_id": update_id, "date": 1, "chat": chat, "from": sender, "text": text}
    return {"update_id": update_id, "message": message}


async def test_telegram_is_told_where_to_hand_messages_over_and_by_which_word_we_know_it(
    house: House, api: BotApi
) -> None:
    async with listening(house, api) as address:
        assert api.webhook["url"] == address
        assert api.webhook["secret_token"] == SECRET
        assert "edited_message" in api.webhook["allowed_updates"]


async def test_a_message_handed_over_is_kept_when_it_is_acknowledged_and_then_answered(
    house: House, api: BotApi
) -> None:
    person = house.patient(str(ANNA))
    house.engine.held["hello"] = asyncio.Event()
    async with listening(house, api) as address:
        assert await api.hand_over(address, update("hello"), SECRET) == 200
        assert [m.text for m in person.wrote] == ["hello"]
        house.engine.held["hello"].set()
        await until(lambda: len(api.texts(ANNA)) == 1)


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "ß" * 8])
async def test_without_the_secret_nobody_is_heard(house: House, api: BotApi, secret: str | None) -> None:
    person = house.patient(str(ANNA))

    async with listening(house, api) as address:
        assert await api.hand_over(address, update(CHEST), secret) == 403
        await asyncio.sleep(0.2)
    assert person.wrote == []


async def test_what_could_not_be_kept_is_not_acknowledged_and_taken_when_it_comes_again(
    house: House, api: BotApi
) -> None:
    person = house.patient(str(ANNA))
    failing(house, lambda text: text == "hello", times=1)
    async with listening(house, api) as address:
        statuses = [await api.hand_over(address, update("hello"), SECRET) for _ in range(3)]
        await until(lambda: len(api.texts(ANNA)) == 1)
        await asyncio.sleep(0.2)
    assert statuses == [503, 200, 200]
    assert [m.text for m in person.wrote] == ["hello"]
    assert len(api.texts(ANNA)) == 1


async def test_a_stop_handed_over_is_sent_within_two_seconds_while_a_turn_hangs(
    house: House, api: BotApi
) -> None:
    person = house.patient(str(ANNA))
    house.engine.held["hello"] = asyncio.Event()
    async with listening(house, api) as address:
        await api.hand_over(address, update("hello", 1), SECRET)
        await api.hand_over(address, update(CHEST, 2), SECRET)
        assert await until(lambda: len(api.texts(ANNA)) == 1) < 2
        house.engine.held["hello"].set()
    assert person.ids == ["say_stop_chest"]


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'"words"', b'{"message": {}}', b"\xff\xfe"])
async def test_what_cannot_be_read_is_acknowledged_or_it_would_come_for_ever(
    house: House, api: BotApi, body: bytes
) -> None:
    async with listening(house, api) as address:
        assert await api.hand_over(address, body, SECRET) == 200


async def test_more_than_an_update_can_hold_is_refused(house: House, api: BotApi) -> None:
    async with listening(house, api) as address:
        assert await api.hand_over(address, b" " * (LARGEST + 1), SECRET) == 413


def test_a_webhook_without_a_secret_is_never_built(house: House) -> None:
    with pytest.raises(ValueError, match="secret"):
        Webhook(None, None, "")  # type: ignore[arg-type]
