"""What patients do on Telegram: buttons, commands, edits, pictures, voice; and what they see then."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from bot_api import BotApi
from bot_at_work import ANNA, BEN, CHEST, polling, until
from message_house import House, Person

GROUP = -100500
PHOTO = [{"file_id": "f", "file_unique_id": "u", "width": 90, "height": 90}]
FILE = {"file_id": "f", "file_unique_id": "u"}
STICKER = {**FILE, "width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
CONTACT = {"phone_number": "0123", "first_name": "Ben"}
PLACE = {"latitude": 1.0, "longitude": 2.0}
HEARD = "chat_greet"


async def hears(house: House, api: BotApi, person: Person, count: int = 1) -> list[str]:
    """The content ids said to the person, once so many stand in the chat."""
    await until(lambda: len(api.texts(int(person.address))) >= count)
    return person.ids


async def test_buttons_are_shown_with_one_time_tokens_and_a_press_answers_the_question(
    house: House, api: BotApi
) -> None:
    person = house.patient(str(ANNA))
    person.is_asked("ask_pain_now")
    async with polling(house, api):
        await until(lambda: len(api.texts(ANNA)) == 1)
        asked = api.last(ANNA)
        assert {b["callback_data"] for row in asked.keyboard for b in row} == {
            token for _, token in person.heard[0].buttons
        }
        api.press(ANNA, "4")
        await until(lambda: len(api.texts(ANNA)) == 2)
        await until(lambda: asked.buttons == ["✓ 4"])
        await until(lambda: all(api.queries.values()))
    assert house.engine.heard[-1].metadata["answer"] == {"slot": "pain_now", "value": "4"}


async def test_a_button_pressed_twice_counts_once_and_is_switched_off(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    person.is_asked("ask_pain_now")
    async with polling(house, api):
        await until(lambda: len(api.texts(ANNA)) == 1)
        asked, data = api.find(ANNA, "4")
        api.press_data(ANNA, data, asked)
        api.press_data(ANNA, data, asked)
        assert sorted(await hears(house, api, person, 3)) == ["ask_pain_now", HEARD, "used_button"]
        await until(lambda: asked.buttons in ([], ["✓ 4"]))
    assert [heard.text for heard in house.engine.heard] == ["4"]


async def test_a_button_from_before_a_stop_does_nothing_any_more_and_is_switched_off(
    house: House, api: BotApi
) -> None:
    person = house.patient(str(ANNA))
    person.is_asked("ask_pain_now")
    async with polling(house, api):
        await until(lambda: len(api.texts(ANNA)) == 1)
        asked, data = api.find(ANNA, "4")
        api.say(ANNA, CHEST)
        await until(lambda: len(api.texts(ANNA)) == 2)
        api.press_data(ANNA, data, asked)
        await until(lambda: "used_button" in person.ids)
        await until(lambda: asked.buttons == [])


async def test_a_button_that_only_shows_what_was_chosen_says_nothing(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    person.is_asked("ask_pain_now")
    async with polling(house, api):
        await until(lambda: len(api.texts(ANNA)) == 1)
        asked = api.last(ANNA)
        api.press(ANNA, "4")
        await until(lambda: asked.buttons == ["✓ 4"])
        api.press(ANNA, "✓ 4")
        await until(lambda: len(api.queries) == 2 and all(api.queries.values()))
    assert [m.text for m in person.wrote] == ["4"]


async def test_somebody_elses_button_and_a_forged_one_do_nothing(house: House, api: BotApi) -> None:
    house.patient(str(ANNA)).is_asked("ask_pain_now")
    ben = house.patient(str(BEN))
    async with polling(house, api):
        await until(lambda: len(api.texts(ANNA)) == 1)
        asked, data = api.find(ANNA, "4")
        api.press_data(BEN, data, asked)
        api.press_data(BEN, "do:delete_data", asked)
        assert await hears(house, api, ben, 2) == ["used_button", "used_button"]
    assert house.engine.heard == []


async def test_the_menu_holds_every_command_with_its_meaning(house: House, api: BotApi) -> None:
    async with polling(house, api):
        await until(lambda: bool(api.commands))
    assert [command["command"] for command in api.commands] == [
        *("start", "help", "log", "check", "plan", "progress"),
        *("learn", "cue", "privacy", "export", "delete", "pause"),
    ]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("/start", "start_onboarding"),
        ("/start from_the_clinic", "start_onboarding"),
        ("/help", "help"),
        ("/log", "log_symptom"),
        ("/log@SafeCueBot", "log_symptom"),
        ("/check", "sign_check"),
        ("/plan", "plan_today"),
        ("/Progress", "view_progress"),
        ("/learn", "start_goals"),
        ("/cue", "start_cue"),
        ("/privacy", "privacy_question"),
        ("/export", "export_data"),
        ("/delete", "delete_data"),
        ("/pause", "stop_reminders"),
    ],
)
async def test_a_command_reaches_the_engine_as_its_intent(house: House, text: str, intent: str) -> None:
    await house.patient(str(ANNA)).send(text)
    (heard,) = house.engine.heard
    assert heard.metadata["intent"] == intent
    assert not heard.text.startswith("/")


async def test_an_unknown_command_gets_a_helpful_answer(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    async with polling(house, api):
        api.say(ANNA, "/fly")
        assert await hears(house, api, person) == ["unknown_command"]


@pytest.mark.parametrize("text", ["/log I have chest pain", "/start I have chest pain"])
async def test_a_sign_behind_a_command_is_a_stop(house: House, api: BotApi, text: str) -> None:
    person = house.patient(str(ANNA))
    async with polling(house, api):
        api.say(ANNA, text)
        assert await hears(house, api, person) == ["say_stop_chest"]


@pytest.mark.parametrize(
    "content",
    [
        {"photo": PHOTO},
        {"voice": {**FILE, "duration": 3}},
        {"sticker": STICKER},
        {"location": PLACE},
        {"contact": CONTACT},
        {"video_note": {**FILE, "length": 9, "duration": 3}},
        {"document": FILE},
        {"something_new": {"of": "2030"}},
    ],
)
async def test_what_holds_no_words_gets_an_answer_that_asks_for_words(
    house: House, api: BotApi, content: dict[str, Any]
) -> None:
    person = house.patient(str(ANNA))
    async with polling(house, api):
        api.message(ANNA, **content)
        assert await hears(house, api, person) == ["not_text"]


@pytest.mark.parametrize(
    "content",
    [
        {"photo": PHOTO, "caption": CHEST},
        {"text": CHEST, "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "Ben"}},
        {"text": CHEST, "quote": {"text": "How are you?", "position": 0}},
        {"voice": {**FILE, "duration": 3}, "caption": CHEST},
    ],
)
async def test_words_in_captions_forwards_and_replies_are_kept_and_screened(
    house: House, api: BotApi, content: dict[str, Any]
) -> None:
    person = house.patient(str(ANNA))
    async with polling(house, api):
        api.message(ANNA, **content)
        assert await hears(house, api, person) == ["say_stop_chest"]
    assert [m.text for m in person.wrote] == [CHEST]


async def test_an_edit_is_screened_and_never_replaces_the_first_words(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    async with polling(house, api):
        api.say(ANNA, "I walked today")
        await until(lambda: len(api.texts(ANNA)) == 1)
        api.edit(ANNA, CHEST)
        assert await hears(house, api, person, 2) == [HEARD, "say_stop_chest"]
    assert [m.text for m in person.wrote] == ["I walked today", CHEST]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("edited_message", {"location": PLACE}),
        ("message", {"message_auto_delete_timer_changed": {"message_auto_delete_time": 86400}}),
        ("channel_post", {"text": "news"}),
    ],
)
async def test_where_nobody_said_anything_nothing_is_said(
    house: House, api: BotApi, kind: str, content: dict[str, Any]
) -> None:
    person = house.patient(str(ANNA))
    async with polling(house, api):
        api.message(ANNA, kind, **content)
        api.say(ANNA, "hello")
        assert await hears(house, api, person) == [HEARD]
        await asyncio.sleep(0.2)
    assert [m.text for m in person.wrote] == ["hello"]


async def test_in_a_group_one_polite_line_is_said_and_nothing_is_kept(house: House, api: BotApi) -> None:
    api.groups.add(GROUP)
    api.say(GROUP, "/start")
    api.say(GROUP, CHEST)
    async with polling(house, api):
        await until(lambda: len(api.called("leaveChat")) >= 1)
        await until(lambda: api.updates == [])
        await asyncio.sleep(0.2)
    assert api.texts(GROUP)[0] == house.library.say("private_chats_only")[0].text
    assert house.talk.patient_id("telegram", str(GROUP)) is None


async def test_typing_is_shown_while_an_answer_takes_its_time(house: House, api: BotApi) -> None:
    house.patient(str(ANNA))
    house.engine.slow["hello"] = 0.8
    async with polling(house, api):
        api.say(ANNA, "hello")
        await until(lambda: len(api.texts(ANNA)) == 1)
    (shown,) = api.called("sendChatAction", ANNA)
    assert shown.given["action"] == "typing"
    assert shown.at < api.last(ANNA).at


async def test_a_very_long_answer_is_split_between_paragraphs_and_ends_with_its_buttons(
    house: House, api: BotApi
) -> None:
    person = house.patient(str(ANNA))
    patient_id = person.id
    (reply,) = house.library.say("chat_greet")
    paragraphs = ["long " * 500 + str(number) for number in range(3)]
    with house.records.unit() as uow:
        long = replace(reply, text="\n\n".join(paragraphs))
        uow.messages.say(patient_id, long, in_reply_to=None, now=house.clock())
        uow.commit()
    async with polling(house, api):
        await until(lambda: len(api.texts(ANNA)) == 3)
    assert api.texts(ANNA) == paragraphs
    assert [bool(shown.buttons) for shown in api.chats[ANNA]] == [False, False, True]


async def test_a_long_answer_that_broke_off_goes_on_where_it_broke(house: House, api: BotApi) -> None:
    person = house.patient(str(ANNA))
    patient_id = person.id
    (reply,) = house.library.say("chat_thanks")
    with house.records.unit() as uow:
        long = replace(reply, text="one " * 1000 + "\n\n" + "two " * 1000)
        uow.messages.say(patient_id, long, in_reply_to=None, now=house.clock())
        uow.commit()
    api.most_per_second = 1
    async with polling(house, api):
        await until(lambda: len(api.texts(ANNA)) == 2)
        await asyncio.sleep(0.3)
    assert [text[:3] for text in api.texts(ANNA)] == ["one", "two"]
