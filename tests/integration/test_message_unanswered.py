"""What the clock does with an alarm that nobody answers: a check, and the silence after a stop."""

from __future__ import annotations

from datetime import timedelta

import pytest
from message_house import House

from bot.facts.clinical import Level
from bot.usecases.ports import Screen

ASK = "give me a cue before I move"
CHEST = "I feel weird in my chest"
DIZZY = "might be dizzy"
STOP = "I've got a tight pain in my chest"
CRISIS = "I want to kill myself"
MINUTE = timedelta(minutes=1)


def wait(house: House) -> timedelta:
    return timedelta(minutes=house.library.number("check_unanswered_minutes"))


def flagged(house: House) -> list[tuple[str, str, str]]:
    return [(flag.level, flag.urgency, flag.summary) for flag in house.flags()]


async def silence(house: House, span: timedelta) -> None:
    house.clock.skip(span)
    await house.round()


@pytest.mark.parametrize(
    ("text", "says", "level"),
    [
        (CHEST, "say_stop_chest", "stop"),
        ("my breathing is a bit strange", "say_stop_breath", "stop"),
        ("my face feels funny", "say_stop_now", "stop"),
        ("my arm feels odd", "say_stop_limb", "stop"),
        ("what is the point of it all", "say_crisis", "crisis"),
    ],
)
async def test_an_unanswered_check_on_what_cannot_wait_is_taken_for_meant_once_and_flagged_now(
    house: House, text: str, says: str, level: str
) -> None:
    person = house.patient()
    asked = await person.say(text)
    assert asked[-1] == "ask_check"
    await silence(house, wait(house) - MINUTE)
    assert person.ids == asked
    assert house.flags() == []
    await silence(house, 2 * MINUTE)
    said = person.ids[len(asked) :]
    assert set(said) == {says, "ask_check"}
    ((flag_level, urgency, summary),) = flagged(house)
    assert (flag_level, urgency) == (level, "now")
    assert summary.startswith("check not answered: ")
    await silence(house, 3 * wait(house))
    assert person.ids[len(asked) :] == said
    assert len(house.flags()) == 1
    assert person.levels == [Level.CHECK]


async def test_any_other_unanswered_check_is_asked_once_more_and_then_flagged_soon(house: House) -> None:
    person = house.patient()
    assert await person.say(DIZZY) == ["say_check_dizzy", "ask_check"]
    await silence(house, wait(house) + MINUTE)
    assert person.ids[2:] == ["say_check_dizzy", "ask_check"]
    assert house.flags() == []
    await silence(house, wait(house) - 2 * MINUTE)
    assert house.flags() == []
    await silence(house, 4 * MINUTE)
    await silence(house, 2 * wait(house))
    assert flagged(house) == [("check", "soon", "check not answered: dizzy_or_faint")]
    assert person.ids[4:] == []


async def test_exercise_stays_closed_until_a_check_is_answered_however_late(house: House) -> None:
    person = house.patient()
    person.is_green()
    house.engine.script[ASK] = house.cue()
    await person.send(DIZZY)
    await silence(house, timedelta(days=3))
    await silence(house, timedelta(days=3))
    assert await person.say(ASK) == ["ask_check"]
    assert await person.press("I meant something else") == ["check_closed"]
    person.is_green()
    assert "cue_knee_squat" in await person.say(ASK)


async def test_another_reply_leaves_a_check_open_is_answered_and_screened_itself(house: House) -> None:
    person = house.patient()
    await person.send(CHEST)
    lesson = house.library.say("lesson_hurt_vs_harm")
    house.engine.script["what is pacing?"] = lesson
    assert await person.say("what is pacing?") == ["lesson_hurt_vs_harm"] * len(lesson)
    assert person.levels == [Level.CHECK]
    assert await person.say("my leg has gone numb") == ["say_stop_limb"]
    assert person.levels == [Level.CHECK, Level.STOP]


@pytest.mark.parametrize("content_id", ["cue_knee_squat", "modify_easier", "lesson_proud_progress"])
async def test_no_cue_no_plan_and_no_cheer_while_a_check_is_open(house: House, content_id: str) -> None:
    person = house.patient()
    person.is_green()
    await person.send(CHEST)
    house.engine.script[ASK] = house.library.say(content_id, goal="dance again")
    assert await person.say(ASK) == ["ask_check"]


async def test_no_reminder_is_said_while_a_check_is_open(house: House) -> None:
    person = house.patient(reminder="10:00")
    await person.send(DIZZY)
    with house.records.unit() as uow:
        uow.patients.remind_at(person.id, house.clock() + timedelta(hours=1))
        uow.commit()
    await silence(house, timedelta(hours=1, minutes=5))
    assert "reminder_daily" not in person.ids


async def test_an_unanswered_check_survives_a_restart_in_the_middle_of_the_night(
    house: House, screen: Screen
) -> None:
    house.clock.set(house.clock().replace(hour=3))
    person = house.patient()
    await person.send(CHEST)
    house.screen_with(screen)
    await silence(house, wait(house) + MINUTE)
    assert person.ids[2:] == ["say_stop_chest", "ask_check"]


async def test_a_clock_that_is_set_back_makes_no_check_wait_for_ever(house: House) -> None:
    person = house.patient()
    await person.send(CHEST)
    house.clock.skip(-timedelta(days=400))
    await house.round()
    await silence(house, wait(house))
    assert person.ids[2:] == ["say_stop_chest", "ask_check"]
    assert len(house.flags()) == 1


async def test_yes_to_a_check_keeps_the_sign_beside_a_new_one(house: House) -> None:
    person = house.patient()
    await person.send(CHEST)
    arrival = await person.send("what is the point of it all")
    assert person.levels == [Level.CHECK, Level.CHECK]
    arrival = await person.send("yes")
    assert person.answers_to(arrival) == ["say_stop_chest", "say_crisis", "say_crisis", "say_crisis"]
    assert person.levels == [Level.CRISIS]
    assert sorted(person.open[0].rules) == ["chest_pain", "crisis"]


@pytest.mark.parametrize(("text", "level"), [(STOP, "stop"), (CRISIS, "crisis")])
async def test_silence_after_a_stop_or_a_crisis_is_flagged_once(house: House, text: str, level: str) -> None:
    span = timedelta(hours=house.library.number("silence_after_stop_hours"))
    person = house.patient()
    await person.send(text)
    await silence(house, span - MINUTE)
    assert len(house.flags()) == 1
    await silence(house, 2 * MINUTE)
    await silence(house, span)
    (_, (flag_level, urgency, summary)) = flagged(house)
    assert (flag_level, urgency) == (level, "now")
    assert summary.startswith(f"silence after {level}: ")
    house.clears(house.flags()[1])
    assert len(person.levels) == 1


async def test_a_word_after_a_stop_is_no_silence(house: House) -> None:
    person = house.patient()
    await person.send(STOP)
    house.clock.skip(timedelta(hours=1))
    await person.send("ok thanks")
    await silence(house, timedelta(days=2))
    assert len(house.flags()) == 1


async def test_a_clinician_who_clears_a_stop_opens_exercise_again(house: House) -> None:
    person = house.patient()
    house.engine.script[ASK] = house.cue()
    await person.send(STOP)
    person.is_green()
    assert "cue_knee_squat" not in await person.say(ASK)
    house.clears(house.flags()[0])
    house.clock.skip(MINUTE)
    person.is_green()
    assert "cue_knee_squat" in await person.say(ASK)
