"""From the door to the first reply: kept first, screened always, alarms answered by ourselves."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from message_house import House, until

from bot.facts.clinical import History, Level, SymptomFact, Urgency, Verdict
from bot.facts.talk import Standing, TurnState
from bot.usecases.ports import Screen
from bot.usecases.present_state import present_state

CHEST = "I've got a tight pain in my chest"
CRISIS = "I want to kill myself"
UNCLEAR = "I feel weird in my chest"
ORDINARY = "what is pacing?"


class PassedOn:
    """A screen that does what another does, so that a single deed of it can be changed."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.version = screen.version
        self.reads = 0

    def read(self, text: str) -> tuple[SymptomFact, ...]:
        self.reads += 1
        return self._screen.read(text)

    def meaning(self, text: str) -> bytes | None:
        return self._screen.meaning(text)

    def is_english(self, text: str) -> bool:
        return self._screen.is_english(text)

    def fact(self, sign: str, text: str, region: str | None) -> SymptomFact:
        return self._screen.fact(sign, text, region)

    def judge(self, facts: Sequence[SymptomFact], history: History, now: datetime) -> Verdict:
        return self._screen.judge(facts, history, now)

    def judge_log(self, history: History, now: datetime) -> Verdict:
        return self._screen.judge_log(history, now)

    def confirmed(self, verdict: Verdict, rules: Iterable[str], urgency: Urgency) -> Verdict:
        return self._screen.confirmed(verdict, rules, urgency)

    def unanswered(self, rules: Iterable[str]) -> Verdict:
        return self._screen.unanswered(rules)

    def soreness_asked_again_at(self, history: History, told_at: datetime) -> datetime:
        return self._screen.soreness_asked_again_at(history, told_at)

    def messages_for(self, verdict: Verdict) -> tuple[str, ...]:
        return self._screen.messages_for(verdict)


class BrokenReading(PassedOn):
    def read(self, text: str) -> tuple[SymptomFact, ...]:
        raise RuntimeError(f"reading broke over: {text}")


class BrokenLanguage(PassedOn):
    def is_english(self, text: str) -> bool:
        raise RuntimeError(f"telling the language broke over: {text}")


class BrokenJudging(PassedOn):
    def judge(self, facts: Sequence[SymptomFact], history: History, now: datetime) -> Verdict:
        raise RuntimeError("judging broke")


class Killed(PassedOn):
    """The process dies in the middle of screening."""

    def read(self, text: str) -> tuple[SymptomFact, ...]:
        raise SystemExit


class Overlapping(PassedOn):
    """While it reads, another process screens what was left behind."""

    house: House

    def read(self, text: str) -> tuple[SymptomFact, ...]:
        facts = super().read(text)
        if self.reads == 1:
            self.house.receive.screen_left_behind()
        return facts


class Watching(PassedOn):
    """Looks into the records while it reads."""

    house: House
    seen: list[str | None]

    def read(self, text: str) -> tuple[SymptomFact, ...]:
        self.seen = [m.text for m in self.house.stranger().wrote]
        return super().read(text)


def test_a_message_is_committed_before_it_is_read(house: House, screen: Screen) -> None:
    watching = Watching(screen)
    watching.house = house
    house.screen_with(watching)
    house.stranger().arrive(CHEST)
    assert watching.seen == [CHEST]


@pytest.mark.parametrize("broken", [BrokenReading, BrokenJudging])
async def test_where_screening_breaks_the_person_is_told_a_flag_is_raised_and_nothing_is_lost(
    house: House, screen: Screen, broken: type[PassedOn], caplog: pytest.LogCaptureFixture
) -> None:
    house.screen_with(broken(screen))
    person = house.patient()
    assert await person.say(CHEST) == ["screening_failed"]
    assert "999" in person.words
    assert [m.text for m in person.wrote] == [CHEST]
    assert [(f.level, f.urgency, f.summary) for f in house.flags()] == [
        ("check", "same_day", "screening failed")
    ]
    assert CHEST not in caplog.text
    house.screen_with(screen)
    assert await person.say("I've got chest pain right now") == ["say_stop_chest"]


@pytest.mark.parametrize(
    ("text", "level", "ids"),
    [
        (CRISIS, Level.CRISIS, ["say_crisis"] * 3),
        (CHEST, Level.STOP, ["say_stop_chest"]),
        (UNCLEAR, Level.CHECK, ["say_check_chest", "ask_check"]),
    ],
)
async def test_an_alarm_is_answered_by_us_alone_within_two_seconds_while_an_earlier_turn_hangs(
    house: House, text: str, level: Level, ids: list[str]
) -> None:
    person = house.patient()
    house.engine.held[ORDINARY] = asyncio.Event()
    house.engine.script[text] = house.library.say("chat_thanks")
    hanging = asyncio.create_task(person.send(ORDINARY))
    await until(lambda: house.engine.texts == [ORDINARY])
    began = time.monotonic()
    arrival = await asyncio.to_thread(person.arrive, text)
    parcels = await asyncio.to_thread(house.outbox)
    took = time.monotonic() - began
    assert not hanging.done()
    assert (arrival.verdict.level, arrival.safety) == (level, True)
    assert [p.message.content_id for p in parcels] == ids
    assert took < 2.0
    house.engine.held[ORDINARY].set()
    await hanging
    await house.receive.answer(person.id)
    assert house.engine.texts == [ORDINARY, text]
    assert person.ids == ids
    assert person.states == [TurnState.ANSWERED, TurnState.ANSWERED]


async def test_an_alarm_goes_before_ordinary_words_in_the_outbox(house: House) -> None:
    await house.patient("ben").send("hello")
    await house.patient("anna").send(CHEST)
    kinds = [parcel.message.content_id for parcel in house.outbox()]
    assert kinds[0] == "say_stop_chest"


async def test_the_engine_hears_of_a_stop_but_none_of_its_words_leave(house: House) -> None:
    person = house.patient()
    house.engine.script[CHEST] = house.library.say("chat_thanks") + house.cue()
    assert await person.say(CHEST) == ["say_stop_chest"]
    (heard,) = house.engine.heard
    assert heard.metadata["verdict"] == {"level": "stop", "urgency": "now"}
    assert person.states == [TurnState.ANSWERED]


async def test_a_stop_switches_off_the_buttons_and_the_question_from_before_it(house: House) -> None:
    person = house.patient()
    person.is_asked("ask_pain_now")
    token = person.token("7")
    await person.send(CHEST)
    assert await person.say(token=token) == ["used_button"]
    assert house.engine.texts == [CHEST]


async def test_a_stop_and_a_crisis_raise_a_flag_that_names_rules_and_no_words(house: House) -> None:
    await house.patient("anna").send(CHEST)
    await house.patient("ben").send(CRISIS)
    assert [(f.level, f.urgency, f.summary) for f in house.flags()] == [
        ("stop", "now", "chest_pain"),
        ("crisis", "now", "crisis"),
    ]


async def test_the_numbers_of_the_persons_own_country_are_said(house: House) -> None:
    person = house.patient(country="US")
    await person.send(CHEST)
    assert "911" in person.words
    assert "999" not in person.words


async def test_a_duplicate_of_the_doors_message_is_kept_and_answered_once(house: House) -> None:
    person = house.patient()
    first = await person.send("hello", door_key="update 1")
    again = await person.send("hello", door_key="update 1")
    assert (again.message_id, again.duplicate) == (first.message_id, True)
    assert len(person.wrote) == len(person.heard) == 1
    assert house.engine.texts == ["hello"]


async def test_a_duplicate_of_a_stop_is_told_to_the_door_as_the_stop_it_is(house: House) -> None:
    person = house.patient()
    await person.send(CHEST, door_key="update 1")
    again = await person.send(CHEST, door_key="update 1")
    assert (again.verdict.level, again.safety) == (Level.STOP, True)
    assert person.ids == ["say_stop_chest"]
    assert len(house.flags()) == 1


async def test_the_same_key_from_another_person_is_another_message(house: House) -> None:
    await house.patient("anna").send("hello", door_key="1")
    await house.patient("ben").send("hello", door_key="1")
    assert len(house.engine.heard) == 2


async def test_a_message_that_a_killed_process_kept_is_screened_later_exactly_once(
    house: House, screen: Screen
) -> None:
    person = house.patient()
    house.screen_with(Killed(screen))
    with pytest.raises(SystemExit):
        person.arrive(CHEST)
    assert person.states == [TurnState.RECEIVED]
    overlapping = Overlapping(screen)
    overlapping.house = house
    house.screen_with(overlapping)
    assert house.receive.screen_left_behind() == []
    house.clock.skip(timedelta(seconds=6))
    await house.round()
    await house.round()
    assert person.ids == ["say_stop_chest"]
    assert person.levels == [Level.STOP]
    assert len(house.flags()) == 1
    assert person.states == [TurnState.ANSWERED]


async def test_what_a_dying_process_kept_is_screened_before_what_its_patient_writes_next(
    house: House, screen: Screen
) -> None:
    """ "Yes" was written to the check; behind a "no" that closed it, it would answer nothing."""
    person = house.patient()
    assert (await person.say(UNCLEAR))[-1] == "ask_check"
    house.screen_with(Killed(screen))
    with pytest.raises(SystemExit):
        person.arrive("yes")
    house.screen_with(screen)
    house.clock.skip(timedelta(seconds=6))
    await person.say("no")
    assert "say_stop_chest" in person.ids
    assert Level.STOP in person.levels


async def test_a_clean_sign_check_counts_on_the_day_it_was_made_whenever_it_is_screened(
    house: House, screen: Screen
) -> None:
    person = house.patient()
    house.clock.set(datetime(2026, 6, 10, 19, 0, tzinfo=UTC))
    person.is_asked("ask_sign_check")
    house.screen_with(Killed(screen))
    with pytest.raises(SystemExit):
        person.arrive("all clear")
    house.screen_with(screen)
    house.clock.skip(timedelta(hours=11))
    assert house.receive.screen_left_behind() == [person.id]
    with house.records.reading() as uow:
        green, _ = uow.assessments.last_green_and_alarm(person.id)
        state = present_state(uow, uow.patients.get(person.id), house.clock(), house.library)
    assert green == person.wrote[0].at
    assert not state.green_today


async def test_a_message_left_behind_that_two_processes_read_at_once_is_answered_once(
    house: House, screen: Screen
) -> None:
    class BothRead(PassedOn):
        both = threading.Barrier(2)

        def read(self, text: str) -> tuple[SymptomFact, ...]:
            self.both.wait(10)
            return super().read(text)

    person = house.patient()
    house.screen_with(Killed(screen))
    with pytest.raises(SystemExit):
        person.arrive(CHEST)
    house.screen_with(BothRead(screen))
    house.clock.skip(timedelta(seconds=6))
    await asyncio.gather(*(asyncio.to_thread(house.receive.screen_left_behind) for _ in range(2)))
    assert person.ids == ["say_stop_chest"]
    assert len(house.flags()) == 1


async def test_one_message_that_cannot_be_handled_holds_up_nobody_elses(house: House, screen: Screen) -> None:
    ben, anna = house.patient("ben"), house.patient("anna")
    house.screen_with(Killed(screen))
    for person, text in ((ben, CHEST), (anna, "hello")):
        with pytest.raises(SystemExit):
            person.arrive(text)

    class Senseless(PassedOn):
        def judge(self, facts: Sequence[SymptomFact], history: History, now: datetime) -> Verdict:
            return cast(Verdict, "no verdict")

    house.screen_with(Senseless(screen))
    house.clock.skip(timedelta(seconds=6))
    await house.round()
    assert anna.ids == ["chat_greet"]
    house.screen_with(screen)
    await house.round()
    assert ben.ids == ["say_stop_chest"]


@pytest.mark.parametrize("standing", [Standing.REFUSED, Standing.MINOR, Standing.NOT_FOR])
async def test_people_the_programme_is_not_for_are_screened_in_full_and_never_reach_the_engine(
    house: House, standing: Standing
) -> None:
    person = house.patient(standing=standing, country="GB")
    assert await person.say("tell me about pacing") == [f"outside_programme_{standing.value}"]
    swollen = await person.say("my knee is swollen")
    assert swollen == ["say_assess_joint_swelling", f"outside_programme_{standing.value}"]
    assert house.engine.heard == []
    assert await person.say(CHEST) == ["say_stop_chest"]
    assert await person.say(CRISIS) == ["say_crisis"] * 3
    assert [f.level for f in house.flags()] == ["assess", "stop", "crisis"]
    spoken = [heard.metadata["verdict"] for heard in house.engine.heard]
    assert all(verdict != {"level": "none", "urgency": "none"} for verdict in spoken)


async def test_somebody_who_refused_may_begin_again(house: House) -> None:
    person = house.patient(standing=Standing.REFUSED)
    assert await person.say("start over") == ["chat_greet"]
    assert person.record.standing is Standing.NEW
    assert house.engine.heard[0].metadata["standing"] == "new"


async def test_a_gentle_word_is_said_where_a_crisis_lies_in_the_past(house: House) -> None:
    person = house.patient(standing=Standing.MINOR)
    said = await person.say("I used to want to kill myself")
    assert said == ["say_care_past", "outside_programme_minor"]


async def test_a_second_stop_is_answered_as_the_first_was(house: House) -> None:
    person = house.patient()
    await person.send(CHEST)
    assert await person.say("the chest pain is back") == ["say_stop_chest"]
    assert person.levels == [Level.STOP, Level.STOP]


def test_a_verdict_without_facts_is_none(house: House) -> None:
    arrival = house.patient().arrive("hello there my friend")
    assert arrival.verdict == replace(arrival.verdict, level=Level.NONE, urgency=Urgency.NONE, reasons=())
    assert arrival.safety is False


async def test_a_message_whose_language_cannot_be_told_goes_its_usual_way(
    house: House, screen: Screen, caplog: pytest.LogCaptureFixture
) -> None:
    house.screen_with(BrokenLanguage(screen))
    person = house.patient()
    assert await person.say("what is pacing?") == ["chat_greet"]
    assert "what is pacing" not in caplog.text


async def test_the_typed_title_of_a_button_is_the_button_pressed(house: House) -> None:
    person = house.patient()
    house.engine.script["hello"] = house.library.say("stop_cleared")
    await person.send("hello")
    await person.send("carry on")
    assert house.engine.heard[-1].metadata["intent"] == "resume_flow"
    assert person.wrote[-1].payload == "do:resume_flow"
