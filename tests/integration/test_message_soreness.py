"""Pain that is still up a day after a session: one tap tells easing muscles from a joint (C1, C2)."""

from __future__ import annotations

from datetime import timedelta

from message_house import House, Person

from bot.facts.clinical import Level, SessionEntry

HOUR = timedelta(hours=1)
TOLD = "my pain is still up from the session the day before yesterday"


async def a_day_after_squats(house: House, person: Person) -> None:
    """They squatted at 3, and a day later the pain stands at 6."""
    with house.records.unit() as uow:
        now = house.clock()
        uow.log.add_pain(person.id, pain=3, region=None, message_id="before", now=now - 25 * HOUR)
        uow.log.add_session(person.id, SessionEntry(now - 24 * HOUR, "squat"), message_id="squats")
        uow.log.add_pain(person.id, pain=6, region=None, message_id="after", now=now)
        uow.commit()
    house.engine.silent = True
    await person.send("my legs are tired")
    assert person.ids[-1] == "ask_after_24h"
    house.engine.silent = False


async def test_easing_muscles_close_the_question_and_are_asked_about_72_hours_after_the_session(
    house: House,
) -> None:
    person = house.patient()
    await a_day_after_squats(house, person)
    assert person.levels == [Level.ASSESS]
    assert "say_continue_easing_muscles" in await person.press("Worked muscles, easing")
    assert person.levels == []
    house.clock.skip(47 * HOUR)
    await house.round()
    assert "ask_after_72h" not in person.ids
    house.clock.skip(2 * HOUR)
    await house.round()
    await house.round()
    assert person.ids.count("ask_after_72h") == 1
    assert house.flags() == []


async def test_soreness_that_three_days_have_not_settled_is_looked_at_soon(house: House) -> None:
    person = house.patient()
    await a_day_after_squats(house, person)
    await person.press("Worked muscles, easing")
    house.clock.skip(49 * HOUR)
    await house.round()
    house.engine.silent = True
    assert await person.press("Still sore") == ["say_assess_sore_after_72h"]
    assert [flag.urgency for flag in house.flags()] == ["soon"]


async def test_a_joint_keeps_the_question_open_and_is_not_asked_about_as_muscles(house: House) -> None:
    person = house.patient()
    await a_day_after_squats(house, person)
    await person.press("A joint or my usual pain")
    assert set(person.levels) == {Level.ASSESS}
    house.clock.skip(60 * HOUR)
    await house.round()
    assert "ask_after_72h" not in person.ids


async def test_easing_muscles_close_no_other_assess(house: House) -> None:
    person = house.patient()
    await a_day_after_squats(house, person)
    token = person.token("Worked muscles, easing")
    await person.send("my knee is swollen")
    await person.say(token=token)
    assert person.levels == [Level.ASSESS]
    assert person.open[0].rules[0] == "joint_swelling"
