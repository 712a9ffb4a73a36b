"""The figures of the triage report: intervals, what counts as missed, and that sets are read whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triage_report import Case, Judged, alarmed, cases, interval, missed, page, second_voice, told_apart

JUDGED = (
    Judged(Case("a", "stop", "x", "chest"), "check", "none"),
    Judged(Case("a", "stop", "y", "chest"), "none", "none"),
    Judged(Case("a", "crisis", "z", "crisis"), "crisis", "crisis"),
    Judged(Case("a", "none", "n"), "check", "none"),
    Judged(Case("a", "none", "m"), "stop", "stop"),
    Judged(Case("a", "assess", "p"), "assess", "assess"),
)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (81, 263, 0.255, 0.366)]
)
def test_the_interval_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    assert interval(hits, of) == pytest.approx((low, high), abs=0.001)


@given(st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share(share: tuple[int, int]) -> None:
    low, high = interval(*share)
    assert 0 <= low <= share[0] / share[1] + 1e-9
    assert share[0] / share[1] - 1e-9 <= high <= 1


def test_what_is_accepted_is_neither_missed_nor_an_alarm() -> None:
    lenient = Case("a", "stop", "x", acceptable=frozenset({"stop", "assess"}))
    assert missed("none", lenient)
    assert not missed("assess", lenient)
    assert not missed("check", Case("a", "crisis", "x"))
    harmless = Case("a", "none", "x", acceptable=frozenset({"none", "stop"}))
    assert not alarmed("stop", harmless)
    assert alarmed("crisis", harmless)
    assert told_apart("stop", harmless)


def test_the_page_counts_both_voices_and_the_rules_alone() -> None:
    text = page(JUDGED, "abc123", "fast")
    assert "1 of 3: 33.3 % (6.1 to 79.2); alone 2" in text
    assert "| chest | 2 | 1 | 9% to 91% | 0 |" in text
    assert "Commit abc123" in text
    assert "Absent at this run: consultation_turns, unrelated_talk" in text
    assert "asks about 1 urgent messages" in second_voice(JUDGED)
    assert "about 1 of 2 harmless ones (500.0 of 1,000)" in second_voice(JUDGED)


def test_our_own_sets_are_read_whole() -> None:
    by_set: dict[str, int] = {}
    for case in cases():
        by_set[case.of] = by_set.get(case.of, 0) + 1
    assert by_set["tests/cases/signs"] >= 1500
    assert by_set["tests/cases"] >= 500
    assert by_set["topics"] >= 600
