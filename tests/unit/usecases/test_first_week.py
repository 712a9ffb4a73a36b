"""Who starts lowest, and when the first week's questions are offered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.facts.talk import Patient, Standing
from bot.library import load_library
from bot.usecases.first_week import DONE, INVITATION, INVITED, JOINED, ROOM_BEHIND, invitation_due
from bot.usecases.profile import SENSITISATION, sensitised

JOINED_ON = date(2026, 11, 1)
ANSWERS = st.fixed_dictionaries(
    {question: st.sampled_from(["yes", "no", "unsure"]) for question in SENSITISATION}
)


@given(ANSWERS)
def test_mostly_no_and_nothing_else_takes_the_lowest_profile_away(answers: Mapping[str, str]) -> None:
    assert sensitised(answers, 3) == (list(answers.values()).count("no") < 3)


@given(ANSWERS, st.sampled_from(SENSITISATION), st.sampled_from([None, "skipped", ""]))
def test_one_open_answer_keeps_the_lowest_profile(
    answers: Mapping[str, str], left_out: str, value: str | None
) -> None:
    kept = {**dict.fromkeys(answers, "no"), left_out: value}
    assert sensitised({key: said for key, said in kept.items() if said is not None}, 3)


@given(ANSWERS, st.sampled_from(SENSITISATION))
def test_one_more_no_never_makes_the_start_slower(answers: Mapping[str, str], question: str) -> None:
    assert sensitised({**answers, question: "no"}, 3) <= sensitised(answers, 3)


def due_on(day: date, standing: Standing = Standing.ACTIVE, **profile: str) -> bool:
    known = {JOINED: JOINED_ON.isoformat(), **profile}
    patient = Patient("p", "web", standing, datetime(2026, 11, 1, tzinfo=UTC), known)
    return invitation_due(patient, day, 7)


@pytest.mark.parametrize(("after", "due"), [(-1, False), (0, False), (1, True), (7, True), (8, False)])
def test_the_invitation_is_due_on_the_seven_days_after_joining(after: int, due: bool) -> None:
    assert due_on(JOINED_ON + timedelta(days=after)) == due


def test_it_is_given_once_a_day_and_not_after_the_questions_were_gone_through() -> None:
    today = JOINED_ON + timedelta(days=2)
    assert not due_on(today, **{INVITED: today.isoformat()})
    assert due_on(today, **{INVITED: JOINED_ON.isoformat()})
    assert not due_on(today, **{DONE: "yes"})


@pytest.mark.parametrize("standing", [s for s in Standing if s is not Standing.ACTIVE])
def test_only_people_on_board_are_invited(standing: Standing) -> None:
    assert not due_on(JOINED_ON + timedelta(days=2), standing)


def test_the_words_with_room_behind_them_exist_and_ask_nothing() -> None:
    library = load_library(Path("content"))
    for content_id in ROOM_BEHIND | {INVITATION}:
        assert library.entry(content_id).asks is None
