"""What may be said while something stands. Every kind against every level, no gap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.facts.clinical import Level
from bot.facts.talk import Kind
from bot.triage.guarantee import PresentState, may_say, needs_stop_list

ALARMS = [Level.CRISIS, Level.STOP, Level.CHECK, Level.ASSESS]
regions = st.sampled_from([None, "knee", "back", "shoulder"])
states = st.builds(
    PresentState,
    open=st.lists(
        st.tuples(st.sampled_from(ALARMS), st.frozensets(st.sampled_from(["knee", "back", "shoulder"]))),
        max_size=3,
    ).map(tuple),
    consented=st.booleans(),
    green_today=st.booleans(),
)


def state(*levels: Level, consented: bool = True, green: bool = True, region: str = "") -> PresentState:
    regions_ = frozenset({region}) if region else frozenset()
    return PresentState(tuple((level, regions_) for level in levels), consented, green)


@given(st.sampled_from(list(Kind)), regions, states)
def test_a_safety_word_may_always_be_said(kind: Kind, region: str | None, now: PresentState) -> None:
    assert may_say(Kind.SAFETY, region, now)


@given(st.sampled_from([Kind.CUE, Kind.EXERCISE]), regions, states)
def test_no_movement_is_offered_without_a_green_check_today(
    kind: Kind, region: str | None, now: PresentState
) -> None:
    if may_say(kind, region, now):
        assert now.green_today
        assert now.consented
        assert not now.interrupted


@pytest.mark.parametrize("level", ALARMS)
@pytest.mark.parametrize("kind", [Kind.CUE, Kind.EXERCISE, Kind.PLAN, Kind.CHEER])
def test_nothing_cheerful_and_no_movement_while_an_alarm_stands(kind: Kind, level: Level) -> None:
    assert not may_say(kind, None, state(level))
    assert may_say(kind, None, state())


def test_a_knee_under_assessment_closes_the_knee_and_leaves_the_shoulder_open() -> None:
    knee = state(Level.ASSESS, region="knee")
    assert not may_say(Kind.EXERCISE, "knee", knee)
    assert may_say(Kind.EXERCISE, "shoulder", knee)


def test_lessons_pause_in_a_crisis_and_go_on_under_a_stop() -> None:
    assert not may_say(Kind.EDUCATION, None, state(Level.CRISIS))
    assert may_say(Kind.EDUCATION, None, state(Level.STOP))


@pytest.mark.parametrize("kind", [Kind.EDUCATION, Kind.CUE, Kind.EXERCISE, Kind.PLAN, Kind.CHEER])
def test_before_consent_there_are_no_lessons_and_no_movement(kind: Kind) -> None:
    assert not may_say(kind, None, state(consented=False))


@given(st.lists(st.sampled_from(list(Kind))))
def test_the_stop_list_goes_with_every_cue_and_exercise(kinds: list[Kind]) -> None:
    assert needs_stop_list(kinds) == bool({Kind.CUE, Kind.EXERCISE} & set(kinds))
