"""The machine's clock is set back by an hour: nobody waits that hour for a word, least of all for a stop."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from message_house import House

from bot.facts.talk import TurnState

HOUR = timedelta(hours=1)
CHEST = "I've got a tight pain in my chest"


def set_back(house: House) -> None:
    house.clock.skip(-HOUR)


def due(house: House) -> list[str]:
    return [parcel.message.content_id or "" for parcel in house.outbox()]


async def test_a_stop_that_was_written_before_it_is_carried_at_once(house: House) -> None:
    await house.patient().send(CHEST)
    set_back(house)
    assert due(house) == ["say_stop_chest"]


async def test_a_stop_that_telegram_put_off_is_tried_again_and_then_in_a_while(house: House) -> None:
    await house.patient().send(CHEST)
    (parcel,) = house.post.due(house.door, 10, ())
    house.post.put_off(parcel, "RetryAfter", timedelta(seconds=30))
    assert house.post.due(house.door, 10, ()) == []
    set_back(house)
    (parcel,) = house.post.due(house.door, 10, ())
    house.post.put_off(parcel, "RetryAfter", timedelta(seconds=30))
    assert house.post.due(house.door, 10, ()) == []
    house.clock.skip(timedelta(seconds=31))
    assert due(house) == ["say_stop_chest"]


async def test_a_turn_whose_process_died_before_it_is_taken_up_again(house: House) -> None:
    person = house.patient()
    again = await asyncio.to_thread(person.arrive, "what is pacing?")
    house.screen_with(house.screen)
    await house.round()
    assert person.answers_to(again) == [], "its lease still runs"
    set_back(house)
    await house.round()
    assert person.answers_to(again) == ["chat_greet"]


async def test_a_message_kept_but_not_screened_before_it_is_screened(house: House) -> None:
    person = house.patient()
    with house.records.unit() as uow:
        uow.messages.receive(
            person.id, text=CHEST, payload=None, door_key=None, now=house.clock(), erase_at=None
        )
        uow.commit()
    set_back(house)
    await house.round()
    assert person.ids == ["say_stop_chest"]


@pytest.mark.parametrize("texts", [("hello", CHEST), (CHEST, "hello")])
async def test_words_from_before_and_after_it_stay_in_order_and_are_answered_once(
    house: House, texts: tuple[str, str]
) -> None:
    person = house.patient()
    first = await person.send(texts[0])
    set_back(house)
    second = await person.send(texts[1])
    assert [message.text for message in person.wrote] == list(texts)
    assert person.states == [TurnState.ANSWERED, TurnState.ANSWERED]
    for arrival in (first, second):
        answers = person.answers_to(arrival)
        assert len(set(answers)) == len(answers) >= 1


async def test_words_written_before_it_do_not_leave_behind_a_stop_that_came_after_it(house: House) -> None:
    person = house.patient()
    await person.send("hello")
    (waiting,) = house.post.due(house.door, 10, ())
    set_back(house)
    await person.send(CHEST)
    assert house.post.letter(waiting) is None
    assert due(house) == ["say_stop_chest"]
