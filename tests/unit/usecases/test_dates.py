"""Days that can't be, and the many that can."""

from __future__ import annotations

import json
import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.usecases.dates import misdated
from bot.usecases.reading import Misfit

TODAY = date(2026, 11, 21)
SHARED = Path(os.environ.get("SAFECUE_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.mark.parametrize(
    "text",
    [
        "since 30 February",
        "30 February",
        "it hurts since the 31st of April",
        "since February 30th",
        "on June 31, 2026",
        "45/13/2024",
        "2026-02-30",
        "since 32 May",
    ],
)
def test_a_day_that_is_not_in_the_calendar_is_found(text: str) -> None:
    assert misdated(text, TODAY) is Misfit.NO_SUCH_DAY


@pytest.mark.parametrize(
    "text",
    [
        "since tomorrow",
        "my knee hurts since tomorrow",
        "I did it next Monday",
        "I've done my exercises tomorrow.",
        "I walked for 20 minutes next week",
        "since 3 March 2031",
        "since March 2031",
        "since 2031",
    ],
)
def test_a_day_told_as_past_that_is_still_to_come_is_found(text: str) -> None:
    assert misdated(text, TODAY) is Misfit.DAY_TO_COME


@pytest.mark.parametrize(
    "text",
    [
        "since yesterday",
        "since 29 February",
        "since 21 November 2026",
        "it started in February 30 minutes after lunch",
        "35 may be too many for me",
        "I'll start again tomorrow",
        "I did my exercises, next Monday I go again",
        "I was told to see the physio next Monday",
        "I did what you said and next Monday I do more",
        "I did not plan to go next week",
        "from tomorrow on I want to walk",
        "13/02/2026",
        "02/13/2026",
        "it went from 7/10 to 4/10",
        "since 2019",
        "",
    ],
)
def test_a_day_that_can_be_is_left_alone(text: str) -> None:
    assert misdated(text, TODAY) is None


@given(st.dates(date(2000, 1, 1), TODAY))
def test_every_day_gone_by_can_be_named_in_every_form(day: date) -> None:
    for form in ("since %d %B", "since %d %B %Y", "since %B %d, %Y", "since %Y-%m-%d", "since %d/%m/%Y"):
        assert misdated(day.strftime(form), TODAY) is None


@given(st.dates(TODAY + timedelta(days=1), date(2100, 1, 1)))
def test_nothing_lasts_since_a_day_to_come(day: date) -> None:
    for form in ("since %d %B %Y", "since %B %d, %Y", "since %Y-%m-%d"):
        assert misdated(day.strftime(form), TODAY) is Misfit.DAY_TO_COME


@given(st.text(max_size=200), st.dates())
def test_any_text_can_be_asked(text: str, today: date) -> None:
    assert misdated(text, today) in (None, Misfit.NO_SUCH_DAY, Misfit.DAY_TO_COME)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the data for measuring is not on this machine")
def test_what_people_really_say_is_left_alone() -> None:
    texts = [json.loads(line)["text"] for file in SHARED.glob("*.jsonl") for line in file.open()]
    assert [text for text in texts if misdated(text, TODAY)] == []
