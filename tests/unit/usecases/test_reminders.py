"""When the next reminder is due: by the patient's own clock, also when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.usecases.reminders import next_reminder

LONDON = ZoneInfo("Europe/London")
zones = st.sampled_from(["UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]).map(
    ZoneInfo
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))
clock_times = st.times().map(lambda t: f"{t.hour:02d}:{t.minute:02d}")


@given(clock_times, moments, zones)
def test_the_next_reminder_lies_ahead_within_a_day_and_an_hour(
    wanted: str, now: datetime, zone: ZoneInfo
) -> None:
    due = next_reminder(wanted, now, zone)
    assert due is not None
    assert timedelta(0) < due - now <= timedelta(hours=25)


@given(clock_times, moments)
def test_where_clocks_never_change_the_wall_clock_shows_the_wanted_time(wanted: str, now: datetime) -> None:
    due = next_reminder(wanted, now, ZoneInfo("Asia/Kolkata"))
    assert due is not None
    assert due.astimezone(ZoneInfo("Asia/Kolkata")).strftime("%H:%M") == wanted


def test_nine_in_the_morning_stays_nine_when_summer_time_begins() -> None:
    saturday = datetime(2027, 3, 27, 12, tzinfo=UTC)
    assert next_reminder("09:00", saturday, LONDON) == datetime(2027, 3, 28, 8, tzinfo=UTC)
    friday = saturday - timedelta(days=1)
    assert next_reminder("09:00", friday, LONDON) == datetime(2027, 3, 27, 9, tzinfo=UTC)


@pytest.mark.parametrize("chosen", [None, "none", "skipped", ""])
def test_who_chose_no_time_gets_no_reminder(chosen: str | None) -> None:
    assert next_reminder(chosen, datetime(2026, 11, 1, tzinfo=UTC), LONDON) is None
