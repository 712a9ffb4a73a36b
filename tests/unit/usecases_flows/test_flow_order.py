"""What a flow asks next, and where "back" leads, for every order of answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.facts.talk import Patient, Standing
from bot.usecases.flow import SKIPPED, Flow, Talk, asked, next_question, previous_question
from bot.usecases.goals import BELIEFS, Cue, Understand, belief_in, goal_after
from bot.usecases.onboarding import Onboarding, feared_question, kept
from bot.usecases.ports import Library, Records
from bot.usecases.profile import Profiles

NOW = datetime(2026, 11, 21, tzinfo=UTC)
UNUSED = cast(Any, None)
ONBOARDING = Onboarding(cast(Records, UNUSED), cast(Library, UNUSED))
REGIONS = ("knee", "back", "shoulder", "neck", "hip", "other", SKIPPED)


def talk_with(
    answers: Mapping[str, str | None], profile: Mapping[str, str] | None = None, **more: Any
) -> Talk:
    patient = Patient("p", "web", Standing.NEW, NOW, profile or {})
    return Talk(patient=patient, answers=answers, now=NOW, message_id="m", **more)


def walk(flow: Flow, choose: Mapping[str, str]) -> list[str]:
    answers: dict[str, str | None] = {}
    order: list[str] = []
    while (question := next_question(flow, talk_with(answers))) is not None:
        order.append(question)
        answers[question] = choose.get(question, "yes")
    return order


COUNTRIES = ("GB", "US", "CA", "AU", "other", SKIPPED)


@given(
    region=st.sampled_from(REGIONS),
    clinician=st.sampled_from(["yes", "no", SKIPPED]),
    country=st.sampled_from(COUNTRIES),
)
def test_every_way_through_the_onboarding_has_at_most_fourteen_questions(
    region: str, clinician: str, country: str
) -> None:
    order = walk(ONBOARDING, {"region": region, "clinician": clinician, "country": country})
    assert order[:2] == ["adult", "consent"]
    assert len(order) <= 14
    assert len(set(order)) == len(order)
    assert ("limits" in order) == (clinician == "yes")
    assert [question for question in order if question.startswith("feared_")] == [feared_question(region)]


@given(
    answers=st.dictionaries(
        st.sampled_from([step.question for step in ONBOARDING.steps]), st.sampled_from(["yes", "no", "knee"])
    )
)
def test_the_next_question_is_never_one_that_is_answered_or_does_not_apply(answers: dict[str, str]) -> None:
    talk = talk_with(answers)
    question = next_question(ONBOARDING, talk)
    open_ones = [step.question for step in ONBOARDING.steps if asked(step, talk)]
    assert question == (open_ones[0] if open_ones else None)
    assert question not in answers


@given(region=st.sampled_from(REGIONS), steps=st.integers(min_value=1, max_value=11))
def test_back_undoes_exactly_the_last_answer(region: str, steps: int) -> None:
    order = walk(ONBOARDING, {"region": region, "clinician": "yes"})
    answered = {question: "yes" for question in order[:steps]} | {"clinician": "yes"}
    if "region" in answered:
        answered["region"] = region
    given_answers = {question: answered[question] for question in order[:steps]}
    assert previous_question(ONBOARDING, talk_with(given_answers), order[steps]) == order[steps - 1]


def test_nothing_lies_before_the_first_question() -> None:
    assert previous_question(ONBOARDING, talk_with({}), "adult") is None


def test_a_lasting_answer_of_the_profile_is_not_asked_again() -> None:
    cue = Cue(cast(Profiles, UNUSED), cast(Library, UNUSED))
    profile = {"region": "knee", "feared_knee": "stairs"}
    assert next_question(cue, talk_with({}, profile)) == "sign_check"
    assert next_question(cue, talk_with({}, profile, green_today=True)) == "prediction"


@pytest.mark.parametrize("topic", BELIEFS)
def test_a_belief_counts_from_the_band_on(topic: str) -> None:
    ranking = (("pacing", 0.9), (topic, 0.4))
    assert belief_in(talk_with({}, ranking=ranking), 0.40) == topic
    assert belief_in(talk_with({}, ranking=ranking), 0.41) is None


def test_the_likeliest_belief_wins() -> None:
    ranking = (("fear_of_movement", 0.5), ("belief_damage", 0.45))
    assert belief_in(talk_with({}, ranking=ranking), 0.4) == "fear_of_movement"


@pytest.mark.parametrize(
    ("done", "following"),
    [
        ("", "understand"),
        ("understand", "challenge"),
        ("understand challenge confidence cue level", "modify"),
        ("understand challenge confidence cue level modify", "understand"),
    ],
)
def test_after_the_sixth_goal_the_first_comes_again(done: str, following: str) -> None:
    assert goal_after(Patient("p", "web", Standing.ACTIVE, NOW, {"goals_done": done})) == following


def test_a_skipped_movement_leaves_none_behind() -> None:
    assert kept("feared_knee", SKIPPED) == {"feared_knee": SKIPPED, "movement": None}
    assert kept("feared_knee", "squat") == {"feared_knee": "squat", "movement": "squat"}


def test_goals_have_forms_of_their_own_name() -> None:
    assert Understand(cast(Profiles, UNUSED), cast(Library, UNUSED)).name == "goal_understand_form"
