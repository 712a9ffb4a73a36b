"""What stands open and how it ends; who hasn't agreed, and who wants to be forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from message_house import House, Person

from bot.facts.clinical import Level, SessionEntry
from bot.facts.talk import Standing, TurnState

ASK = "give me a cue before I move"
CHEST = "I've got a tight pain in my chest"
CRISIS = "I want to kill myself"
UNCLEAR = "I feel weird in my chest"


# The check and its four answers


@pytest.mark.parametrize(
    ("pressed", "says", "open_after", "urgency"),
    [
        ("Yes, it is there now", ["say_stop_chest"], [Level.STOP], "now"),
        ("Not sure", ["say_stop_chest"], [Level.STOP], "now"),
        ("It came and went", ["say_stop_same_day"], [Level.STOP], "same_day"),
        ("I meant something else", ["check_closed"], [], None),
    ],
)
async def test_each_answer_to_a_check_settles_it(
    house: House, pressed: str, says: list[str], open_after: list[Level], urgency: str | None
) -> None:
    person = house.patient()
    assert await person.say(UNCLEAR) == ["say_check_chest", "ask_check"]
    assert await person.press(pressed) == says
    assert person.levels == open_after
    assert [f.urgency for f in house.flags()] == ([urgency] if urgency else [])


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("yes", ["say_stop_chest"]),
        ("it came and went", ["say_stop_same_day"]),
        ("no", ["check_closed"]),
        ("dunno", ["say_stop_chest"]),
    ],
)
async def test_a_check_is_answered_by_typed_words_too(house: House, typed: str, says: list[str]) -> None:
    person = house.patient()
    await person.send(UNCLEAR)
    assert await person.say(typed) == says


async def test_a_new_sign_in_the_answer_to_a_check_goes_first(house: House) -> None:
    person = house.patient()
    await person.send(UNCLEAR)
    assert await person.say("no, but I want to kill myself") == ["say_crisis"] * 3
    assert Level.CRISIS in person.levels


@pytest.mark.parametrize(
    ("text", "answer", "says"),
    [
        (UNCLEAR, "I meant something else", "check_closed"),
        ("my knee is swollen", "settled", "assess_cleared"),
    ],
)
async def test_a_flow_that_a_check_or_an_assess_interrupted_goes_on_by_itself(
    house: House, text: str, answer: str, says: str
) -> None:
    person = house.patient(interrupted_flow="goal_reason_form")
    await person.send(text)
    if says == "assess_cleared":
        person.is_asked("ask_assess_settled")
    assert await person.say(answer) == [says, "chat_greet"]
    assert house.engine.heard[-1].metadata["intent"] == "resume_flow"


async def test_a_check_that_interrupted_nothing_ends_with_its_own_words(house: House) -> None:
    person = house.patient()
    await person.send(UNCLEAR)
    heard = len(house.engine.heard)
    assert await person.say("I meant something else") == ["check_closed"]
    assert len(house.engine.heard) == heard


async def test_a_check_that_was_answered_is_not_asked_about_again(house: House) -> None:
    person = house.patient()
    await person.send(UNCLEAR)
    await person.press("I meant something else")
    house.clock.skip(timedelta(hours=2))
    await house.round()
    assert person.ids == ["say_check_chest", "ask_check", "check_closed"]
    assert house.flags() == []


# A stop


async def test_a_stop_stands_until_somebody_has_looked_at_it(house: House) -> None:
    person = house.patient()
    house.engine.script[ASK] = house.cue()
    await person.send(CHEST)
    house.clock.skip(timedelta(days=3))
    await person.send(ASK)
    assert await person.press("Not yet") == ["stop_still_open"]
    assert person.levels == [Level.STOP]
    await person.send(ASK)
    assert await person.press("Yes, I was seen") == ["stop_cleared"]
    assert person.levels == []


async def test_no_closes_a_stop_by_accident(house: House) -> None:
    person = house.patient()
    await person.send(CHEST)
    await person.send("yes")
    await person.send("no")
    assert person.levels == [Level.STOP]


# A crisis


async def in_crisis_and_asked(house: House, person: Person) -> None:
    house.engine.script[ASK] = house.cue()
    await person.send(CRISIS)
    assert await person.say(ASK) == ["say_crisis_standing", "ask_crisis_over"]


async def test_a_crisis_cannot_be_ended_by_the_person_on_the_same_day(house: House) -> None:
    person = house.patient()
    await in_crisis_and_asked(house, person)
    assert await person.press("I am safe now") == ["crisis_not_yet"]
    assert person.levels == [Level.CRISIS]


async def test_a_crisis_may_be_ended_by_the_person_on_a_later_day_once_they_saw_the_numbers_again(
    house: House,
) -> None:
    person = house.patient()
    await in_crisis_and_asked(house, person)
    house.clock.skip(timedelta(days=1))
    assert await person.press("I am safe now") == ["say_crisis_standing", "ask_crisis_over"]
    assert "Samaritans on 116 123" in (person.heard[-2].text or "")
    assert person.levels == [Level.CRISIS]
    assert await person.press("I am safe now") == ["crisis_cleared"]
    assert person.levels == []


async def test_the_flag_of_a_crisis_stays_when_the_person_ends_it(house: House) -> None:
    person = house.patient()
    await person.send(CRISIS)
    house.clock.skip(timedelta(days=1))
    house.engine.script[ASK] = house.cue()
    await person.send(ASK)
    assert await person.press("I am safe now") == ["crisis_cleared"]
    assert [(flag.level, flag.urgency) for flag in house.flags()] == [("crisis", "now")]


async def test_the_next_day_begins_at_the_midnight_of_the_persons_own_zone(house: House) -> None:
    house.clock.set(datetime(2026, 6, 10, 22, 30, tzinfo=UTC))
    person = house.patient(zone="America/New_York")
    await in_crisis_and_asked(house, person)
    house.clock.set(datetime(2026, 6, 11, 3, 30, tzinfo=UTC))
    assert await person.press("I am safe now") == ["crisis_not_yet"]
    house.clock.set(datetime(2026, 6, 11, 4, 30, tzinfo=UTC))
    await person.send(ASK)
    assert await person.press("I am safe now") == ["crisis_cleared"]


async def test_where_a_clinician_is_named_the_person_cannot_end_a_crisis_alone(house: House) -> None:
    person = house.patient(clinician="yes")
    await in_crisis_and_asked(house, person)
    house.clock.skip(timedelta(days=5))
    assert await person.press("I am safe now") == ["crisis_not_yet"]
    assert person.levels == [Level.CRISIS]
    (flag,) = house.flags()
    house.clears(flag)
    assert person.levels == []


async def test_an_older_crisis_does_not_end_with_a_newer_one_of_the_same_day(house: House) -> None:
    person = house.patient()
    await person.send(CRISIS)
    house.clock.skip(timedelta(days=1))
    await in_crisis_and_asked(house, person)
    assert await person.press("I am safe now") == ["crisis_not_yet"]
    assert person.levels == [Level.CRISIS, Level.CRISIS]


async def test_somebody_who_still_needs_help_hears_the_numbers_again(house: House) -> None:
    person = house.patient()
    await in_crisis_and_asked(house, person)
    house.clock.skip(timedelta(days=1))
    assert await person.press("I still need help") == ["say_crisis"] * 3
    assert person.levels == [Level.CRISIS]


# Before consent


async def test_a_stranger_is_greeted_by_the_engine_which_is_told_to_begin(house: House) -> None:
    await house.stranger().send("hello")
    (heard,) = house.engine.heard
    assert (heard.metadata["intent"], heard.metadata["standing"]) == ("start_onboarding", "new")


async def test_a_strangers_stop_is_answered_in_full_and_flagged(house: House) -> None:
    stranger = house.stranger()
    assert await stranger.say(CHEST) == ["say_stop_chest"]
    assert "your local emergency number" in stranger.words
    assert [f.level for f in house.flags()] == ["stop"]


async def test_before_consent_all_text_is_gone_after_the_hold_and_the_stop_still_stands(house: House) -> None:
    stranger = house.stranger()
    await stranger.send("my name is Anna and I have chest pain")
    await stranger.send("what is pacing?")
    hours = house.library.number("hold_hours_before_consent")
    assert hours == 24
    house.clock.skip(timedelta(hours=hours) - timedelta(minutes=1))
    await house.round()
    assert all(m.text for m in stranger.transcript)
    house.clock.skip(timedelta(minutes=2))
    await house.round()
    assert [m.text for m in stranger.transcript] == [None] * len(stranger.transcript)
    assert stranger.levels == [Level.STOP]
    kept = str(house.records.export(stranger.id))
    assert "Anna" not in kept
    assert "chest pain" not in kept


async def test_with_consent_text_stays(house: House) -> None:
    person = house.patient()
    await person.send("hello")
    house.clock.skip(timedelta(hours=30))
    await house.round()
    assert [m.text for m in person.wrote] == ["hello"]


async def test_text_of_somebody_who_refused_is_gone_after_the_hold(house: House) -> None:
    person = house.patient(standing=Standing.REFUSED)
    await person.send("my knee is swollen")
    house.clock.skip(timedelta(hours=25))
    await house.round()
    assert [m.text for m in person.transcript] == [None] * 3


async def test_a_waiting_message_whose_hold_ran_out_is_not_sent_to_the_engine(house: House) -> None:
    stranger = house.stranger()
    house.engine.silent = True
    await stranger.send("hello")
    house.clock.skip(timedelta(hours=25))
    await house.round()
    house.engine.silent = False
    heard = len(house.engine.heard)
    await house.round()
    assert len(house.engine.heard) == heard
    assert stranger.ids == ["engine_down"]


# Erasure on request


async def leave(house: House, person: Person) -> str:
    with house.records.unit() as uow:
        uow.patients.set_standing(person.id, Standing.LEAVING)
        uow.commit()
    return person.id


async def test_a_person_who_leaves_is_erased_everywhere_and_gets_a_receipt(house: House) -> None:
    person = house.patient()
    await person.send(CHEST)
    await person.send("hello")
    person.is_green()
    gone = await leave(house, person)
    kept = house.database.rows_of(gone)
    messages, rows = len(person.transcript), sum(kept.values())
    assert {"messages", "patients", "assessments", "facts", "flags", "outbox"} <= set(kept)
    await house.round()
    assert person.id == gone
    house.clock.skip(timedelta(seconds=11))
    await house.round()
    await house.round()
    assert set(house.database.rows_of(gone)) <= {"audit"}
    assert house.engine.erased == [gone]
    assert person.id != gone
    assert person.ids == ["erased"]
    assert f"removed {messages} messages" in person.words
    assert f"{rows + house.engine.rows} entries" in person.words
    assert [p.message.content_id for p in house.outbox()] == ["erased"]
    assert house.flags() == []


async def test_while_the_engine_cannot_erase_nothing_is_erased_and_it_is_tried_again(house: House) -> None:
    person = house.patient()
    await person.send("hello")
    gone = await leave(house, person)
    house.clock.skip(timedelta(seconds=11))
    house.engine.silent = True
    await house.round()
    assert (person.id, person.ids) == (gone, ["chat_greet"])
    house.engine.silent = False
    await house.round()
    assert person.ids == ["erased"]


async def test_somebody_who_is_leaving_is_screened_still_and_told_what_goes_on(house: House) -> None:
    person = house.patient()
    await person.send("hello")
    await leave(house, person)
    assert await person.say("are you done?") == ["outside_programme_leaving"]
    assert await person.say(CHEST) == ["say_stop_chest"]
    assert house.engine.texts == ["hello", CHEST]


async def test_after_the_erasure_the_same_address_is_a_stranger(house: House) -> None:
    person = house.patient()
    await person.send("hello")
    await leave(house, person)
    house.clock.skip(timedelta(seconds=11))
    await house.round()
    await person.send("hello")
    assert person.record.standing is Standing.NEW
    assert dict(person.record.profile) == {}


async def test_what_is_older_than_the_retention_goes_and_an_open_stop_stays(house: House) -> None:
    person = house.patient()
    await person.send(CHEST)
    house.clock.skip(timedelta(days=366))
    await house.round()
    assert person.transcript == []
    assert person.levels == [Level.STOP]
    assert [f.level for f in house.flags()] == ["stop", "stop"]


async def test_states_end_at_answered(house: House) -> None:
    person = house.patient()
    for text in ("hello", CHEST, UNCLEAR, "my knee is swollen"):
        await person.send(text)
    assert set(person.states) == {TurnState.ANSWERED}


# The log


def after_sessions(house: House, person: Person, *pains: int) -> None:
    """One session a day, each with its pain after it."""
    for number, pain in enumerate(pains):
        house.clock.skip(timedelta(days=1))
        with house.records.unit() as uow:
            entry = SessionEntry(at=house.clock(), exercise="squat", region="knee", pain_after=pain)
            uow.log.add_session(person.id, entry, message_id=f"session {number}")
            uow.commit()


@pytest.mark.parametrize(
    ("pains", "said", "open_after"),
    [
        ((3, 4, 5), ["chat_greet", "say_assess_higher_each_session"], [Level.ASSESS]),
        ((3, 5, 5), ["chat_greet"], []),
    ],
)
async def test_pain_that_is_higher_each_session_is_told_when_the_session_is_logged(
    house: House, pains: tuple[int, ...], said: list[str], open_after: list[Level]
) -> None:
    person = house.patient()
    await person.send("hello")
    after_sessions(house, person, *pains)
    person.is_asked("ask_session_pain")
    assert await person.say(str(pains[-1])) == said
    assert person.levels == open_after
