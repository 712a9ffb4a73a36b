"""Short replies, read against the question before them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.usecases.ports import Option, Question
from bot.usecases.reading import Answer, Misfit, chosen, read_answer

PAIN = Question("pain", "number", low=0, high=10)
SAFE = Question("safe", "choice", (Option("Yes", "yes"), Option("No", "no"), Option("Not sure", "unsure")))
SIDE = Question("side", "choice", (Option("Left knee", "left", ("the left one", "left")),))
REMINDER = Question("reminder", "time", (Option("No reminder", "none"),))


def value(question: Question, text: str, short: str | None = None) -> object:
    answer = read_answer(question, text, short)
    return answer.value if isinstance(answer, Answer) else answer


@pytest.mark.parametrize(
    ("text", "pain"),
    [
        ("7", "7"),
        ("seven", "7"),
        ("about a 7", "7"),
        ("7/10", "7"),
        ("7 out of 10", "7"),
        ("it's a 3 now", "3"),
    ],
)
def test_a_bare_number_answers_a_question_for_a_number(text: str, pain: str) -> None:
    assert value(PAIN, text) == pain


@pytest.mark.parametrize("text", ["11", "-1", "100", "400"])
def test_a_number_out_of_scale_is_told_apart_from_no_number(text: str) -> None:
    assert value(PAIN, text) is Misfit.OFF_SCALE


@pytest.mark.parametrize("text", ["I walked 7 miles yesterday", "what is pacing?", "", "no idea"])
def test_a_sentence_with_a_number_in_it_is_no_answer(text: str) -> None:
    assert value(PAIN, text) is None


@given(st.integers(0, 10))
def test_every_number_on_the_scale_is_taken_typed_or_pressed(pain: int) -> None:
    assert value(PAIN, str(pain)) == str(pain)
    pressed = chosen(PAIN, str(pain))
    assert isinstance(pressed, Answer)
    assert pressed.value == str(pain)


@given(st.integers().filter(lambda n: not 0 <= n <= 10))
def test_no_number_off_the_scale_is_ever_taken(pain: int) -> None:
    assert value(PAIN, str(pain)) is Misfit.OFF_SCALE


def test_yes_no_and_dont_know_are_read_from_the_question() -> None:
    assert value(SAFE, "yeah", "affirm") == "yes"
    assert value(SAFE, "nope", "deny") == "no"
    assert value(SAFE, "dunno", "unsure") == "unsure"


def test_yes_is_no_answer_to_a_question_that_has_no_yes() -> None:
    assert value(SIDE, "yes", "affirm") is None


def test_the_left_one_is_understood() -> None:
    assert value(SIDE, "The left one!") == "left"


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("9:30", "09:30"),
        ("8am", "08:00"),
        ("12 am", "00:00"),
        ("6 pm", "18:00"),
        ("18.45", "18:45"),
        ("half past six", "06:30"),
        ("Half six in the evening", "18:30"),
        ("quarter to one", "12:45"),
        ("a quarter past nine in the morning", "09:15"),
        ("seven thirty pm", "19:30"),
        ("eight o'clock at night", "20:00"),
        ("noon", "12:00"),
        ("about midnight", "00:00"),
    ],
)
def test_a_time_is_read(text: str, clock: str) -> None:
    assert value(REMINDER, text) == clock


def test_a_time_that_does_not_exist_is_said_so() -> None:
    assert value(REMINDER, "25:00") is Misfit.NO_SUCH_TIME


def test_a_button_of_another_question_means_nothing() -> None:
    assert chosen(SIDE, "right") is None


CARER = Question(
    "carer",
    "choice",
    (Option("Yes", "yes", ("my physio", "my gp", "gp")), Option("No", "no", ("nobody does",))),
    loose=True,
)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("my physio Jane", "yes"),
        ("well my GP does, a bit", "yes"),
        ("nobody does really", "no"),
        ("not my physio", None),
        ("my gp retired and nobody does now", None),
        ("what does my gp have to do with it?", None),
        ("the gp", None),
    ],
)
def test_a_loose_question_finds_its_option_in_a_longer_reply_unless_it_may_be_turned_round(
    text: str, answer: str | None
) -> None:
    assert value(CARER, text) == answer


def test_a_question_that_is_not_loose_takes_whole_replies_only() -> None:
    assert value(SIDE, "the left one hurts") is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("walking down stairs", "stairs"),
        ("kneeling, I think", "kneel"),
        ("is kneeling bad?", None),
        ("kneeling and stairs", None),
        ("what is it with stairs", None),
        ("I went up some stairs today and my back felt fine", None),
    ],
)
def test_one_word_names_an_option_in_a_short_reply_that_asks_nothing(text: str, named: str | None) -> None:
    feared = Question(
        "feared",
        "choice",
        (Option("Stairs", "stairs"), Option("Kneeling", "kneel")),
        loose=True,
        one_word=True,
    )
    assert value(feared, text) == named
