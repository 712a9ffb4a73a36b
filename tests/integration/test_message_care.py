"""A gentle word is never left out: crisis words that are denied or past, another's, and violence at home."""

from __future__ import annotations

import pytest
from message_house import House

from bot.facts.clinical import Level
from bot.usecases.ports import EngineTurn

SWOLLEN = "my knee is swollen"


@pytest.mark.parametrize(
    ("text", "care"),
    [
        ("I am not suicidal", "say_care_past"),
        ("I felt suicidal ten years ago", "say_care_past"),
        ("my partner beats me", "say_care_home"),
        ("my ex used to hit me", "say_care_home"),
    ],
)
async def test_a_gentle_word_goes_before_what_the_engine_says(house: House, text: str, care: str) -> None:
    person = house.patient()
    assert await person.say(text) == [care, "chat_greet"]
    assert person.levels == []


async def test_behind_a_gentle_word_nobody_hears_that_they_were_not_understood(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> EngineTurn:
        return EngineTurn(house.library.say("chat_greet"), "nlu_fallback", 0.1, (), None)

    monkeypatch.setattr(house.engine, "turn", lost)
    person = house.patient()
    assert await person.say("my partner beats me") == ["say_care_home"]
    assert await person.say("xyz") == ["chat_greet"]


async def test_a_gentle_word_goes_with_a_stop_and_with_a_crisis_of_ones_own(house: House) -> None:
    person = house.patient()
    assert await person.say("my partner beats me and I have chest pain") == [
        "say_stop_chest",
        "say_care_home",
    ]
    said = await person.say("my partner beats me and I want to die")
    assert said == ["say_crisis", "say_crisis", "say_crisis", "say_care_home"]


async def test_a_past_crisis_is_no_matter_beside_a_present_one(house: House) -> None:
    person = house.patient()
    said = await person.say("I felt suicidal ten years ago and tonight I want to die")
    assert set(said) == {"say_crisis"}


async def test_a_gentle_word_goes_with_an_assess(house: House) -> None:
    person = house.patient()
    house.engine.silent = True
    said = await person.say("I felt suicidal ten years ago. My knee is swollen")
    assert said == ["say_assess_joint_swelling", "say_care_past"]
    assert person.levels == [Level.ASSESS]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("I took all my pills to end it", ["say_stop_overdose", "say_crisis", "say_crisis", "say_crisis"]),
        ("I took 30 paracetamol by mistake", ["say_stop_overdose"]),
        ("I want to die and I have chest pain", ["say_stop_chest", "say_crisis", "say_crisis", "say_crisis"]),
    ],
)
async def test_an_overdose_and_a_body_in_danger_are_told_first_and_flagged_now(
    house: House, text: str, says: list[str]
) -> None:
    person = house.patient()
    assert await person.say(text) == says
    (flag,) = house.flags()
    assert flag.urgency == "now"
