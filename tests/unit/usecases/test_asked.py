"""A short reply means what the question before it asked; one with signs of its own means those."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from screening_bench import bench

from bot.usecases.asked import MOST_WORDS, meaning_of

CHEST = "Have you had any chest pain or breathlessness?"


@pytest.mark.parametrize(
    ("question", "reply", "level"),
    [
        (CHEST, "yes", "stop"),
        (CHEST, "Yeah, a bit", "stop"),
        (CHEST, "none of those", "none"),
        (CHEST, "no", "none"),
        (CHEST, "not sure", "check"),
        (CHEST, "no but my leg has gone numb", "stop"),
        ("Which leg went weak?", "the left one", "stop"),
        ("Did your leg go weak?", "the left one", "none"),
        ("Has anybody in your family had a heart attack?", "yes", "none"),
        ("Are you thinking of ending your life?", "yes", "crisis"),
        ("How are you getting on?", "yes", "none"),
        (CHEST, "yes and while I am at it what does pacing mean", "none"),
    ],
)
def test_a_reply_is_judged_with_the_words_of_the_question(question: str, reply: str, level: str) -> None:
    assert bench().judge(reply, question).level.value == level


def test_a_denied_crisis_in_answer_to_a_question_gets_a_gentle_word() -> None:
    assert bench().judge("no", "Are you thinking of ending your life?").care == "say_care_past"


@pytest.mark.parametrize(
    ("question", "reply", "level", "answer"),
    [
        ("ask_check", "yes", "stop", "now"),
        ("check", "it came and went", "stop", "passed"),
        ("check", "no", "none", "other"),
        ("check", "what is pacing?", "none", None),
        ("which_sign", "chest", "stop", "chest"),
        ("pain_now", "7", "none", "7"),
        ("after_24h", "muscles", "continue", "muscles"),
        ("no_such_question", "yes", "none", None),
    ],
)
def test_a_question_of_ours_is_read_by_its_options(
    question: str, reply: str, level: str, answer: str | None
) -> None:
    record = bench().record(reply, question)
    assert record["level"] == level
    assert (record["answer"] or {}).get("value") == answer


def test_the_evidence_of_a_short_reply_is_the_reply() -> None:
    (reason,) = bench().judge("the left one", "Which leg went weak?").reasons
    assert [evidence.text for evidence in reason.evidence] == ["the left one"]


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_without_signs_in_either_no_reply_is_a_sign(text: str, question: str) -> None:
    if not bench().screening.read(text) and not bench().screening.read(question):
        assert bench().judge(text, question + " ").reasons == ()


@given(st.lists(st.sampled_from(["yes", "no", "maybe", "left"]), min_size=MOST_WORDS + 1))
def test_a_long_reply_speaks_for_itself(words: list[str]) -> None:
    assert meaning_of(" ".join(words), CHEST) is None
