"""Where our own words are missing or can't be filled in: kept, judged, flagged, and answered all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest
from message_house import House

from bot.facts.clinical import Level
from bot.facts.talk import Reply, TurnState
from bot.library.library import ContentLibrary, MissingVariable
from bot.usecases.ports import Screen

CHEST = "I've got a tight pain in my chest"
CRISIS = "I want to kill myself"
UNCLEAR = "I feel weird in my chest"
SWOLLEN = "my knee is swollen"
ALARM = ["last_resort_alarm"]
PLAIN = ["last_resort"]


class BreaksLater:
    """A library that was whole at the start; then nothing can be said any more, or no country is known."""

    def __init__(self, library: ContentLibrary) -> None:
        self._library = library
        self.fault: Exception | None = None
        self.lost: str | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._library, name)

    def say(self, content_id: str, /, **variables: str) -> tuple[Reply, ...]:
        if self.fault and self.lost in {None, content_id}:
            raise self.fault
        return self._library.say(content_id, **variables)

    def country(self, code: str | None) -> object:
        if isinstance(self.fault, LookupError) and self.lost is None:
            raise self.fault
        return self._library.country(code)


@pytest.fixture
def library_breaks(house: House, screen: Screen) -> BreaksLater:
    breaking = BreaksLater(house.library)
    house.library = cast(ContentLibrary, breaking)
    house.screen_with(screen)
    return breaking


@pytest.mark.parametrize("fault", [KeyError("no such entry"), MissingVariable("emergency"), RuntimeError()])
@pytest.mark.parametrize(
    ("text", "level", "urgencies", "ids"),
    [
        (CRISIS, Level.CRISIS, ["now"], ALARM),
        (CHEST, Level.STOP, ["now"], ALARM),
        (UNCLEAR, Level.CHECK, [], ALARM),
        ("🙂", None, [], PLAIN),
        ("/nonsense", None, [], PLAIN),
    ],
)
async def test_a_message_is_kept_judged_flagged_and_answered_though_our_words_are_lost(
    house: House,
    library_breaks: BreaksLater,
    fault: Exception,
    text: str,
    level: Level | None,
    urgencies: list[str],
    ids: list[str],
) -> None:
    person = house.patient(country="US")
    library_breaks.fault = fault
    arrival = person.arrive(text)
    assert person.answers_to(arrival) == ids
    assert "911" in person.words
    assert "988" in person.words
    assert [m.text for m in person.wrote] == [text]
    assert person.levels == ([level] if level else [])
    assert [f.urgency for f in house.flags()] == urgencies
    assert [p.message.content_id for p in house.outbox()] == ids


async def test_one_missing_entry_of_a_stop_is_enough(house: House, library_breaks: BreaksLater) -> None:
    person = house.patient()
    library_breaks.fault, library_breaks.lost = KeyError("say_stop_chest"), "say_stop_chest"
    assert await person.say(CHEST) == ALARM
    assert await person.say("hello") == ["chat_greet"]
    assert person.states == [TurnState.ANSWERED, TurnState.ANSWERED]


async def test_an_unknown_country_gets_words_in_place_of_numbers(
    house: House, library_breaks: BreaksLater
) -> None:
    stranger = house.stranger()
    library_breaks.fault = KeyError("lost")
    stranger.arrive(CRISIS)
    assert "your local emergency number" in stranger.words


async def test_an_assess_that_cannot_be_told_while_the_engine_is_silent_is_no_silence(
    house: House, library_breaks: BreaksLater
) -> None:
    person = house.patient()
    house.engine.silent = True
    library_breaks.fault, library_breaks.lost = KeyError("lost"), "say_assess_joint_swelling"
    assert await person.say(SWOLLEN) == PLAIN
    assert person.states == [TurnState.WAITING]


async def test_a_check_nobody_answered_is_taken_seriously_though_its_words_are_lost(
    house: House, library_breaks: BreaksLater
) -> None:
    person = house.patient()
    await person.send(UNCLEAR)
    house.clock.skip(timedelta(hours=2))
    library_breaks.fault, library_breaks.lost = KeyError("lost"), "say_stop_chest"
    await house.round()
    assert person.ids[2:] == ALARM
    assert [f.summary for f in house.flags()] == ["check not answered: chest_pain"]


def test_nothing_the_patient_wrote_is_logged_when_words_are_lost(
    house: House, library_breaks: BreaksLater, caplog: pytest.LogCaptureFixture
) -> None:
    library_breaks.fault = RuntimeError(CHEST)
    house.patient().arrive(CHEST)
    assert "writing a reply failed: RuntimeError" in caplog.text
    assert CHEST not in caplog.text
