"""The progress picture: what it holds, day by day, and that gaps stay gaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.facts.clinical import PainEntry
from bot.pictures import BAR, Day, draw_days, is_progress, last_days

TODAY = date(2026, 3, 30)


def bars(png: bytes) -> int:
    """How many runs of the bars' colour stand just above the zero line."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    bar = tuple(int(BAR[i : i + 2], 16) for i in (1, 3, 5))
    row = [picture.getpixel((x, 427)) == bar for x in range(picture.width)]
    return sum(now and not before for before, now in zip([False, *row], row, strict=False))


def test_the_last_seven_days_are_shown_oldest_first_with_today_last() -> None:
    days = last_days([], TODAY, 7, UTC)
    assert [day.date for day in days] == [TODAY - timedelta(days=back) for back in (6, 5, 4, 3, 2, 1, 0)]


def test_a_value_just_before_midnight_belongs_to_the_day_of_the_patients_own_zone() -> None:
    late = PainEntry(datetime(2026, 3, 28, 23, 30, tzinfo=UTC), 6)
    days = last_days([late], TODAY, 7, ZoneInfo("Europe/Berlin"))
    assert [day.date.day for day in days if day.pains] == [29]


def test_the_night_in_which_the_clocks_change_keeps_its_values() -> None:
    zone = ZoneInfo("Europe/Berlin")
    early = PainEntry(datetime(2026, 3, 29, 0, 59, tzinfo=UTC), 3)
    after = PainEntry(datetime(2026, 3, 29, 1, 1, tzinfo=UTC), 4)
    assert Day(date(2026, 3, 29), (3, 4)) in last_days([after, early], TODAY, 7, zone)


def test_values_older_than_the_picture_are_left_out() -> None:
    old = PainEntry(datetime(2026, 3, 20, 12, tzinfo=UTC), 9)
    assert all(day.pains == () for day in last_days([old], TODAY, 7, UTC))


def test_a_day_without_a_value_has_no_bar_and_a_day_without_pain_has_one() -> None:
    days = [Day(TODAY, (4,)), Day(TODAY, ()), Day(TODAY, (0,)), Day(TODAY, ()), Day(TODAY, (7, 2))]
    assert bars(draw_days(days)) >= 3
    assert bars(draw_days([Day(TODAY, ())] * 5)) == 0


def test_a_worse_day_has_a_higher_bar() -> None:
    def paint(pain: int) -> int:
        picture = Image.open(BytesIO(draw_days([Day(TODAY, (pain,))]))).convert("RGB")
        bar = tuple(int(BAR[i : i + 2], 16) for i in (1, 3, 5))
        return sum(count for count, colour in picture.getcolors(1 << 20) or [] if colour == bar)

    assert paint(2) < paint(5) < paint(10)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 10), max_size=12).map(tuple), max_size=14))
def test_any_week_gives_a_png_small_enough_for_a_phone(week: list[tuple[int, ...]]) -> None:
    png = draw_days([Day(TODAY + timedelta(days=n), pains) for n, pains in enumerate(week)])
    assert Image.open(BytesIO(png)).format == "PNG"
    assert len(png) < 40_000


def test_only_the_progress_picture_is_drawn_and_every_other_is_a_stored_file() -> None:
    assert is_progress("progress")
    assert is_progress("progress.png")
    assert not is_progress("knee_bend.png")
    assert not is_progress(None)
