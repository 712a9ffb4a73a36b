"""Both sides of every border of the rules over the log."""

from __future__ import annotations

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
