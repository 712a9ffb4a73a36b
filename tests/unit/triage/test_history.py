"""Both sides of every border of the rules over the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.facts.clinical import History, Level, PainEntry, PastVerdict, Reason, SessionEntry, Urgency
from bot.triage.history import (
    Limits,
    assessed_lately,
    flares_go_on,
    higher_each_session,
    raised_by_repetition,
    second_long_flare,
    soreness_asked_again_at,
    still_raised,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMITS = Limits(
    settles_within=timedelta(hours=24),
    told_after=timedelta(hours=48),
    repeat_window=timedelta(days=14),
    assess_window=timedelta(days=7),
    routine_after=timedelta(weeks=6),
    soreness_until=timedelta(hours=72),
    raised_by=2,
    rising_sessions=3,
    flares_counted=2,
)


def flare(start: datetime, hours: float, rise: int = 2) -> tuple[SessionEntry, tuple[PainEntry, ...]]:
    session = SessionEntry(start, "squat")
    return session, (
        PainEntry(start - HOUR, 3),
        PainEntry(start + timedelta(hours=hours), 3 + rise),
    )


def after_one_session(hours: float, rise: int = 2) -> History:
    session, pains = flare(NOW - timedelta(hours=hours), hours, rise)
    return History(pains=pains, sessions=(session,))


@given(st.floats(min_value=0.1, max_value=100))
def test_pain_counts_as_still_raised_from_24_hours_on(hours: float) -> None:
    raised = still_raised(after_one_session(hours), LIMITS, LIMITS.settles_within)
    assert raised is (timedelta(hours=hours) >= timedelta(hours=24))


@pytest.mark.parametrize(("hours", "told"), [(47.9, False), (48, True)])
def test_a_clinician_is_told_from_48_hours_on(hours: float, told: bool) -> None:
    assert still_raised(after_one_session(hours), LIMITS, LIMITS.told_after) is told


@pytest.mark.parametrize(("rise", "raised"), [(1, False), (2, True)])
def test_a_rise_counts_from_two_points_on(rise: int, raised: bool) -> None:
    assert still_raised(after_one_session(30, rise), LIMITS, LIMITS.settles_within) is raised


@pytest.mark.parametrize(("days", "second"), [(13, True), (14, True), (15, False)])
def test_a_second_long_flare_counts_within_two_weeks(days: int, second: bool) -> None:
    first_session, first_pains = flare(NOW - timedelta(days=days), 25)
    last_session, last_pains = flare(NOW - timedelta(days=2), 26)
    history = History(pains=first_pains + last_pains, sessions=(first_session, last_session))
    assert second_long_flare(history, NOW, LIMITS) is second


@pytest.mark.parametrize(("pains", "rising"), [((3, 4, 5), True), ((3, 4, 4), False), ((4, 5), False)])
def test_pain_that_is_higher_after_each_of_three_sessions_is_seen(
    pains: tuple[int, ...], rising: bool
) -> None:
    sessions = tuple(
        SessionEntry(NOW - timedelta(days=9 - n), "squat", pain_after=p) for n, p in enumerate(pains)
    )
    assert higher_each_session(History(sessions=sessions), LIMITS) is rising


@pytest.mark.parametrize(("weeks", "go_on"), [(5, False), (6, True)])
def test_flares_that_go_on_count_once_a_routine_exists(weeks: int, go_on: bool) -> None:
    start = SessionEntry(NOW - timedelta(weeks=weeks), "walk")
    one, one_pains = flare(NOW - timedelta(days=8), 25)
    two, two_pains = flare(NOW - timedelta(days=3), 25)
    history = History(pains=one_pains + two_pains, sessions=(start, one, two))
    assert flares_go_on(history, NOW, LIMITS) is go_on


@pytest.mark.parametrize(("days", "soon"), [(7, True), (7.01, False)])
def test_a_second_assess_within_a_week_is_seen_soon(days: float, soon: bool) -> None:
    past = PastVerdict(NOW - timedelta(days=days), Level.ASSESS, Urgency.NONE, ("climbing_pain",))
    history = History(verdicts=(past,))
    reason = Reason("climbing_pain", "v", Level.ASSESS, Urgency.NONE)
    raised = raised_by_repetition([reason], history, NOW, LIMITS)
    assert assessed_lately(history, NOW, LIMITS) is soon
    assert raised[0].urgency is (Urgency.SOON if soon else Urgency.NONE)


@given(st.floats(min_value=0.1, max_value=100))
def test_muscles_that_were_told_to_ease_count_as_raised_from_72_hours_on(hours: float) -> None:
    raised = after_one_session(hours)
    told = PastVerdict(raised.sessions[0].at + HOUR / 100, Level.CONTINUE, Urgency.NONE, ("easing_muscles",))
    eased = replace(raised, verdicts=(told,))
    assert still_raised(eased, LIMITS, LIMITS.settles_within) is (timedelta(hours=hours) >= 72 * HOUR)


@pytest.mark.parametrize("told_after", [-1, 60])
def test_muscles_that_eased_before_or_after_another_session_say_nothing_of_this_one(told_after: int) -> None:
    one, pains = flare(NOW - timedelta(days=4), 30)
    two, more = flare(NOW - timedelta(days=2), 30)
    told = PastVerdict(one.at + told_after * HOUR, Level.CONTINUE, Urgency.NONE, ("easing_muscles",))
    history = History(pains=pains + more, sessions=(one, two), verdicts=(told,))
    assert second_long_flare(history, NOW, LIMITS) is (told_after == -1)


@given(st.floats(min_value=0, max_value=72))
def test_soreness_is_asked_again_72_hours_after_the_session_before_it_was_told(hours: float) -> None:
    session = SessionEntry(NOW - hours * HOUR, "squat")
    history = History(sessions=(SessionEntry(NOW - 80 * HOUR, "walk"), session))
    assert soreness_asked_again_at(history, NOW, LIMITS) == session.at + 72 * HOUR


def test_without_a_session_soreness_is_taken_for_a_day_old() -> None:
    long_ago = History(sessions=(SessionEntry(NOW - 73 * HOUR, "walk"),))
    for history in (History(), long_ago):
        assert soreness_asked_again_at(history, NOW, LIMITS) == NOW + 48 * HOUR


@given(st.lists(st.integers(0, 10), min_size=3, max_size=6))
def test_only_three_rises_in_a_row_are_pain_that_is_higher_after_each_session(pains: list[int]) -> None:
    sessions = tuple(
        SessionEntry(NOW - timedelta(days=9 - n), "squat", pain_after=p) for n, p in enumerate(pains)
    )
    first, second, third = pains[-3:]
    assert higher_each_session(History(sessions=sessions), LIMITS) is (first < second < third)


def test_pain_after_another_exercise_is_no_part_of_the_rise() -> None:
    sessions = tuple(
        SessionEntry(NOW - timedelta(days=9 - n), exercise, pain_after=3 + n)
        for n, exercise in enumerate(("squat", "walk", "squat"))
    )
    assert not higher_each_session(History(sessions=sessions), LIMITS)


@given(st.integers(1, 20), st.integers(21, 50))
def test_one_flare_alone_is_never_a_second_or_one_that_goes_on(recent: int, hours: int) -> None:
    start = SessionEntry(NOW - timedelta(weeks=8), "walk")
    one, pains = flare(NOW - timedelta(days=recent), hours)
    history = History(pains=pains, sessions=(start, one))
    assert not second_long_flare(history, NOW, LIMITS)
    assert not flares_go_on(history, NOW, LIMITS)


@given(st.floats(min_value=20, max_value=28))
def test_a_flare_is_long_from_24_hours_on(hours: float) -> None:
    one, pains = flare(NOW - timedelta(days=9), 25)
    two, more = flare(NOW - timedelta(days=2), hours)
    history = History(pains=pains + more, sessions=(one, two))
    assert second_long_flare(history, NOW, LIMITS) is (timedelta(hours=hours) >= 24 * HOUR)


@given(st.floats(min_value=-5, max_value=10))
def test_a_verdict_counts_as_lately_for_seven_days_and_never_from_the_future(days: float) -> None:
    at = NOW - timedelta(days=days)
    history = History(verdicts=(PastVerdict(at, Level.ASSESS, Urgency.NONE, ("climbing_pain",)),))
    assert assessed_lately(history, NOW, LIMITS) is (timedelta(0) < NOW - at <= timedelta(days=7))


@pytest.mark.parametrize("level", [Level.STOP, Level.CHECK, Level.CONTINUE])
def test_only_another_assess_raises_an_assess(level: Level) -> None:
    past = PastVerdict(NOW - timedelta(days=1), level, Urgency.NONE, ("x",))
    reasons = [Reason("climbing_pain", "v", Level.ASSESS, Urgency.NONE)]
    assert raised_by_repetition(reasons, History(verdicts=(past,)), NOW, LIMITS) == reasons
