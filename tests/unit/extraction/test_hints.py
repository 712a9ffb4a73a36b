"""Veiled words are meant where two of them stand together."""

from __future__ import annotations

import pytest
from screening_bench import bench

from bot.extraction.hints import TOGETHER, Hint, weights
from bot.extraction.phrases import Match
from bot.facts.clinical import Level


def hint(first: int, last: int, kind: str | None) -> Hint:
    return Hint(Match("hint:crisis:any", first, last), kind)


def test_two_kinds_of_hint_weigh_more_than_one_kind_told_twice() -> None:
    assert weights([hint(0, 2, "means"), hint(4, 6, "farewell")]) == [2, 2]
    assert weights([hint(0, 2, "means"), hint(4, 6, "means")]) == [1, 1]


def test_each_open_phrase_counts_by_itself() -> None:
    assert weights([hint(0, 2, None), hint(4, 6, None)]) == [2, 2]


def test_words_that_are_shared_count_once() -> None:
    assert weights([hint(0, 3, None), hint(2, 5, "means")]) == [1, 1]


@pytest.mark.parametrize(("apart", "weight"), [(TOGETHER, 2), (TOGETHER + 1, 1)])
def test_what_stands_far_away_is_weighed_by_itself(apart: int, weight: int) -> None:
    assert weights([hint(0, 1, "means"), hint(apart, apart + 1, "farewell")]) == [weight, weight]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("the rope is for the garden swing", Level.NONE),
        ("the will is done at last", Level.NONE),
        ("the will is done and I found a home for the dog", Level.CRISIS),
        ("I don't have the rope, and the will isn't done", Level.NONE),
        ("years ago I had the rope and wrote the letters", Level.NONE),
    ],
)
def test_a_hint_alone_says_nothing_and_two_mean_it_unless_they_are_taken_back(
    text: str, level: Level
) -> None:
    assert bench().judge(text).level is level
