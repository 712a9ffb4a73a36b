"""A patient and a team find one another by a code: screened like every message, and never without a yes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from message_house import House, Person

from bot.facts.clinical import Level
from bot.facts.staff import Actor, Role
from bot.facts.talk import Standing
from bot.usecases.access import Refused
from bot.usecases.linking import TeamCodes, code_in

CLINICIAN = "c" * 32


@pytest.fixture
def codes(house: House) -> TeamCodes:
    return TeamCodes(house.records, house.clock)


@pytest.fixture
def team(house: House) -> str:
    with house.records.unit() as uow:
        made = uow.teams.add("Knees")
        uow.commit()
    return made.id


@pytest.fixture
def code(codes: TeamCodes, team: str) -> str:
    made, _ = codes.make(clinician(team), team)
    return made


def clinician(*teams: str) -> Actor:
    return Actor(CLINICIAN, "Dr Ames", frozenset({Role.CLINICIAN}), frozenset(teams))


def teams_of(house: House, person: Person) -> frozenset[str]:
    with house.records.reading() as uow:
        return uow.teams.of_patient(person.id)


async def test_a_code_ties_a_patient_to_the_team_after_their_yes(house: House, code: str, team: str) -> None:
    person = house.patient()
    assert await person.say(code) == ["ask_link_team", "ask_link_team"]
    assert teams_of(house, person) == frozenset()
    assert await person.press("Yes, let them in") == ["link_done"]
    assert teams_of(house, person) == {team}
    assert person.record.profile["clinician"] == "yes"


async def test_what_they_agreed_to_is_kept_word_for_word(house: House, code: str) -> None:
    person = house.patient()
    await person.say(code)
    before = len(house.records.export(person.id)["consents"])
    asked = person.heard[-1]
    await person.say("yes")
    (*_, consent) = house.records.export(person.id)["consents"]
    assert len(house.records.export(person.id)["consents"]) == before + 1
    assert consent["version"] == asked.content_version


async def test_who_leaves_the_team_is_tied_to_nobody_and_keeps_to_small_steps(
    house: House, code: str
) -> None:
    person = house.patient()
    await person.say(code)
    await person.say("yes")
    assert await person.say("Leave team") == ["link_left"]
    assert teams_of(house, person) == frozenset()
    assert person.record.profile["clinician"] == "no"
    assert [c["given"] for c in house.records.export(person.id)["consents"]][-2:] == [True, False]


async def test_leaving_a_team_that_nobody_is_in_is_ordinary_talk(house: House) -> None:
    person = house.patient()
    await person.say("leave team")
    assert house.engine.texts == ["leave team"]


async def test_a_no_ties_nobody_and_uses_the_code_up(house: House, code: str) -> None:
    person = house.patient()
    await person.say(code)
    assert await person.say("no") == ["link_declined"]
    assert teams_of(house, person) == frozenset()
    assert await person.say(code) == ["link_code_unknown"]


async def test_a_code_that_one_person_typed_is_worth_nothing_to_another(house: House, code: str) -> None:
    first, second = house.patient(), house.patient("bea")
    await first.say(code)
    assert await second.say(code) == ["link_code_unknown"]


async def test_a_code_ends_after_seven_days(house: House, code: str) -> None:
    person = house.patient()
    house.clock.skip(timedelta(days=7))
    assert await person.say(code) == ["link_code_unknown"]


async def test_a_yes_that_comes_too_late_ties_nobody(house: House, code: str) -> None:
    person = house.patient()
    await person.say(code)
    house.clock.skip(timedelta(days=7))
    assert await person.say("yes") == ["link_code_unknown"]
    assert teams_of(house, person) == frozenset()


async def test_a_sign_in_the_answer_goes_first(house: House, code: str) -> None:
    person = house.patient()
    await person.say(code)
    said = await person.say("yes, but I've got a tight pain in my chest")
    assert "link_done" not in said
    assert person.levels == [Level.STOP]
    assert teams_of(house, person) == frozenset()


async def test_somebody_new_is_asked_to_send_it_again_after_the_first_questions(
    house: House, code: str
) -> None:
    person = house.patient(standing=Standing.NEW)
    assert (await person.say(code))[0] == "link_code_later"


@pytest.mark.parametrize("typed", ["team abcd efgh jkmn", " TEAM-ABCD-EFGH-JKMN. ", "Team-abcd efgh-jkmn"])
def test_a_code_is_known_however_it_is_typed(typed: str) -> None:
    assert code_in(typed) == "abcd-efgh-jkmn"


@pytest.mark.parametrize(
    "typed", ["abcd-efgh-jkmn", "my team said", "team-abcd-efgh", "team abcd efgh jkmn ow"]
)
def test_other_words_are_no_code(typed: str) -> None:
    assert code_in(typed) is None


def test_nobody_makes_a_code_for_a_team_of_others(codes: TeamCodes, team: str) -> None:
    with pytest.raises(Refused):
        codes.make(clinician(), team)
