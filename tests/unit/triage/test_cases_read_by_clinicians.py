"""Every phrasing of tests/cases gets the level that stands above it."""

from __future__ import annotations

import pytest
import yaml
from screening_bench import CASES, bench

from bot.facts.clinical import Level

KNOWN_MISSES = CASES / "known_misses.yml"
PHRASINGS = [
    pytest.param(expected, str(text), id=f"{path.stem}: {expected}: {text}")
    for path in sorted(CASES.glob("*.yml"))
    if not path.stem.startswith("known_misses")
    for expected, texts in yaml.safe_load(path.read_text(encoding="utf-8")).items()
    for text in texts
]
MISSES = [
    pytest.param(expected, text, id=f"{cause}: {text}")
    for cause, by_level in yaml.safe_load(KNOWN_MISSES.read_text(encoding="utf-8")).items()
    for expected, texts in by_level.items()
    for text in texts
]


@pytest.mark.parametrize(("expected", "text"), PHRASINGS)
def test_a_phrasing_gets_the_level_a_clinician_expects(expected: str, text: str) -> None:
    level = bench().judge(text).level
    if expected == "at_least_check":
        assert level.rank <= Level.CHECK.rank
    else:
        assert level.value == expected


@pytest.mark.parametrize(("expected", "text"), MISSES)
def test_a_known_miss_is_missed_still(expected: str, text: str) -> None:
    assert bench().judge(text).level.value != expected, "it works now: move it to the cases"
