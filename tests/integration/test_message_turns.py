"""The engine's turn: in order, one at a time for a person, honest when silent, never misleading when late."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from message_house import House, until

from bot.facts.clinical import SymptomFact
from bot.facts.talk import TurnState
from bot.records import SqlRecords
from bot.records.records import SqlUnit
from bot.usecases.engine_turn import Begun, EngineTurns
from bot.usecases.ports import Screen

CHEST = "I've got a tight pain in my chest"
SLOW = "what is pacing?"
UNCLEAR = "I feel weird in my chest"


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
    covered = await late
    assert person.ids == ["say_stop_chest"]
    assert person.states == [TurnState.ANSWERED, TurnState.ANSWERED]
    (stop,) = [m.id for m in person.wrote if m.text == CHEST]
    assert house.talk.answer_to(covered.message_id)[1]["covered_by"] == stop


async def test_an_ordinary_turn_takes_the_write_lock_three_times(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept, screened and taken, answered: each costs everybody else at the database a wait.

    Only what was kept must be on the disk: the rest is done again from it.
    """
    person = house.patient()
    begun: list[bool] = []
    unit = SqlRecords.unit

    def counted(records: SqlRecords, *, redone: bool = False) -> AbstractContextManager[SqlUnit]:
        begun.append(redone)
        return unit(records, redone=redone)

    monkeypatch.setattr(SqlRecords, "unit", counted)
    await person.send("hello")
    assert begun == [False, True, True]


async def test_an_answer_that_waits_for_the_lease_takes_it_from_whoever_screened_the_next_message(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the lease's commit and its being told lies a moment; the patient must not wait it out."""
    person = house.patient()
    committed, told = threading.Event(), threading.Event()
    go_on = EngineTurns.go_on

    def told_late(turns: EngineTurns, patient_id: str, begun: Begun) -> None:
        committed.set()
        assert told.wait(5)
        go_on(turns, patient_id, begun)

    monkeypatch.setattr(EngineTurns, "go_on", told_late)
    arriving = asyncio.create_task(asyncio.to_thread(person.arrive, "hello"))
    await until(committed.is_set)
    answering = asyncio.create_task(house.receive.answer(person.id))
    await asyncio.sleep(0.2)
    assert house.engine.texts == []
    told.set()
    await arriving
    await asyncio.wait_for(answering, 2)
    assert person.ids == ["chat_greet"]


class Pausing:
    """The real screening, which waits with the words of a stop until it is told to go on."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._screen, name)

    def read(self, text: str) -> tuple[SymptomFact, ...]:
        if text == CHEST:
            self.reached.set()
            assert self.go_on.wait(10)
        return self._screen.read(text)


@pytest.mark.parametrize(
    ("between", "ids"),
    [
        ("hello", ["say_stop_standing", "ask_care_sought"]),
        ("my knee is swollen", ["say_assess_joint_swelling", "say_stop_standing", "ask_care_sought"]),
    ],
)
async def test_a_message_between_a_stop_and_its_verdict_is_told_that_the_stop_stands(
    house: House, screen: Screen, between: str, ids: list[str]
) -> None:
    pausing = Pausing(screen)
    house.screen_with(cast(Screen, pausing))
    person = house.patient()
    house.engine.held[between] = asyncio.Event()
    house.engine.script[between] = house.library.say("ask_session_minutes")
    stopping = asyncio.create_task(person.send(CHEST))
    await until(pausing.reached.is_set)
    asking = asyncio.create_task(person.send(between))
    await until(lambda: house.engine.texts == [between])
    pausing.go_on.set()
    await until(lambda: person.ids == ["say_stop_chest"])
    house.engine.held[between].set()
    stop, asked = await asyncio.gather(stopping, asking)
    assert person.answers_to(stop) == ["say_stop_chest"]
    assert person.answers_to(asked) == ids
    assert "covered_by" not in house.talk.answer_to(asked.message_id)[1]


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
    await house.round()
    await house.round()
    assert person.ids == ["engine_down"]
    house.engine.silent = False
    await house.round()
    await house.round()
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
    await house.round()
    assert house.engine.texts[heard:] == ["hello", "what is pacing?", "my knee is swollen"]
    assert person.ids[3:] == ["chat_greet"] * 3


async def test_while_late_answers_hang_a_check_is_still_taken_seriously_in_time(house: House) -> None:
    waiting, unclear = house.patient("anna"), house.patient("bert")
    house.engine.silent = True
    await waiting.send("hello")
    await unclear.send(UNCLEAR)
    house.engine.silent = False
    house.engine.held["hello"] = asyncio.Event()
    hanging = asyncio.create_task(house.due.with_the_engine())
    await until(lambda: house.engine.persons_at_once == 1)
    house.clock.skip(timedelta(hours=1))
    await asyncio.to_thread(house.due.on_time)
    assert "say_stop_chest" in unclear.ids
    house.engine.held["hello"].set()
    await hanging


async def test_late_answers_of_several_people_are_asked_for_side_by_side(house: House) -> None:
    people = [house.patient(name) for name in ("anna", "bert", "cora")]
    house.engine.silent = True
    for person in people:
        await person.send("hello")
    house.engine.silent = False
    house.engine.slow["hello"] = 0.2
    await house.round()
    assert house.engine.persons_at_once == len(people)
    assert all(person.ids == ["engine_down", "chat_greet"] for person in people)


async def test_an_answer_that_cannot_be_written_holds_up_nobody_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bert = house.patient("anna"), house.patient("bert")
    house.engine.silent = True
    await anna.send("hello")
    await bert.send("hello")
    house.engine.silent = False
    answer = house.receive.answer

    async def broken_for_anna(patient_id: str) -> None:
        if patient_id == anna.id:
            raise RuntimeError("a row that can't be written")
        await answer(patient_id)

    monkeypatch.setattr(house.receive, "answer", broken_for_anna)
    await house.round()
    assert bert.ids == ["engine_down", "chat_greet"]


async def test_a_reminder_that_cannot_be_said_holds_up_no_check(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    unclear = house.patient()
    await unclear.send(UNCLEAR)
    house.clock.skip(timedelta(hours=1))

    def broken(*args: object) -> None:
        raise KeyError("reminder")

    monkeypatch.setattr("bot.usecases.due.remind_due", broken)
    await house.round()
    assert "say_stop_chest" in unclear.ids


SWOLLEN = "my knee is swollen"
TOLD = "say_assess_joint_swelling"


@pytest.mark.parametrize("more", [(), ("offer_resume",)])
async def test_an_assess_judged_while_the_engine_was_silent_is_told_exactly_once(
    house: House, more: tuple[str, ...]
) -> None:
    person = house.patient()
    house.engine.silent = True
    assert await person.say(SWOLLEN) == [TOLD]
    house.engine.silent = False
    further = [reply for content_id in more for reply in house.library.say(content_id)]
    house.engine.script[SWOLLEN] = [*house.library.say(TOLD, emergency="999"), *further]
    await house.round()
    await house.round()
    assert person.ids == [TOLD, *more]
    assert person.states == [TurnState.ANSWERED]


async def test_an_assess_that_is_reported_again_is_told_again(house: House) -> None:
    person = house.patient()
    house.engine.silent = True
    await person.send(SWOLLEN)
    house.engine.silent = False
    house.engine.script[SWOLLEN] = house.library.say(TOLD, emergency="999")
    assert await person.say(SWOLLEN) == [TOLD]
    assert person.ids == [TOLD, TOLD]


async def test_a_gentle_word_due_is_said_also_when_the_engine_is_silent(house: House) -> None:
    person = house.patient()
    house.engine.silent = True
    assert "say_care_past" in await person.say("I used to want to kill myself")


async def test_a_stop_is_whole_without_the_engine_and_gets_no_second_word_later(house: House) -> None:
    person = house.patient()
    house.engine.silent = True
    assert await person.say(CHEST) == ["say_stop_chest"]
    house.engine.silent = False
    await house.round()
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
    await house.round()
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
    understood = house.talk.answer_to(arrival.message_id)[1]
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
