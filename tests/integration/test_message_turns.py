"""The engine's turn: in order, one at a time for a person, honest when silent, never misleading when late."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from message_house import House, until

from bot.facts.talk import TurnState

CHEST = "I've got a tight pain in my chest"
SLOW = "what is pacing?"


async def test_messages_of_one_person_are_answered_in_order_and_one_at_a_time(house: House) -> None:
    person = house.patient()
    texts = [f"tell me about thing {number}" for number in range(5)]
    house.engine.slow = {text: 0.05 / (place + 1) for place, text in enumerate(texts)}
    for text in texts:
        person.arrive(text)
    await asyncio.gather(*(house.receive.answer(person.id) for _ in texts))
    assert house.engine.texts == texts
    assert house.engine.most_at_once[person.id] == 1
    assert [m.in_reply_to for m in person.heard] == [m.id for m in person.wrote]


async def test_two_people_are_answered_side_by_side(house: House) -> None:
    anna, ben = house.patient("anna"), house.patient("ben")
    house.engine.held[SLOW] = asyncio.Event()
    waiting = asyncio.create_task(anna.send(SLOW))
    await until(lambda: house.engine.texts == [SLOW])
    assert await ben.say("hello") == ["chat_greet"]
    assert not waiting.done()
    house.engine.held[SLOW].set()
    await waiting
    assert house.engine.persons_at_once == 2
    assert anna.ids == ["chat_greet"]


async def test_a_late_reply_to_an_earlier_message_is_dropped_after_a_stop(house: House) -> None:
    person = house.patient()
    house.engine.slow[SLOW] = 0.2
    house.engine.script[SLOW] = house.library.say("lesson_hurt_vs_harm")
    late = asyncio.create_task(person.send(SLOW))
    await until(lambda: house.engine.texts == [SLOW])
    await asyncio.to_thread(person.arrive, CHEST)
    await late
    assert person.ids == ["say_stop_chest"]
    assert person.states == [TurnState.ANSWERED, TurnState.ANSWERED]


async def test_a_late_reply_without_a_stop_in_between_is_said(house: House) -> None:
    person = house.patient()
    house.engine.slow[SLOW] = 0.1
    house.engine.script[SLOW] = house.library.say("chat_thanks")
    assert await person.say(SLOW) == ["chat_thanks"]


async def test_a_silent_engine_is_said_honestly_once_and_the_answer_comes_later_once(house: House) -> None:
    person = house.patient()
    house.engine.silent = True
    assert await person.say("hello") == ["engine_down"]
    assert "999" in person.words
    assert person.states == [TurnState.WAITING]
    await house.due.everything()
    await house.due.everything()
    assert person.ids == ["engine_down"]
    house.engine.silent = False
    await house.due.everything()
    await house.due.everything()
    assert person.ids == ["engine_down", "chat_greet"]
    assert person.states == [TurnState.ANSWERED]


async def test_every_message_to_a_silent_engine_gets_a_word_and_later_its_answer_in_order(
    house: House,
) -> None:
    person = house.patient()
    house.engine.silent = True
    assert await person.say("hello") == ["engine_down"]
    assert await person.say("what is pacing?") == ["engine_down"]
    assert await person.say("my knee is swollen") == ["say_assess_joint_swelling"]
    house.engine.silent = False
    heard = len(house.engine.heard)
    await house.due.everything()
    assert house.engine.texts[heard:] == ["hello", "what is pacing?", "my knee is swollen"]
    assert person.ids[3:] == ["chat_greet"] * 3


async def test_a_gentle_word_due_is_said_also_when_the_engine_is_silent(house: House) -> None:
    person = house.patient()
    house.engine.silent = True
    assert "say_care_past" in await person.say("I used to want to kill myself")


async def test_a_stop_is_whole_without_the_engine_and_gets_no_second_word_later(house: House) -> None:
    person = house.patient()
    house.engine.silent = True
    assert await person.say(CHEST) == ["say_stop_chest"]
    house.engine.silent = False
    await house.due.everything()
    assert person.ids == ["say_stop_chest"]
    assert person.states == [TurnState.ANSWERED]


async def test_a_reply_is_written_once_also_where_the_lease_ran_out_and_another_process_took_the_turn(
    house: House,
) -> None:
    person = house.patient()
    house.engine.held["hello"] = asyncio.Event()
    first = asyncio.create_task(person.send("hello"))
    await until(lambda: len(house.engine.heard) == 1)
    house.clock.skip(timedelta(seconds=20))
    second = asyncio.create_task(house.receive.answer(person.id))
    await until(lambda: len(house.engine.heard) == 2)
    house.engine.held["hello"].set()
    await asyncio.gather(first, second)
    assert person.ids == ["chat_greet"]


async def test_an_engine_that_breaks_leaves_the_turn_free_for_another_try(house: House) -> None:
    person = house.patient()
    working = house.engine.turn

    async def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a fault of ours")

    house.engine.turn = broken  # type: ignore[method-assign, assignment]
    with pytest.raises(RuntimeError):
        await person.send("hello")
    house.engine.turn = working  # type: ignore[method-assign]
    await house.due.everything()
    assert person.ids == ["chat_greet"]


async def test_what_is_delivered_leaves_the_outbox(house: House) -> None:
    person = house.patient()
    await person.send("hello")
    house.talk.delivered([m.id for m in person.heard])
    assert list(house.outbox()) == []


async def test_the_talk_is_shown_in_order_and_from_where_one_left_off(house: House) -> None:
    person = house.patient()
    await person.send("hello")
    seen = person.transcript[-1].seq
    await person.send("what is pacing?")
    assert [m.text for m in person.transcript if m.text in {"hello", "what is pacing?"}] == [
        "hello",
        "what is pacing?",
    ]
    newer = house.talk.transcript("web", "anna", after=seen)
    assert [m.seq for m in newer] == [seen + 1, seen + 2]
    assert house.talk.transcript("web", "nobody") == ()
    assert house.talk.patient_id("web", "nobody") is None


async def test_what_the_engine_understood_is_kept_with_the_message(house: House) -> None:
    person = house.patient()
    arrival = await person.send("hello")
    understood = house.talk.understanding(arrival.message_id)
    assert understood["intent"] == "greet"
    assert understood["ranking"] == [["greet", 0.9]]


async def test_a_message_that_breaks_the_engine_each_time_does_not_hold_up_the_next(house: House) -> None:
    person = house.patient()
    house.engine.broken_by = {"poison"}
    assert await person.say("poison") == ["action_failed"]
    assert await person.say("hello") == ["chat_greet"]
    assert person.states == [TurnState.ANSWERED, TurnState.ANSWERED]


@pytest.mark.parametrize(
    ("profile", "zone"),
    [({"zone": "Asia/Tokyo"}, "Asia/Tokyo"), ({"country": "AU"}, "Australia/Sydney")],
)
async def test_doors_draw_the_days_of_the_patients_own_zone(
    house: House, profile: dict[str, str], zone: str
) -> None:
    person = house.patient(**profile)
    await person.send("hello")
    assert house.talk.zone(person.id) == ZoneInfo(zone)


@pytest.mark.parametrize("text", ["no, I meant 4", "wrong button", "sorry, I meant my back"])
async def test_a_correction_is_told_to_the_engine_as_one_whatever_question_is_open(
    house: House, text: str
) -> None:
    person = house.patient()
    await person.send("hello")
    person.is_asked("ask_modify_why")
    await person.send(text)
    heard = house.engine.heard[-1].metadata
    assert (heard["intent"], heard["answer"]) == ("correct_entry", None)


async def test_a_sign_in_a_correction_is_a_stop(house: House) -> None:
    person = house.patient()
    assert (await person.say("no, I meant my chest hurts"))[0].startswith("say_stop_chest")
