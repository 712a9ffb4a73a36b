"""Fillers, repeats, case, quotes and company don't take back what a person plainly says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from screening_bench import bench

from bot.facts.clinical import Level

ASSERTED = (
    "I have chest pain", "I can't breathe", "I feel dizzy", "my leg has gone numb", "my arm went weak",
    "my knee gave way", "I wet myself", "my speech is slurred", "I nearly passed out", "I want to die",
)  # fmt: skip
FILLERS = ("um", "uh", "like", "you know", "I mean", "kind of", "well,", "erm", "honestly")
BEFORE = (
    "", "My back is fine. ", "No pain in my neck. ", "I don't want to bother you but ", "Hello! ",
    "I did my squats yesterday. ", "My knee has no swelling. ", "not sure why, ", "can't work out why but ",
)  # fmt: skip
AFTER = ("", ".", " lol", " but I am sure it is nothing", ", probably the heat", ". My back is ok", " 😅")


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(ASSERTED),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(FILLERS)), max_size=3),
    st.sampled_from(BEFORE),
    st.sampled_from(AFTER),
    st.sampled_from([str, str.upper, str.lower, lambda s: s.replace("'", "’"), lambda s: s.replace("'", "")]),
)
def test_fillers_and_company_silence_nothing(phrase, fillers, before, after, written) -> None:  # type: ignore[no-untyped-def]
    words = phrase.split()
    for place, filler in fillers:
        words.insert(min(place, len(words)), filler)
    verdict = bench().judge(before + written(" ".join(words)) + after)
    assert verdict.level in {Level.STOP, Level.CRISIS, Level.CHECK}


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_and_its_spans_are_the_writers_own(text: str) -> None:
    for fact in bench().screening.read(text):
        for evidence in fact.evidence:
            assert text[evidence.start : evidence.end] == evidence.text


def test_crisis_with_an_emergency_is_answered_with_both_the_body_first() -> None:
    verdict = bench().judge("I want to die and I have chest pain")
    assert verdict.level is Level.CRISIS
    assert bench().screening.messages_for(verdict) == ("say_stop_chest", "say_crisis")


def test_denied_and_past_crisis_words_get_a_gentle_word() -> None:
    assert bench().judge("I am not suicidal").care == "say_care_past"
    assert bench().judge("I felt suicidal ten years ago").care == "say_care_past"


def test_a_pressed_button_reports_its_sign() -> None:
    fact = bench().screening.fact("chest_pain", "Chest pain or pressure", None)
    assert fact.sign == "chest_pain"
    assert fact.evidence[0].text == "Chest pain or pressure"


def test_a_very_long_message_is_screened_to_its_end() -> None:
    text = "my back is fine today. " * 4300 + "I have chest pain"
    assert len(text) > 98_000
    assert bench().judge(text).level is Level.STOP
