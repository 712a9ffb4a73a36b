"""Fetching: nothing lost, nothing twice, each chat in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

import pytest
from bot_api import TOKEN, BotApi
from bot_at_work import ANNA, BEN, CHEST, polling, until
from message_house import House
from telegram import Update
from telegram.error import InvalidToken

from bot.gateway.__main__ import keep_quiet
from bot.gateway.door import open_bot
from bot.gateway.polling import Polling
from bot.gateway.reception import Reception
from bot.usecases.receive_message import Arrival

GREETING = "Hello. It is good to hear from you. What would you like to do?"


async def test_a_message_is_answered_once_and_confirmed_after_it_was_kept(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    update_id = api.say(ANNA, "hello")
    async with polling(house, api):
        await until(lambda: api.texts(ANNA) == [GREETING])
        await until(lambda: api.confirmed == [update_id])
    assert [m.text for m in person.wrote] == ["hello"]


async def test_a_stranger_who_writes_first_is_enrolled_by_the_chats_number(house: House, api: BotApi) -> None:
    async with polling(house, api):
        api.say(ANNA, "hello")
        await until(lambda: len(api.texts(ANNA)) == 1)
    assert [m.text for m in house.stranger(str(ANNA)).wrote] == ["hello"]


async def test_an_update_that_comes_again_is_used_once(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    async with polling(house, api):
        update_id = api.say(ANNA, "hello")
        await until(lambda: api.confirmed == [update_id])
        api.say(ANNA, "hello", update_id=update_id)
        api.say(ANNA, "hello", update_id=update_id + 50)
        await until(lambda: len(api.texts(ANNA)) == 2)
    assert [m.text for m in person.wrote] == ["hello", "hello"]


async def test_the_queue_does_not_move_past_what_could_not_be_kept_and_order_holds(
    house: House, api: BotApi
) -> None:
    anna, ben = house.patient(str(ANNA)), house.patient(str(BEN))
    broken = failing(house, lambda text: text == "one", times=3)
    for text in ("one", "two", "three"):
        api.say(ANNA, text)
    api.say(BEN, "hello")
    async with polling(house, api):
        await until(lambda: len(api.texts(ANNA)) == 3)
        await until(lambda: len(api.texts(BEN)) == 1)
    assert broken == ["one"] * 3
    assert [m.text for m in anna.wrote] == ["one", "two", "three"]
    assert [m.text for m in ben.wrote] == ["hello"]


async def test_one_that_fails_again_and_again_holds_up_neither_its_chat_nor_others_and_is_kept_once_it_can_be(
    house: House, api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gateway.polling.PAUSE_TO_KEEP", 0.02)
    anna, ben = house.patient(str(ANNA)), house.patient(str(BEN))
    broken = failing(house, lambda text: text == "one", times=40)
    api.say(ANNA, "one")
    api.say(ANNA, "two")
    api.say(BEN, "hello")
    async with polling(house, api):
        await until(lambda: [m.text for m in anna.wrote] == ["two"])
        assert len(broken) < 40
        await until(lambda: [m.text for m in anna.wrote] == ["two", "one"])
        await until(lambda: api.updates == [])
    assert [m.text for m in ben.wrote] == ["hello"]


async def test_one_that_can_never_be_kept_is_given_up_where_nothing_new_can_be_fetched_behind_it(
    house: House, api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gateway.polling.PAUSE_TO_KEEP", 0.02)
    monkeypatch.setattr("bot.gateway.polling.AT_ONCE", 3)
    anna, ben = house.patient(str(ANNA)), house.patient(str(BEN))
    failing(house, lambda text: text == "one", times=1000)
    for chat, text in ((ANNA, "one"), (BEN, "hello"), (ANNA, "two"), (BEN, CHEST)):
        api.say(chat, text)
    async with polling(house, api):
        await until(lambda: [m.text for m in ben.wrote] == ["hello", CHEST])
        await until(lambda: api.updates == [])
    assert [m.text for m in anna.wrote] == ["two"]


async def test_a_sign_of_danger_is_kept_soon_however_often_the_records_failed(
    house: House, api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gateway.polling.PAUSE_TO_KEEP", 0.1)
    house.patient(str(ANNA))
    broken = failing(house, lambda text: text == CHEST, times=8)
    async with polling(house, api):
        api.say(ANNA, CHEST)
        assert await until(lambda: len(broken) == 8) < 2
        assert await until(lambda: len(api.texts(ANNA)) == 1) < 2


async def test_an_update_that_cannot_be_read_is_passed_over(house: House, api: BotApi) -> None:
    house.patient(str(ANNA))
    api.put({"message": {"no": "sense"}})
    api.say(ANNA, "hello")
    async with polling(house, api):
        await until(lambda: api.texts(ANNA) == [GREETING])
        await until(lambda: api.updates == [])


async def test_updates_out_of_order_are_taken_in_the_order_of_their_numbers(
    house: House, api: BotApi
) -> None:
    person = house.patient(str(ANNA))
    api.say(ANNA, "one")
    api.say(ANNA, "two")
    api.updates.reverse()
    async with polling(house, api):
        await until(lambda: len(api.texts(ANNA)) == 2)
    assert [m.text for m in person.wrote] == ["one", "two"]


@pytest.mark.parametrize("kind", ["error", "nonsense", "flood", "lost"])
async def test_fetching_goes_on_after_trouble(house: House, api: BotApi, kind: str) -> None:
    house.patient(str(ANNA))
    api.trouble("getUpdates", kind, times=2)
    api.trouble("deleteWebhook", "error")
    api.say(ANNA, "hello")
    async with polling(house, api):
        await until(lambda: api.texts(ANNA) == [GREETING], 20)


async def test_a_webhook_left_over_is_taken_down_before_fetching(house: House, api: BotApi) -> None:
    house.patient(str(ANNA))
    api.webhook = {"url": "https://old.example.org"}
    api.say(ANNA, "hello")
    async with polling(house, api):
        await until(lambda: api.texts(ANNA) == [GREETING])


async def test_a_bot_that_telegram_does_not_know_ends_the_door(house: House, api: BotApi) -> None:
    bot = open_bot("1:wrong", api.url)
    with pytest.raises(InvalidToken):
        await asyncio.wait_for(Polling(bot, Reception(bot, house, None), long_poll=1).run(), 5)  # type: ignore[arg-type]


@pytest.fixture
def loud_again() -> Iterator[None]:
    """Behind the test: where a logger passes nothing on, pytest listens to it by itself in the next."""
    yield
    for name in ("telegram", "httpx", "httpcore"):
        logging.getLogger(name).propagate = True


@pytest.mark.usefixtures("loud_again")
async def test_no_log_line_holds_the_token_or_what_a_patient_wrote(
    house: House, api: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    keep_quiet()
    caplog.set_level(logging.DEBUG)
    house.patient(str(ANNA))
    failing(house, lambda text: text == "my secret", times=1)
    api.trouble("sendMessage", "error")
    api.trouble("getUpdates", "nonsense")
    api.put({"message": {"text": "my secret"}})
    api.say(ANNA, "my secret")
    async with polling(house, api):
        await until(lambda: api.texts(ANNA) == [GREETING])
    assert caplog.records
    assert TOKEN not in caplog.text
    assert "secret" not in caplog.text


def failing(house: House, which: Callable[[str], bool], times: int) -> list[str]:
    """The records break while these texts are kept; the texts, as often as they broke."""
    broken: list[str] = []
    arrive = house.receive.arrive

    def arrive_or_fail(door: str, address: str, **said: str | None) -> Arrival:
        text = said.get("text") or ""
        if which(text) and len(broken) < times:
            broken.append(text)
            raise OSError(f"the disk is full: {text}")
        return arrive(door, address, **said)  # type: ignore[arg-type]

    house.receive.arrive = arrive_or_fail  # type: ignore[method-assign,assignment]
    return broken


def test_every_kind_of_update_that_we_ask_for_is_one_that_telegram_sends() -> None:
    from bot.gateway.incoming import WANTED

    assert set(WANTED) <= set(Update.ALL_TYPES)
