from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.assembly import refuse_unsigned
from bot.facts.talk import Button, Kind
from bot.library import ContentFaults, ContentLibrary, MissingVariable, load_library
from bot.library.library import plain_form
from bot.settings import Settings, SettingsFault


@pytest.fixture
def library(project: Path) -> ContentLibrary:
    return load_library(project / "content")


def test_every_bubble_is_said_in_order_with_its_variables(library: ContentLibrary) -> None:
    replies = library.say("say_stop", emergency="112", unused="x")
    assert [reply.text for reply in replies] == ["Stop now.", "Call 112."]
    assert {reply.content_id for reply in replies} == {"say_stop"}
    assert replies[0].variables == {"emergency": "112"}
    assert replies[0].kind is Kind.SAFETY


def test_a_missing_variable_is_an_error_and_never_a_brace(library: ContentLibrary) -> None:
    with pytest.raises(MissingVariable, match="emergency"):
        library.say("say_stop")


def test_a_variable_stays_on_its_line_and_is_never_read_as_a_variable(library: ContentLibrary) -> None:
    (reply,) = library.say("lesson_pacing", name="a\n\tb\u202e\x00 {name} {x}")
    assert reply.text == "Plan it, a b {name} {x}."
    assert library.vouches(reply)


def test_an_unknown_id_is_a_key_error(library: ContentLibrary) -> None:
    for content_id in ("nothing", "lesson_pacing.nothing", ""):
        with pytest.raises(KeyError):
            library.say(content_id)


def test_options_and_ways_on_become_buttons_of_the_last_bubble(library: ContentLibrary) -> None:
    (reply,) = library.say("ask_region")
    assert reply.asks == "region"
    assert reply.buttons == (
        Button("Knee", "answer:region=knee"),
        Button("None of these", "answer:region=none"),
        Button("It gives way", "answer:region=way"),
        Button("What pacing is", "do:pacing"),
    )


def test_a_short_scale_is_one_tap(library: ContentLibrary) -> None:
    (reply,) = library.say("ask_pain")
    assert [button.title for button in reply.buttons] == [str(number) for number in range(11)]
    assert reply.buttons[7].payload == "answer:pain=7"


def test_a_button_that_leads_nowhere_is_left_out(
    project: Path, change: Callable[[str, str, str], None]
) -> None:
    change("content/lessons/basics.yml", '{title: "Tell me more", do: tell_more}', '{do: "{first}"}')
    library = load_library(project / "content")
    assert library.say("lesson_pacing", name="Ann", first="")[0].buttons == ()
    assert library.say("lesson_pacing", name="Ann", first="pacing")[0].buttons == (
        Button("What pacing is", "do:pacing"),
    )


def test_a_question_is_found_by_its_slot_and_by_its_content_id(library: ContentLibrary) -> None:
    question = library.question("region")
    assert question == library.question("ask_region")
    assert question is not None
    assert (question.id, question.form) == ("region", "choice")
    assert question.options[0].says == ("my knee",)
    assert question.options[1].green
    assert question.options[2].sign == "instability"
    assert library.question("lesson_pacing") is None


def test_why_tells_reason_certainty_and_documents_once(library: ContentLibrary) -> None:
    replies = library.why("lesson_pacing")
    assert [reply.text for reply in replies] == [
        "It helps you last.",
        "Quite sure. It comes from a guide; our careful line.",
    ]
    assert all(library.vouches(reply) and not reply.buttons for reply in replies)


def test_why_of_a_question_may_be_told_before_consent_and_asks_nothing(library: ContentLibrary) -> None:
    (reason, _) = library.why("region")
    assert reason.kind is Kind.PLAIN
    assert reason.asks is None


def test_more_falls_back_to_the_reason(library: ContentLibrary) -> None:
    assert [reply.text for reply in library.more("lesson_pacing")] == ["Small steps.", "Each day."]
    assert library.more("ask_pain")[0].text == "To see it over time."


def test_the_dose_stands_in_the_words_and_no_caller_can_change_it(library: ContentLibrary) -> None:
    told = library.say("step_knee_squat_2", amount="500")
    assert [reply.text for reply in told] == [
        "Stand up 5 times. Once a day.",
        "Leave it out if it gives way.",
    ]
    assert not library.vouches(replace(told[0], text="Stand up 500 times. Once a day."))


def test_steps_are_listed_from_easy_to_hard(library: ContentLibrary) -> None:
    steps = library.entries(kind=Kind.EXERCISE, region="knee", movement="squat")
    assert [entry.step for entry in steps] == [1, 2]
    assert library.entries(kind=Kind.CUE, region="back") == ()


def test_unsigned_safety_names_entries_and_triage_rules_but_not_what_is_signed(
    library: ContentLibrary,
) -> None:
    assert library.unsigned_safety() == ["chest_pain", "country_unknown", "say_stop"]


@pytest.mark.parametrize(("signed", "refused"), [("", True), ("B. Nurse", False)])
def test_production_refuses_emergency_numbers_that_nobody_has_checked(signed: str, refused: bool) -> None:
    countries = {"unknown": {"name": "x", "emergency": "1", "crisis": "2", "reviewed_by": signed}}
    library = ContentLibrary(
        {},
        short_forms={},
        commands={},
        figures={},
        countries=countries,
        topics={},
        documents={},
        origin="",
    )
    production = Settings(mode="production")
    with pytest.raises(SettingsFault) if refused else nullcontext():
        refuse_unsigned(production, library)
    refuse_unsigned(Settings(mode="local"), library)


def test_a_country_nobody_knows_has_words_of_its_own(library: ContentLibrary) -> None:
    assert library.country("NO")["emergency"] == "112"
    assert library.country(None) == library.country("XX") == library.country("unknown")


def test_the_version_changes_with_any_word_of_the_entry_and_with_no_other(
    project: Path, change: Callable[[str, str, str], None]
) -> None:
    before = load_library(project / "content")
    change("content/lessons/basics.yml", "Quite sure", "Not sure")
    after = load_library(project / "content")
    assert before.entry("lesson_pacing").version != after.entry("lesson_pacing").version
    assert before.entry("ask_region").version == after.entry("ask_region").version
    assert len(after.entry("ask_region").version) == 8


@pytest.mark.parametrize("text", ["yes", "YES!!", "  Yes. ", "Ok", "👍", "👍🏽", "👍👍", "👍️", "“yes”"])
def test_short_forms_are_known_whatever_their_dress(library: ContentLibrary, text: str) -> None:
    assert library.short_form(text) == "affirm"


@pytest.mark.parametrize("text", ["7", "yes but my chest hurts", "", " ", "no", "yess"])
def test_nothing_else_is_a_short_form(library: ContentLibrary, text: str) -> None:
    assert library.short_form(text) is None


def test_faults_of_every_file_are_told_together(
    project: Path, change: Callable[[str, str, str], None]
) -> None:
    change("content/lessons/basics.yml", "kind: education", "kind: lecture")
    change("content/figures.yml", "value: 0.4", "value: much")
    with pytest.raises(ContentFaults) as raised:
        load_library(project / "content")
    assert {fault.file for fault in raised.value.faults} == {
        "content/lessons/basics.yml",
        "content/figures.yml",
    }
    assert len(str(raised.value).splitlines()) == len(raised.value.faults)


@given(text=st.text(max_size=60))
def test_a_plain_form_stays_what_it_is(text: str) -> None:
    assert plain_form(plain_form(text)) == plain_form(text)
