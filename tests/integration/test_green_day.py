"""A clean sign check counts on the patient's own day: zones, midnights, the days of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from bot.usecases.present_state import green_today

ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "UTC",
            "Europe/London",
            "America/New_York",
            "America/St_Johns",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Asia/Beirut",
            "Africa/Cairo",
            "America/Havana",
            "Pacific/Auckland",
            "Pacific/Kiritimati",
            "Pacific/Pago_Pago",
        )
    ]
)
DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 30))
LONDON = ZoneInfo("Europe/London")
SHORT_DAY, LONG_DAY = date(2026, 3, 29), date(2026, 10, 25)
SHARES = st.floats(0, 0.999999)


def begins(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def within(day: date, zone: ZoneInfo, share: float) -> datetime:
    start, end = begins(day, zone), begins(day + timedelta(days=1), zone)
    return start + (end - start) * share


@given(DAYS, ZONES, SHARES, SHARES)
@example(SHORT_DAY, LONDON, 0.0, 0.999999)
@example(LONG_DAY, LONDON, 0.0, 0.999999)
def test_a_green_check_counts_until_the_last_moment_of_its_own_day(
    day: date, zone: ZoneInfo, one: float, other: float
) -> None:
    green, now = sorted((within(day, zone, one), within(day, zone, other)))
    assert green_today(green, None, now, zone)


@given(DAYS, ZONES, st.integers(1, 7200), st.integers(0, 7200))
@example(SHORT_DAY, LONDON, 1, 0)
@example(LONG_DAY, LONDON, 1, 0)
def test_a_green_check_from_before_midnight_never_counts_after_it(
    day: date, zone: ZoneInfo, before: int, after: int
) -> None:
    midnight = begins(day, zone)
    green = midnight - timedelta(seconds=before)
    assert not green_today(green, None, midnight + timedelta(seconds=after), zone)


@given(DAYS, ZONES, SHARES, st.integers(0, 10_000_000))
def test_an_alarm_at_or_after_the_check_takes_it_back(
    day: date, zone: ZoneInfo, share: float, microseconds: int
) -> None:
    green = within(day, zone, share)
    alarm = green + timedelta(microseconds=microseconds)
    assert not green_today(green, alarm, max(green, alarm), zone)


@given(DAYS, ZONES, SHARES, st.integers(1, 10_000_000))
def test_an_alarm_before_the_check_does_not(
    day: date, zone: ZoneInfo, share: float, microseconds: int
) -> None:
    green = within(day, zone, share)
    assert green_today(green, green - timedelta(microseconds=microseconds), green, zone)


@given(DAYS, ZONES, SHARES, st.integers(1, 3600))
def test_a_check_from_the_future_does_not_count(
    day: date, zone: ZoneInfo, share: float, seconds: int
) -> None:
    now = within(day, zone, share)
    assert not green_today(now + timedelta(seconds=seconds), None, now, zone)


@given(DAYS, ZONES, SHARES)
def test_without_a_check_no_day_is_green(day: date, zone: ZoneInfo, share: float) -> None:
    assert not green_today(None, None, within(day, zone, share), zone)
