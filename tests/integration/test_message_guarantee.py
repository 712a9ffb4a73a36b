"""What the engine says is never trusted: only words of the library leave, and only when they may be said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from message_house import House, until

from bot.facts.clinical import Level
from bot.facts.talk import Button, Kind, Reply

ASK = "give me a cue before I move"
CHEST = "I've got a tight pain in my chest"

Forgery = Callable[[House], Reply]


def _honest(house: House) -> Reply:
    return house.library.say("lesson_hurt_vs_harm")[0]


FORGERIES: dict[str, Forgery] = {
    "an id that nobody wrote": lambda h: replace(_honest(h), content_id="lesson_made_up"),
    "an empty id": lambda h: replace(_honest(h), content_id=""),
    "altered words": lambda h: replace(_honest(h), text=_honest(h).text + " Ignore chest pain."),
    "words of another entry": lambda h: replace(_honest(h), text=h.library.say("chat_greet")[0].text),
    "a kind that may be said at any time": lambda h: replace(h.cue()[0], kind=Kind.PLAIN),
    "a cue without its region": lambda h: replace(h.cue()[0], region=None),
    "an old version": lambda h: replace(_honest(h), version="00000000"),
    "a button more": lambda h: replace(_honest(h), buttons=(Button("Delete", "do:delete_data"),)),
    "a picture more": lambda h: replace(_honest(h), image="other.png"),
    "a wrong number to call": lambda h: h.library.say("not_text", emergency="0900 12345")[0],
    "the number of another country": lambda h: h.library.say("not_text", emergency="911")[0],
    "a wrong crisis line": lambda h: h.library.say(
        "crisis_cleared", crisis="a friend of mine", emergency="999"
    )[0],
    "a missing variable": lambda h: replace(h.cue()[0], variables={}),
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
async def test_a_reply_the_library_does_not_vouch_for_is_never_said_and_an_honest_sentence_is(
    house: House, forgery: Forgery
) -> None:
    person = house.patient()
    person.is_green()
    forged = forgery(house)
    house.engine.script[ASK] = (forged,)
    assert await person.say(ASK) == ["action_failed"]
    assert forged.text not in [m.text for m in person.heard]


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
async def test_a_forged_bubble_beside_a_true_one_is_left_out(house: House, forgery: Forgery) -> None:
    person = house.patient()
    house.engine.script[ASK] = (*house.library.say("chat_thanks"), forgery(house))
    assert await person.say(ASK) == ["chat_thanks"]


async def test_an_empty_answer_is_no_silence(house: House) -> None:
    person = house.patient()
    house.engine.script[ASK] = ()
    assert await person.say(ASK) == ["action_failed"]


async def test_true_words_leave_word_for_word_with_buttons_that_work_once(house: House) -> None:
    person = house.patient()
    lesson = house.library.say("lesson_hurt_vs_harm")
    house.engine.script[ASK] = lesson
    await person.send(ASK)
    assert [m.text for m in person.heard] == [r.text for r in lesson]
    assert await person.press("Tell me more") == ["chat_greet"]
    assert house.engine.heard[-1].metadata["intent"] == "tell_more"


def said_of_movement(ids: list[str]) -> list[str]:
    return [i for i in ids if i.startswith(("cue_", "step_"))]


@pytest.mark.parametrize("content_id", ["cue_knee_squat", "cue_general"])
async def test_no_cue_without_a_green_check_and_the_check_is_offered_instead(
    house: House, content_id: str
) -> None:
    person = house.patient()
    house.engine.script[ASK] = house.cue(content_id)
    assert await person.say(ASK) == ["green_first", "ask_sign_check"]


async def test_no_exercise_without_a_green_check(house: House) -> None:
    person = house.patient()
    step = next(iter(house.library.entries(kind=Kind.EXERCISE, region="knee")))
    house.engine.script[ASK] = house.library.say(
        step.id, amount="5", often="Once a day is enough, on three to five days a week."
    )
    assert await person.say(ASK) == ["green_first", "ask_sign_check"]
    assert said_of_movement(person.ids) == []


async def test_after_a_green_check_the_cue_goes_with_the_stop_list(house: House) -> None:
    person = house.patient()
    house.engine.script[ASK] = house.cue()
    await person.send(ASK)
    await person.press("None of these")
    assert await person.say(ASK) == ["cue_knee_squat", "cue_knee_squat", "stop_list"]


async def test_the_stop_list_is_not_said_twice_where_the_engine_brought_it(house: House) -> None:
    person = house.patient()
    person.is_green()
    ours = house.library.say("stop_list", emergency="999", crisis="Samaritans on 116 123, or NHS 111")
    house.engine.script[ASK] = (*house.cue(), *ours)
    said = await person.say(ASK)
    assert said.count("stop_list") == 1


async def test_a_forged_stop_list_does_not_replace_the_true_one(house: House) -> None:
    person = house.patient()
    person.is_green()
    (ours,) = house.library.say("stop_list", emergency="999")
    forged = replace(ours, text="All is well.")
    house.engine.script[ASK] = (*house.cue(), forged)
    assert (await person.say(ASK))[-1] == "stop_list"
    assert person.heard[-1].text == ours.text


@pytest.mark.parametrize("answer", ["Yes, one of these", "Not sure"])
async def test_a_check_that_is_not_green_lets_no_cue_through(house: House, answer: str) -> None:
    person = house.patient()
    house.engine.script[ASK] = house.cue()
    await person.send(ASK)
    await person.press(answer)
    assert said_of_movement(await person.say(ASK)) == []


@pytest.mark.parametrize(
    ("alarm", "words"),
    [
        (CHEST, ["say_stop_standing", "ask_care_sought"]),
        ("I want to kill myself", ["say_crisis_standing", "ask_crisis_over"]),
        ("I feel weird in my chest", ["ask_check"]),
        ("my knee is swollen", ["say_assess_standing", "ask_assess_settled"]),
    ],
)
async def test_no_cue_while_an_alarm_stands_though_the_check_was_green(
    house: House, alarm: str, words: list[str]
) -> None:
    person = house.patient()
    person.is_green()
    house.engine.script[ASK] = house.cue()
    await person.send(alarm)
    assert await person.say(ASK) == words


@pytest.mark.parametrize("content_id", ["lesson_proud_progress", "modify_easier"])
async def test_no_cheer_and_no_plan_while_a_stop_stands(house: House, content_id: str) -> None:
    person = house.patient()
    await person.send(CHEST)
    house.engine.script[ASK] = house.library.say(content_id)
    assert await person.say(ASK) == ["say_stop_standing", "ask_care_sought"]


async def test_an_open_assess_closes_its_own_region_and_leaves_another_open(house: House) -> None:
    person = house.patient()
    await person.send("my knee is swollen")
    assert [sorted(a.regions) for a in person.open] == [["knee"]]
    person.is_green()
    house.engine.script[ASK] = house.cue("cue_knee_squat")
    assert said_of_movement(await person.say(ASK)) == []
    person.is_green()
    house.engine.script[ASK] = house.cue("cue_shoulder_lift")
    assert said_of_movement(await person.say(ASK)) == ["cue_shoulder_lift"] * 2


async def test_after_a_settled_stop_a_new_green_check_is_needed(house: House) -> None:
    person = house.patient()
    person.is_green()
    house.engine.script[ASK] = house.cue()
    await person.send(CHEST)
    await person.send(ASK)
    assert await person.press("Yes, I was seen") == ["stop_cleared"]
    assert person.levels == []
    assert await person.say(ASK) == ["green_first", "ask_sign_check"]
    await person.press("None of these")
    assert said_of_movement(await person.say(ASK))


async def test_a_cue_on_its_way_is_held_back_where_a_sign_came_up_meanwhile(house: House) -> None:
    person = house.patient()
    person.is_green()
    house.engine.script[ASK] = house.cue()
    house.engine.held[ASK] = asyncio.Event()
    late = asyncio.create_task(person.send(ASK))
    await until(lambda: house.engine.texts == [ASK])
    await asyncio.to_thread(person.arrive, "my knee is swollen")
    house.engine.held[ASK].set()
    await late
    assert said_of_movement(person.ids) == []


@pytest.mark.parametrize(
    ("zone", "checked_at", "minutes", "still_green"),
    [
        ("Europe/London", datetime(2026, 6, 10, 22, 50, tzinfo=UTC), 5, True),
        ("Europe/London", datetime(2026, 6, 10, 22, 50, tzinfo=UTC), 15, False),
        ("Pacific/Auckland", datetime(2026, 6, 10, 11, 50, tzinfo=UTC), 15, False),
        ("Pacific/Auckland", datetime(2026, 6, 10, 23, 50, tzinfo=UTC), 15, True),
        ("America/Los_Angeles", datetime(2026, 6, 10, 23, 50, tzinfo=UTC), 15, True),
        ("Europe/London", datetime(2026, 10, 24, 23, 5, tzinfo=UTC), 24 * 60 + 50, True),
        ("Europe/London", datetime(2026, 10, 24, 23, 5, tzinfo=UTC), 24 * 60 + 56, False),
        ("Europe/London", datetime(2026, 3, 29, 0, 5, tzinfo=UTC), 22 * 60 + 50, True),
        ("Europe/London", datetime(2026, 3, 29, 0, 5, tzinfo=UTC), 22 * 60 + 56, False),
    ],
)
async def test_a_green_check_counts_until_the_midnight_of_the_persons_own_zone(
    house: House, zone: str, checked_at: datetime, minutes: int, still_green: bool
) -> None:
    person = house.patient(zone=zone)
    house.clock.set(checked_at)
    person.is_green()
    house.clock.skip(timedelta(minutes=minutes))
    house.engine.script[ASK] = house.cue()
    assert bool(said_of_movement(await person.say(ASK))) is still_green


async def test_a_zone_that_does_not_exist_is_judged_by_the_country(house: House) -> None:
    person = house.patient(zone="Mars/Olympus", country="NZ")
    house.clock.set(datetime(2026, 6, 10, 11, 50, tzinfo=UTC))
    person.is_green()
    house.engine.script[ASK] = house.cue()
    assert said_of_movement(await person.say(ASK))


@pytest.mark.parametrize("content_id", ["lesson_hurt_vs_harm", "lesson_proud_progress"])
async def test_before_consent_no_lesson_and_no_cheer_leaves(house: House, content_id: str) -> None:
    stranger = house.stranger()
    house.engine.script[ASK] = house.library.say(content_id)
    assert await stranger.say(ASK) == ["consent_first"]


async def test_before_consent_no_cue_leaves_whatever_the_check_says(house: House) -> None:
    stranger = house.stranger()
    await stranger.send("hello")
    stranger.is_green()
    house.engine.script[ASK] = house.cue()
    assert await stranger.say(ASK) == ["consent_first"]


async def test_a_question_is_not_put_beside_words_that_were_held_back(house: House) -> None:
    person = house.patient()
    house.engine.script[ASK] = (*house.cue(), *house.library.say("ask_pain_now"))
    assert await person.say(ASK) == ["green_first", "ask_sign_check"]


async def test_levels_stand_side_by_side_and_the_most_urgent_is_named(house: House) -> None:
    person = house.patient()
    await person.send("my knee is swollen")
    await person.send(CHEST)
    assert person.levels == [Level.ASSESS, Level.STOP]
    house.engine.script[ASK] = house.cue()
    assert await person.say(ASK) == ["say_stop_standing", "ask_care_sought"]
