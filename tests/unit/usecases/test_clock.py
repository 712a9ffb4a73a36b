"""The time on a patient's clock tells how far they are ahead of UTC, wherever they live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.usecases.clock import offset_of

MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, st.integers(-10 * 4, 13 * 4), st.integers(-7, 6))
def test_a_clock_that_is_a_few_minutes_off_still_tells_its_zone(
    now: datetime, quarters: int, off: int
) -> None:
    shown = now + timedelta(minutes=15 * quarters + off)
    offset = offset_of(f"{shown:%H:%M}", now)
    assert datetime.strptime(offset, "%z").utcoffset() == timedelta(minutes=15 * quarters)


@given(MOMENTS, st.times())
def test_any_time_of_day_gives_a_zone_that_exists(now: datetime, shown: datetime) -> None:
    ahead = datetime.strptime(offset_of(f"{shown:%H:%M}", now), "%z").utcoffset()
    assert ahead is not None
    assert timedelta(hours=-11) <= ahead <= timedelta(hours=13)
