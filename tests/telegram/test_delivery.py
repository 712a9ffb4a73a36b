"""Sending: chats side by side, each in order, alarms past everything, nothing misleading after one."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from bot_api import TOKEN, BotApi
from bot_at_work import ANNA, BEN, CHEST, PICTURES, polling, until
from message_house import House

from bot.gateway.door import Door, open_bot
from bot.gateway.pace import Pace

SLOW = "what is pacing?"
STOP = "say_stop_chest"


def words(house: House, content_id: str) -> str:
    return house.library.say(content_id, emergency="999", crisis="116 123", goal="x")[0].text


def outcomes(house: House) -> list[str]:
    """What became of everything said, in order."""
    rows = house.database.rows(
        "SELECT m.content_id, o.state FROM outbox o JOIN messages m ON m.id = o.message_id ORDER BY m.seq"
    )
    return [f"{content_id} {state}" for content_id, state in rows]


def undelivered(house: House) -> list[tuple[str, str]]:
    return [(f.level, f.summary) for f in house.flags() if f.summary.startswith("not delivered")]


async def test_a_stop_is_sent_within_two_seconds_while_an_earlier_turn_of_the_chat_hangs(
    house: House, api: BotApi
) -> None:
    house.patient(str(ANNA))
    house.engine.held[SLOW] = asyncio.Event()
    async with polling(house, api):
        api.say(ANNA, SLOW)
        await until(lambda: house.engine.texts == [SLOW])
        api.say(ANNA, CHEST)
        assert await until(lambda: api.texts(ANNA) == [words(house, STOP)]) < 2
        house.engine.held[SLOW].set()
        await until(lambda: house.engine.texts == [SLOW, CHEST])
        await asyncio.sleep(0.3)
    assert api.texts(ANNA) == [words(house, STOP)]


@pytest.mark.parametrize("kind", ["flood", "slow"])
async def test_a_stop_is_sent_while_an_earlier_send_waits_or_hangs_which_is_then_not_sent_any_more(
    house: House, api: BotApi, kind: str
) -> None:
    house.patient(str(ANNA))
    house.engine.script["one"] = house.library.say("chat_thanks") + house.library.say("chat_goodbye")
    api.trouble("sendMessage", kind, chat_id=ANNA, seconds=3)
    async with polling(house, api):
        api.say(ANNA, "one")
        await until(lambda: len(api.called("sendMessage")) == 1)
        api.say(ANNA, CHEST)
        assert await until(lambda: words(house, STOP) in api.texts(ANNA)) < 2
        await until(lambda: "pending" not in str(outcomes(house)))
    assert words(house, "chat_goodbye") not in api.texts(ANNA)
    assert outcomes(house)[1] == "chat_goodbye failed"


async def test_a_cue_that_waited_does_not_leave_after_a_stop(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    person.arrive("hello")
    person.is_green()
    house.engine.script["hello"] = house.cue() + house.library.say("stop_list", emergency="999")
    await house.receive.answer(person.id)
    assert "cue_knee_squat" in person.ids
    person.arrive(CHEST)
    async with polling(house, api):
        await until(lambda: words(house, STOP) in api.texts(ANNA))
        await until(lambda: "cue_knee_squat failed" in outcomes(house))
    assert api.texts(ANNA)[0] == words(house, STOP)
    assert words(house, "cue_knee_squat") not in api.texts(ANNA)


async def test_a_cue_of_yesterday_does_not_leave_today(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    person.arrive("hello")
    person.is_green()
    house.engine.script["hello"] = house.cue()
    await house.receive.answer(person.id)
    house.clock.skip(timedelta(hours=20))
    async with polling(house, api):
        await until(lambda: "cue_knee_squat failed" in outcomes(house))
    assert words(house, "cue_knee_squat") not in api.texts(ANNA)


async def test_the_bubbles_of_a_chat_come_in_order_also_where_one_of_them_had_to_wait(
    house: House, api: BotApi
) -> None:
    house.patient(str(ANNA))
    three = ("chat_thanks", "chat_goodbye", "chat_affirm")
    house.engine.script["hello"] = tuple(r for name in three for r in house.library.say(name))
    api.trouble("sendMessage", "flood", chat_id=ANNA)
    async with polling(house, api):
        api.say(ANNA, "hello")
        await until(lambda: len(api.texts(ANNA)) == 3)
    assert api.texts(ANNA) == [words(house, name) for name in three]


async def test_a_wait_that_telegram_asks_for_is_kept_and_holds_up_nobody_else(
    house: House, api: BotApi
) -> None:
    house.patient(str(ANNA))
    house.patient(str(BEN))
    api.trouble("sendMessage", "flood", chat_id=ANNA, seconds=2)
    async with polling(house, api):
        api.say(ANNA, "hello")
        await until(lambda: len(api.called("sendMessage", ANNA)) == 1)
        api.say(BEN, "hello")
        assert await until(lambda: len(api.texts(BEN)) == 1) < 1
        await until(lambda: len(api.texts(ANNA)) == 1)
    first, second = api.called("sendMessage", ANNA)
    assert second.at - first.at >= 2


async def test_where_the_clock_is_set_back_neither_words_put_off_nor_those_that_follow_wait(
    house: House, api: BotApi
) -> None:
    house.patient(str(ANNA))
    api.trouble("sendMessage", "flood", chat_id=ANNA, seconds=1)
    async with polling(house, api):
        api.say(ANNA, "hello")
        await until(lambda: len(api.called("sendMessage", ANNA)) == 1)
        house.clock.skip(-timedelta(hours=1))
        api.say(ANNA, CHEST)
        assert await until(lambda: words(house, STOP) in api.texts(ANNA)) < 2
        api.say(ANNA, "thank you")
        await until(lambda: len(house.engine.texts) == 3)
        await until(lambda: "pending" not in str(outcomes(house)))
    assert [outcome for outcome in outcomes(house) if "say_stop" in outcome] == ["say_stop_chest sent"]


async def test_where_several_chats_are_refused_at_once_all_ordinary_words_wait() -> None:
    pace = Pace(per_second=1000)
    for who in ("a", "b"):
        pace.refused(who, 0.3)
    began = time.monotonic()
    await pace.turn()
    assert time.monotonic() - began < 0.1
    pace.refused("c", 0.3)
    await pace.turn()
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("kind", ["error", "nonsense"])
async def test_a_message_that_telegram_did_not_take_is_sent_again_once(
    house: House, api: BotApi, kind: str
) -> None:
    house.patient(str(ANNA))
    api.trouble("sendMessage", kind, times=2)
    async with polling(house, api):
        api.say(ANNA, "hello")
        await until(lambda: len(api.texts(ANNA)) == 1, 15)
        await asyncio.sleep(0.5)
    assert len(api.texts(ANNA)) == 1
    assert outcomes(house) == ["chat_greet sent"]


@pytest.mark.parametrize(("kind", "shown"), [("lost", 0), ("unanswered", 1)])
async def test_ordinary_words_that_telegram_never_answered_are_kept_as_unconfirmed_and_not_sent_again(
    house: House, api: BotApi, kind: str, shown: int
) -> None:
    house.patient(str(ANNA))
    house.engine.script["hello"] = house.library.say("chat_thanks") + house.library.say("chat_goodbye")
    api.trouble("sendMessage", kind, seconds=0)
    async with polling(house, api):
        api.say(ANNA, "hello")
        await until(lambda: outcomes(house) == ["chat_thanks unconfirmed", "chat_goodbye sent"])
    assert api.texts(ANNA).count(words(house, "chat_thanks")) == shown
    assert len(api.called("sendMessage", ANNA)) == 2


async def test_ordinary_words_are_sent_once_where_telegram_takes_longer_than_anybody_waits(
    house: House, api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gateway.sender.PATIENCE", 0.2)
    house.patient(str(ANNA))
    api.trouble("sendMessage", "slow", seconds=1)
    async with polling(house, api):
        api.say(ANNA, "hello")
        await until(lambda: outcomes(house) == ["chat_greet unconfirmed"])
        await until(lambda: len(api.texts(ANNA)) == 1)
        await asyncio.sleep(0.3)
    assert len(api.called("sendMessage", ANNA)) == 1


@pytest.mark.parametrize("kind", ["lost", "unanswered"])
async def test_a_stop_that_telegram_never_answered_is_sent_until_it_does(
    house: House, api: BotApi, kind: str
) -> None:
    house.patient(str(ANNA))
    api.trouble("sendMessage", kind, times=2, seconds=0)
    async with polling(house, api):
        api.say(ANNA, CHEST)
        await until(lambda: outcomes(house) == ["say_stop_chest sent"])
    assert words(house, STOP) in api.texts(ANNA)
    assert len(api.called("sendMessage", ANNA)) == 3


async def test_words_that_never_left_for_want_of_a_connection_are_sent_later(
    house: House, api: BotApi
) -> None:
    house.patient(str(ANNA)).is_asked("chat_thanks")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
    async with Door(house, open_bot(TOKEN, nobody), PICTURES).running():
        await until(lambda: house.database.rows("SELECT attempts FROM outbox") == [(1,)])
    assert outcomes(house) == ["chat_thanks pending"]
    house.clock.skip(timedelta(seconds=10))
    async with polling(house, api):
        await until(lambda: outcomes(house) == ["chat_thanks sent"])


async def test_what_was_sent_is_not_sent_again_because_the_records_were_gone_meanwhile(
    house: House, api: BotApi
) -> None:
    house.patient(str(ANNA))
    sent, broken = house.post.sent, []

    def keep(message_id: str, *, confirmed: bool) -> None:
        if len(broken) < 3:
            broken.append(message_id)
            raise OSError("the disk is full")
        sent(message_id, confirmed=confirmed)

    house.post.sent = keep  # type: ignore[method-assign]
    async with polling(house, api):
        api.say(ANNA, "hello")
        await until(lambda: outcomes(house) == ["chat_greet sent"])
    assert len(broken) == 3
    assert len(api.texts(ANNA)) == 1


async def test_a_patient_who_blocked_the_bot_is_unreachable_and_left_alone_until_they_write(
    house: House, api: BotApi
) -> None:
    person = house.patient(str(ANNA))
    person.is_asked("chat_thanks")
    person.is_asked("chat_goodbye")
    api.block(ANNA, tell=False)
    async with polling(house, api):
        await until(lambda: person.record.unreachable_since is not None)
        await until(lambda: outcomes(house) == ["chat_thanks failed", "chat_goodbye failed"])
        assert len(api.called("sendMessage")) == 1
        api.blocked.clear()
        api.say(ANNA, "hello")
        await until(lambda: api.texts(ANNA) == [words(house, "chat_greet")])
    assert person.record.unreachable_since is None


async def test_blocking_and_letting_in_again_are_noticed_at_once(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    async with polling(house, api):
        api.block(ANNA)
        await until(lambda: person.record.unreachable_since is not None)
        person.is_asked("chat_thanks")
        await until(lambda: outcomes(house) == ["chat_thanks failed"])
        api.unblock(ANNA)
        await until(lambda: person.record.unreachable_since is None)
    assert api.called("sendMessage") == []


async def test_nobody_is_reminded_who_cannot_be_reached(house: House) -> None:
    person = house.patient(str(ANNA), reminder="08:00")
    patient_id = person.id
    with house.records.unit() as uow:
        uow.patients.remind_at(patient_id, house.clock())
        uow.patients.set_unreachable(patient_id, house.clock())
        uow.commit()
    await house.round()
    assert person.ids == []


@pytest.mark.parametrize(
    ("text", "level", "said"),
    [
        (CHEST, "stop", "say_stop_chest"),
        ("I want to kill myself", "crisis", "say_crisis"),
        ("I feel weird in my chest", "check", "say_check_chest"),
    ],
)
@pytest.mark.parametrize("kind", ["blocked", "refused"])
async def test_an_alarm_that_could_not_be_delivered_raises_a_flag_once(
    house: House, api: BotApi, text: str, level: str, said: str, kind: str
) -> None:
    house.patient(str(ANNA))
    api.trouble("sendMessage", kind, times=99)
    async with polling(house, api):
        api.say(ANNA, text)
        await until(lambda: undelivered(house) == [(level, f"not delivered: {said}")])
        await asyncio.sleep(0.3)
    assert len(undelivered(house)) == 1


async def test_an_alarm_still_undelivered_after_a_minute_raises_a_flag_and_is_tried_on(
    house: House, api: BotApi
) -> None:
    house.patient(str(ANNA))
    api.trouble("sendMessage", "error", times=3)
    async with polling(house, api):
        api.say(ANNA, CHEST)
        await until(lambda: len(api.called("sendMessage")) == 1)
        assert [f.summary for f in house.flags()] == ["chest_pain"]
        house.clock.skip(timedelta(seconds=61))
        await until(lambda: "not delivered: say_stop_chest" in [f.summary for f in house.flags()])
        house.clock.skip(timedelta(seconds=10))
        await until(lambda: api.texts(ANNA) == [words(house, STOP)])
    assert len(house.flags()) == 2


async def test_words_that_are_a_day_late_are_given_up(house: House, api: BotApi) -> None:
    house.patient(str(ANNA)).is_asked("chat_thanks")
    house.clock.skip(timedelta(hours=25))
    api.trouble("sendMessage", "error", times=9)
    async with polling(house, api):
        await until(lambda: outcomes(house) == ["chat_thanks failed"])
    assert house.flags() == []


async def test_where_telegram_takes_no_buttons_the_words_go_alone(house: House, api: BotApi) -> None:
    house.patient(str(ANNA))
    api.trouble("sendMessage", "refused")
    async with polling(house, api):
        api.say(ANNA, CHEST)
        await until(lambda: api.texts(ANNA) == [words(house, STOP)])
    assert {flag.summary for flag in house.flags()} == {"chest_pain"}


async def test_the_progress_picture_comes_as_a_photo_with_its_words_below(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    house.engine.script["/progress"] = house.engine.script["progress"] = house.library.say(
        "progress_shown", days="Monday: 4"
    )
    async with polling(house, api):
        api.say(ANNA, "/progress")
        await until(lambda: len(api.texts(ANNA)) == 1)
    assert (api.last(ANNA).photo or b"").startswith(b"\x89PNG")
    assert "Monday: 4" in api.last(ANNA).text
    assert person.record.door == "telegram"


async def test_a_kept_picture_comes_as_a_photo_and_the_words_go_without_one_that_is_missing(
    house: House, api: BotApi, tmp_path: Path
) -> None:
    patient_id = house.patient(str(ANNA)).id
    (tmp_path / "knee.png").write_bytes(b"\x89PNG knee")
    for image in ("knee.png", "gone.png"):
        with house.records.unit() as uow:
            (reply,) = house.library.say("chat_thanks")
            uow.messages.say(patient_id, replace(reply, image=image), in_reply_to=None, now=house.clock())
            uow.commit()
    async with polling(house, api, pictures=tmp_path):
        await until(lambda: len(api.texts(ANNA)) == 2)
    assert [shown.photo for shown in api.chats[ANNA]] == [b"\x89PNG knee", None]


async def test_a_persons_own_data_comes_as_a_file_with_the_words_behind_it(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    house.engine.script["my data"] = house.library.say("export_data_done")
    async with polling(house, api):
        api.say(ANNA, "my data")
        await until(lambda: len(api.chats[ANNA]) == 2)
    file, words = api.chats[ANNA]
    kept = json.loads(file.document or b"")
    assert kept["patients"][0]["id"] == person.id
    assert words.document is None
    assert words.text


async def test_two_hundred_patients_at_once_are_each_answered_exactly_once_and_in_order(
    house: House, api: BotApi
) -> None:
    api.most_per_second = 30
    chats = range(1000, 1200)
    for chat in chats:
        house.patient(str(chat))
        for text in ("one", "two"):
            api.say(chat, text)
    house.engine.script["one"] = house.library.say("chat_thanks")
    house.engine.script["two"] = house.library.say("chat_goodbye")
    async with polling(house, api):
        await until(lambda: all(len(api.texts(chat)) == 2 for chat in chats), 120)
        await asyncio.sleep(1)
    expected = [words(house, "chat_thanks"), words(house, "chat_goodbye")]
    assert [api.texts(chat) for chat in chats] == [expected] * len(chats)
    assert {outcome.split()[1] for outcome in outcomes(house)} == {"sent"}
