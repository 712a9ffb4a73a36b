"""Coming aboard, question by question."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

import pytest
from action_calls import NOW, Caller, judged

from bot.facts.clinical import Level
from bot.facts.talk import Standing
from bot.library import ContentLibrary
from bot.usecases.clock import CLOCK_STEPS
from bot.usecases.flow import SKIPPED
from bot.usecases.present_state import zone_of
from bot.usecases.reading import Answer, read_answer

FORM = "onboarding_form"
ANSWERS = {
    "adult": "yes",
    "consent": "yes",
    "country": "GB",
    "sign_check": "none",
    "pain_months": "over_3",
    "region": "knee",
    "condition": "none",
    "clinician": "yes",
    "limits": "no deep squats",
    "feared_knee": "stairs",
    "goal": "play with the kids",
    "reminder": "09:00",
}


def through(call: Caller, upto: str | None = None) -> list[str]:
    """Answer what is asked until `upto` is; the questions in the order they came."""
    asked = [str(call.activate(FORM).slots["requested_slot"])]
    while asked[-1] != upto:
        if asked[-1] == "sign_check":
            call.green()
        following = call.answer(FORM, asked[-1], ANSWERS[asked[-1]]).slots["requested_slot"]
        if following is None:
            return asked
        asked.append(following)
    return asked


def test_the_first_turn_says_what_this_is_and_asks_for_age(call: Caller) -> None:
    began = call.activate(FORM)
    assert began.said == ["welcome", "welcome"]
    assert began.slots["requested_slot"] == "adult"


def test_onboarding_takes_at_most_fourteen_turns_with_adult_and_consent_first(call: Caller) -> None:
    asked = through(call)
    assert asked[:2] == ["adult", "consent"]
    assert asked == list(ANSWERS)
    assert len(asked) <= 14


def test_everybody_who_answers_comes_aboard_and_gets_three_ways_on(call: Caller) -> None:
    through(call, "reminder")
    last = call.answer(FORM, "reminder", "09:00")
    assert last.said == ["onboarding_done"]
    assert len(last.responses[0]["buttons"]) == 3
    assert call.patient.standing is Standing.ACTIVE
    assert call.patient.profile["zone"] == "Europe/London"
    assert call.patient.profile["joined_on"] == NOW.date().isoformat()
    assert call.patient.profile["movement"] == "stairs"


def test_nothing_is_kept_before_consent(call: Caller) -> None:
    call.activate(FORM)
    call.answer(FORM, "adult", "yes")
    assert call.patient.profile == {}


def test_consent_is_recorded_with_version_and_the_hash_of_its_text(
    call: Caller, library: ContentLibrary
) -> None:
    through(call, "country")
    text = "\n".join(bubble.text for bubble in library.say("ask_consent"))
    consents = call.house.records.export(call.patient_id)["consents"]
    assert [consent["text_hash"] for consent in consents] == [hashlib.sha256(text.encode()).hexdigest()]
    assert call.patient.profile["consent"] == "yes"
    assert call.patient.profile["adult"] == "yes"


def test_answering_consent_twice_records_it_once(call: Caller) -> None:
    through(call, "country")
    call.answer(FORM, "consent", "yes")
    assert len(call.house.records.export(call.patient_id)["consents"]) == 1


@pytest.mark.parametrize(
    ("question", "value", "standing", "says"),
    [
        ("adult", "no", Standing.MINOR, "end_minor"),
        ("consent", "no", Standing.REFUSED, "end_refused"),
        ("pain_months", "under_3", Standing.NOT_FOR, "end_new_pain"),
        ("condition", "me_cfs", Standing.NOT_FOR, "end_me_cfs"),
    ],
)
def test_people_this_is_not_for_are_shown_the_right_door(
    call: Caller, question: str, value: str, standing: Standing, says: str
) -> None:
    through(call, question)
    ended = call.answer(FORM, question, value)
    assert set(ended.said) == {says}
    assert call.patient.standing is standing
    assert ended.slots["requested_slot"] is None
    assert all(call.slots[asked] is None for asked in ANSWERS)
    assert set(call.patient.profile) <= {"country"}


def test_limits_are_asked_only_where_a_clinician_is_named(call: Caller) -> None:
    through(call, "clinician")
    assert call.answer(FORM, "clinician", "no").slots["requested_slot"] == "feared_knee"


def test_the_feared_movements_fit_the_region(call: Caller) -> None:
    through(call, "region")
    call.answer(FORM, "region", "shoulder")
    call.answer(FORM, "condition", "none")
    assert call.answer(FORM, "clinician", "no").slots["requested_slot"] == "feared_shoulder"


def test_a_sign_at_the_entry_check_holds_the_onboarding_and_is_asked_again_later(call: Caller) -> None:
    through(call, "sign_check")
    held = call.answer(FORM, "sign_check", "swelling", verdict=judged(Level.ASSESS, "stop_list"))
    assert held.said == ["stop_list"]
    assert held.slots["requested_slot"] is None
    assert call.slots["sign_check"] is None
    assert call.patient.standing is Standing.NEW
    assert call.patient.profile["interrupted_flow"] == FORM


def test_a_sign_at_the_entry_check_is_asked_for_by_name(call: Caller) -> None:
    through(call, "sign_check")
    held = call.answer(FORM, "sign_check", "some")
    assert held.said == ["ask_which_sign"]
    assert held.next == "action_listen"
    assert call.slots["sign_check"] is None
    assert call.patient.profile["interrupted_flow"] == FORM


def test_after_an_interruption_the_onboarding_goes_on_where_it_was(call: Caller) -> None:
    through(call, "condition")
    again = call.activate(FORM)
    assert again.slots["requested_slot"] == "condition"
    assert again.said == []


def test_a_lost_engine_goes_on_from_the_profile(call: Caller) -> None:
    through(call, "condition")
    call.slots.clear()
    assert call.activate(FORM).slots["requested_slot"] == "condition"


@pytest.mark.parametrize("question", ["adult", "consent", "sign_check", "pain_months"])
def test_what_safety_needs_cannot_be_skipped(call: Caller, question: str) -> None:
    through(call, question)
    skipped = call("action_skip", "skip", loop=FORM, requested=question)
    assert skipped.said == ["cannot_skip"]
    assert skipped.next == FORM
    assert call.slots.get(question) is None


@pytest.mark.parametrize("question", ["country", "region", "condition", "clinician", "goal", "reminder"])
def test_the_rest_can_be_skipped(call: Caller, question: str) -> None:
    through(call, question)
    skipped = call("action_skip", "skip", loop=FORM, requested=question)
    assert skipped.slots[question] == SKIPPED
    assert skipped.next == FORM
    assert call.activate(FORM).slots["requested_slot"] != question


def test_back_asks_the_question_before_again_and_forgets_its_answer(call: Caller) -> None:
    through(call, "condition")
    back = call("action_back", "back", loop=FORM, requested="condition")
    assert back.slots == {"region": None}
    assert back.next == FORM
    assert "region" not in call.patient.profile
    assert call.activate(FORM).slots["requested_slot"] == "region"


def test_back_at_the_very_first_question_stays_there(call: Caller) -> None:
    call.activate(FORM)
    assert call("action_back", "back", loop=FORM, requested="adult").said == ["nothing_before"]


@pytest.mark.parametrize("question", list(ANSWERS))
def test_every_question_answers_why_do_you_ask(call: Caller, question: str) -> None:
    through(call, question)
    why = call("action_why", "why", loop=FORM, requested=question)
    assert why.said[0] == f"ask_{question}.why"
    assert why.next == FORM


def words_of(call: Caller, question: str) -> dict[str, Any]:
    """The question as the engine gets it to put to the patient."""
    tracker = {"sender_id": call.patient_id}
    told = call.web.post("/nlg", json={"response": f"utter_ask_{question}", "tracker": tracker}).json()
    bubble: dict[str, Any] = told["bubbles"][-1]
    return bubble


@pytest.mark.parametrize(("country", "shown"), [("GB", "10:00"), ("IN", "15:30"), ("NZ", "23:00")])
def test_the_question_for_a_reminder_shows_the_time_in_the_country(
    call: Caller, country: str, shown: str
) -> None:
    through(call, "country")
    call.answer(FORM, "country", country)
    asked = words_of(call, "reminder")
    assert f"your clock shows {shown} now" in asked["text"]
    assert asked["asks"] == "reminder"


def test_a_clock_that_is_wrong_is_corrected_by_the_time_and_the_reminder_asked_again(call: Caller) -> None:
    asked = through(call, "reminder")
    asked.append(call.answer(FORM, "reminder", "other_clock").slots["requested_slot"])
    assert "reminder" not in call.patient.profile
    asked.append(call.answer(FORM, "local_time", "13:02").slots["requested_slot"])
    assert asked[-2:] == ["local_time", "reminder"]
    assert len(asked) <= 14
    assert "your clock shows 13:00 now" in words_of(call, "reminder")["text"]
    assert call.answer(FORM, "reminder", "other_clock").slots["requested_slot"] == "local_time"
    call.answer(FORM, "local_time", "13:00")
    assert call.answer(FORM, "reminder", "09:00").said == ["onboarding_done"]
    assert zone_of(call.patient, call.house.library).utcoffset(NOW) == timedelta(hours=3)


def test_a_clock_that_is_wrong_but_left_out_leads_back_to_the_reminder(call: Caller) -> None:
    through(call, "reminder")
    call.answer(FORM, "reminder", "other_clock")
    call("action_skip", "skip", loop=FORM, requested="local_time")
    assert call.activate(FORM).slots["requested_slot"] == "reminder"


@pytest.mark.parametrize(
    ("country", "question", "value", "shown"),
    [("other", "local_time", "3:47 pm", "15:45"), (SKIPPED, "local_time", "09:58", "10:00")],
)
def test_where_no_country_is_known_the_patient_tells_their_clock(
    call: Caller, country: str, question: str, value: str, shown: str
) -> None:
    through(call, "country")
    call.answer(FORM, "country", country)
    asked = through(call, question)
    assert asked[-1] == question
    known = read_answer(call.house.library.question(question), value, None)
    assert isinstance(known, Answer)
    assert call.answer(FORM, question, known.value).slots["requested_slot"] == "reminder"
    assert f"your clock shows {shown} now" in words_of(call, "reminder")["text"]


@pytest.mark.parametrize(
    ("country", "question", "zone", "shown"),
    [
        ("US", "zone_us", "America/Los_Angeles", "02:00"),
        ("CA", "zone_ca", "America/St_Johns", "06:30"),
        ("AU", "zone_au", "Australia/Perth", "18:00"),
    ],
)
def test_where_a_country_has_several_clocks_another_one_is_chosen_within_fourteen_turns(
    call: Caller, country: str, question: str, zone: str, shown: str
) -> None:
    asked = through(call, "country")
    call.answer(FORM, "country", country)
    asked += through(call, "reminder")
    asked.append(call.answer(FORM, "reminder", "other_clock").slots["requested_slot"])
    asked.append(call.answer(FORM, question, zone).slots["requested_slot"])
    assert asked[-2:] == [question, "reminder"]
    assert f"your clock shows {shown} now" in words_of(call, "reminder")["text"]
    assert call.answer(FORM, "reminder", "09:00").said == ["onboarding_done"]
    assert "limits" in asked
    assert len(asked) == 14


def test_every_zone_that_is_offered_exists(library: ContentLibrary) -> None:
    for step in CLOCK_STEPS:
        question = library.question(step.question)
        assert question is not None
        assert {option.value for option in question.options} <= available_timezones()


def test_a_reminder_set_later_can_correct_the_clock_too(call: Caller) -> None:
    form = "set_reminder_form"
    call.aboard()
    assert call("action_start_flow", "set_reminder").next == form
    assert call.answer(form, "reminder", "other_clock").slots["requested_slot"] == "local_time"
    assert call.answer(form, "local_time", "05:00").slots["requested_slot"] == "reminder"
    assert call.answer(form, "reminder", "18:30").said == ["reminder_kept"]
    assert call.patient.profile["reminder"] == "18:30"
    assert zone_of(call.patient, call.house.library).utcoffset(NOW) == timedelta(hours=-5)


def test_a_validation_brings_the_words_of_the_question_that_the_form_then_asks(call: Caller) -> None:
    through(call, "country")
    asked = call.answer(FORM, "country", "GB")
    (question,) = asked.words
    assert question == f"utter_ask_{asked.slots['requested_slot']}"
    tracker = {"sender_id": call.patient_id}
    assert (
        asked.words[question] == call.web.post("/nlg", json={"response": question, "tracker": tracker}).json()
    )


def test_an_action_that_asks_nothing_brings_no_words(call: Caller) -> None:
    assert call("action_chat", "greet").words == {}
