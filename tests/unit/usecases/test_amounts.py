from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.usecases.amounts import minutes_in, pain_in


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("I did 10 minutes of stairs", 10),
        ("back from my walk, 15 min", 15),
        ("yesterday I did half an hour in the pool", 30),
        ("I only did five minutes but I did it", 5),
        ("walked for an hour and a half", 90),
        ("did 3x10 bridges", None),
        ("walked 5 to 10 minutes", None),
        ("10 minutes of stairs and 5 minutes of squats", None),
        ("an hour and 10 minutes", None),
        ("I want to do 10 minutes", None),
        ("I didn't manage 10 minutes", None),
    ],
)
def test_minutes_are_read_where_they_are_told_once(text: str, minutes: int | None) -> None:
    assert minutes_in(text) == minutes


@pytest.mark.parametrize(
    ("text", "pain"),
    [
        ("my pain today is 5", 5),
        ("note my pain as 6", 6),
        ("Pain was about a seven this morning", 7),
        ("log it, 6/10", 6),
        ("four out of ten", 4),
        ("it was a 7 at breakfast and a 4 now, put both in", None),
        ("my pain is 14", None),
        ("pain is between 4 and 5", None),
        ("is my pain at 8 too much?", None),
        ("my pain goes from 3 to 5/10", None),
        ("add my pain to the log", None),
    ],
)
def test_pain_is_read_where_it_is_told_once(text: str, pain: int | None) -> None:
    assert pain_in(text) == pain


@given(st.integers(0, 10), st.integers(0, 10))
def test_two_values_are_never_taken_for_one(one: int, other: int) -> None:
    if one != other:
        assert pain_in(f"my pain was {one} and is {other} now") is None


@given(st.text(max_size=200))
def test_any_text_is_read_without_breaking_and_on_the_scale(text: str) -> None:
    pain = pain_in(text)
    assert pain is None or 0 <= pain <= 10
