"""Rules 1 to 7 of docs/architecture.md, each at its borders."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.intent_rules import Choice, Guess, IntentRules, classifiers_own, settled, told_ranking

RULES = IntentRules(
    act_at=0.40,
    sure_at=0.60,
    not_digressions=frozenset({"belief_damage", "unsure"}),
    asking=("what", "how", "is", "can you"),
)
ANSWER = {"slot": "region", "value": "knee"}
TEXT_QUESTION = {"slot": "thought", "form": "text"}


def choose(
    text: str = "words", likeliest: str = "pacing", confidence: float = 0.9, **metadata: Any
) -> Choice:
    return RULES.choose(text, metadata, [Guess(likeliest, confidence), Guess("greet", 0.01)])


@pytest.mark.parametrize(
    ("metadata", "without_words"),
    [
        ({}, False),
        ({"verdict": {"level": "stop"}, "question": TEXT_QUESTION}, True),
        ({"verdict": {"level": "assess"}}, False),
        ({"answer": ANSWER}, True),
        ({"answer": ANSWER, "question": {"slot": "region", "form": "choice"}}, True),
        ({"answer": ANSWER, "question": TEXT_QUESTION}, True),
        ({"answer": {"slot": "thought", "value": "worn"}, "question": TEXT_QUESTION}, False),
        ({"question": TEXT_QUESTION}, False),
        ({"intent": "pacing", "question": TEXT_QUESTION}, True),
    ],
)
def test_only_words_that_somebody_asks_for_are_understood(
    metadata: dict[str, Any], without_words: bool
) -> None:
    assert settled(metadata) is without_words


@given(
    metadata=st.fixed_dictionaries(
        {},
        optional={
            "verdict": st.sampled_from(["crisis", "stop", "check", "assess", "none"]).map(
                lambda level: {"level": level}
            ),
            "answer": st.sampled_from([None, ANSWER]),
            "intent": st.sampled_from([None, "pacing"]),
            "question": st.sampled_from([None, TEXT_QUESTION, {"slot": "region", "form": "choice"}]),
        },
    ),
    likeliest=st.sampled_from(["pacing", "belief_damage", "greet"]),
)
def test_what_is_settled_without_words_comes_out_the_same_whatever_they_seem_to_be(
    metadata: dict[str, Any], likeliest: str
) -> None:
    if settled(metadata):
        assert RULES.choose("words?", metadata, [Guess(likeliest, 0.9)]) == RULES.choose("", metadata, [])


@pytest.mark.parametrize("level", ["crisis", "stop", "check"])
@given(
    text=st.text(),
    answer=st.sampled_from([None, ANSWER]),
    intent=st.sampled_from([None, "pacing"]),
    question=st.sampled_from([None, TEXT_QUESTION, {"slot": "region", "form": "choice"}]),
)
def test_a_sign_that_ends_the_talk_comes_before_all_else(
    level: str, text: str, answer: Any, intent: Any, question: Any
) -> None:
    chosen = choose(text, verdict={"level": level}, answer=answer, intent=intent, question=question)
    assert chosen == Choice("safety_stop")


@pytest.mark.parametrize("level", ["assess", "continue", "none"])
def test_an_answer_comes_before_a_milder_verdict(level: str) -> None:
    chosen = choose(verdict={"level": level}, answer=ANSWER, intent="pacing", question=TEXT_QUESTION)
    assert chosen == Choice("answer", entities=(("region", "knee"),))


@pytest.mark.parametrize("value", [0, "", False])
def test_an_answer_of_nothing_is_an_answer(value: Any) -> None:
    assert choose(answer={"slot": "pain", "value": value}).entities == (("pain", value),)


def test_an_assessment_comes_before_a_button() -> None:
    assert (
        choose(verdict={"level": "assess"}, intent="pacing", question=TEXT_QUESTION).name == "report_symptom"
    )


def test_a_button_brings_its_intent_and_slots() -> None:
    chosen = choose(intent="plan_today", slots={"goal": "cue"}, question=TEXT_QUESTION)
    assert chosen == Choice("plan_today", entities=(("goal", "cue"),))


def test_what_is_said_to_an_open_text_question_is_its_answer() -> None:
    chosen = choose("my joint is worn", verdict={"level": "continue"}, question=TEXT_QUESTION)
    assert chosen == Choice("answer", entities=(("thought", "my joint is worn"),))


@pytest.mark.parametrize(
    "text", ["pacing?", "What is pacing", "how does that work", "Can you say that again"]
)
def test_a_sure_topic_put_as_a_question_is_a_digression(text: str) -> None:
    assert choose(text, question=TEXT_QUESTION) == Choice("pacing", 0.9)


def test_a_statement_is_never_a_digression() -> None:
    assert choose("pacing myself did nothing", confidence=1.0, question=TEXT_QUESTION).name == "answer"


@pytest.mark.parametrize(("confidence", "name"), [(0.59, "answer"), (0.60, "pacing")])
def test_a_digression_needs_a_sure_classifier(confidence: float, name: str) -> None:
    assert choose("what is pacing?", confidence=confidence, question=TEXT_QUESTION).name == name


@pytest.mark.parametrize("belief", ["belief_damage", "unsure"])
def test_a_belief_put_as_a_question_is_still_the_answer(belief: str) -> None:
    assert choose("is my joint worn out?", belief, 0.99, question=TEXT_QUESTION).name == "answer"


def test_an_open_choice_takes_no_words_for_an_answer() -> None:
    assert choose("knee", question={"slot": "region", "form": "choice"}).name == "pacing"


def test_a_mild_symptom_is_a_report_whatever_the_classifier_says() -> None:
    assert choose(verdict={"level": "continue"}, confidence=1.0).name == "report_symptom"


@pytest.mark.parametrize(("confidence", "name"), [(0.39, "nlu_fallback"), (0.40, "pacing")])
def test_the_classifier_is_believed_from_its_own_band_on(confidence: float, name: str) -> None:
    assert choose(confidence=confidence) == Choice(name, confidence)


@given(confidence=st.floats(0, 1), act_at=st.floats(0, 1))
def test_the_band_that_comes_with_a_message_counts(confidence: float, act_at: float) -> None:
    assert (choose(confidence=confidence, act_at=act_at).name == "pacing") == (confidence >= act_at)


def test_without_a_ranking_nothing_is_understood() -> None:
    assert RULES.choose("", {}, []) == Choice("nlu_fallback", 0.0)


def test_the_fallback_classifiers_own_line_is_taken_out_of_the_ranking() -> None:
    given_ranking = [{"name": "nlu_fallback", "confidence": 0.4}, {"name": "pacing", "confidence": 0.3}]
    assert classifiers_own(given_ranking) == [Guess("pacing", 0.3)]


@given(
    st.lists(st.sampled_from(["pacing", "greet", "sleep", "answer"]), unique=True), st.text("ab", max_size=2)
)
def test_behind_the_choice_the_classifiers_order_stays(names: list[str], other: str) -> None:
    for chosen in [*names, other or "answer"]:
        told = told_ranking(Choice(chosen), [Guess(name, 0.1) for name in names])
        assert [guess.name for guess in told] == [chosen, *(name for name in names if name != chosen)]
