"""The invitation to the first week's questions: at a good moment, once a day, never beside an alarm."""

from __future__ import annotations

from datetime import timedelta

import pytest
from message_house import House, Person

from bot.facts.clinical import Level, SessionEntry
from bot.usecases.first_week import DONE, JOINED

INVITED = "details_invitation"
CHEST = "I've got a tight pain in my chest"


def aboard(house: House, **profile: str) -> Person:
    """Somebody who came aboard just now."""
    return house.patient(**{JOINED: house.clock().date().isoformat(), **profile})


async def test_on_a_later_day_the_end_of_a_talk_invites_once(house: House) -> None:
    person = aboard(house)
    assert await person.say("hello") == ["chat_greet"]
    house.clock.skip(timedelta(days=1))
    assert await person.say("hello") == ["chat_greet", INVITED]
    assert await person.say("hello") == ["chat_greet"]
    house.clock.skip(timedelta(days=1))
    assert await person.say("hello") == ["chat_greet", INVITED]
    house.clock.skip(timedelta(days=6))
    assert await person.say("hello") == ["chat_greet"]


async def test_the_button_of_the_invitation_opens_the_questions(house: House) -> None:
    person = aboard(house)
    house.clock.skip(timedelta(days=1))
    await person.send("hello")
    await person.press("A few quick questions")
    assert house.engine.heard[-1].metadata["intent"] == "start_details"


async def test_who_has_gone_through_the_questions_is_not_invited(house: House) -> None:
    person = aboard(house, **{DONE: "yes"})
    house.clock.skip(timedelta(days=1))
    assert await person.say("hello") == ["chat_greet"]


@pytest.mark.parametrize("words", ["lesson_pacing", "chat_goodbye", "chat_talk_to_clinician", "ask_coping"])
async def test_behind_a_lesson_a_goodbye_or_a_question_nobody_is_invited(house: House, words: str) -> None:
    person = aboard(house)
    house.clock.skip(timedelta(days=1))
    house.engine.script["hm"] = house.library.say(words, emergency="999")
    assert INVITED not in await person.say("hm")


@pytest.mark.parametrize(
    "alarm", [CHEST, "I want to kill myself", "I feel weird in my chest", "my knee is swollen"]
)
async def test_nobody_is_invited_while_an_alarm_stands(house: House, alarm: str) -> None:
    person = aboard(house)
    await person.send(alarm)
    house.clock.skip(timedelta(days=1))
    house.engine.script["hm"] = house.library.say("pain_logged")
    await person.send("hm")
    assert person.levels
    assert INVITED not in person.ids


async def test_a_pain_value_that_raises_an_alarm_is_not_followed_by_an_invitation(house: House) -> None:
    person = aboard(house)
    await person.send("hello")
    who = person.id
    house.clock.skip(timedelta(days=1))
    with house.records.unit() as uow:
        since = house.clock() - timedelta(hours=30)
        for number, (hours, pain) in enumerate([(0, 3), (30, 8)]):
            at = since + timedelta(hours=hours)
            uow.log.add_pain(who, pain=pain, region="knee", message_id=f"pain {number}", now=at)
        session = SessionEntry(at=since + timedelta(hours=1), exercise="squat", region="knee")
        uow.log.add_session(who, session, message_id="session")
        uow.commit()
    person.is_asked("ask_pain_now")
    house.engine.script["8"] = house.library.say("pain_logged")
    said = await person.say("8")
    assert person.levels == [Level.ASSESS]
    assert said[0] == "pain_logged"
    assert INVITED not in said


async def test_the_reminder_of_a_later_day_brings_the_invitation_along(house: House) -> None:
    person = aboard(house, reminder="10:00")
    await person.send("hello")
    with house.records.unit() as uow:
        uow.patients.remind_at(person.id, house.clock() + timedelta(days=1))
        uow.commit()
    house.clock.skip(timedelta(days=1, minutes=1))
    await house.round()
    assert person.ids[-2:] == ["reminder_daily", INVITED]
    assert await person.say("hello") == ["chat_greet"]


@pytest.mark.parametrize("slot", ["sens_spread", "sens_focus", "sens_tired", "sens_stress", "sens_senses"])
async def test_a_yes_to_a_question_of_the_first_week_is_an_answer_and_no_alarm(
    house: House, slot: str
) -> None:
    person = aboard(house)
    await person.send("hello")
    person.is_asked(f"ask_{slot}")
    await person.send("yes")
    assert person.levels == []
    assert house.engine.heard[-1].metadata["answer"] == {"slot": slot, "value": "yes"}


async def test_a_new_spread_told_to_the_question_about_spreading_is_still_judged(house: House) -> None:
    person = aboard(house)
    await person.send("hello")
    person.is_asked("ask_sens_spread")
    await person.send("it started shooting down into my leg this week, that is new")
    assert person.levels == [Level.ASSESS]
