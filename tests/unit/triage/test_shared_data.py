"""The targets of the screening, with both voices, on the shared sets, where those are present."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from screening_bench import ROOT, both_voices

DATA = Path(os.environ.get("SAFECUE_SHARED_DATA", ROOT.parent / "shared" / "data"))
URGENT = {"stop", "crisis"}


def rows(name: str) -> Iterator[tuple[dict[str, Any], str]]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the shared set {name} is absent")
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row, both_voices().judge(row["text"]).level.value


def test_consultation_turns_reach_the_targets() -> None:
    judged = [(r["expected"], set(r["acceptable"]), level) for r, level in rows("consultation_turns.jsonl")]
    urgent = [(ok, level) for expected, ok, level in judged if expected in URGENT]
    missed = [level for ok, level in urgent if level not in URGENT | {"check"} | ok]
    harmless = [(ok, level) for expected, ok, level in judged if expected in {"continue", "none"}]
    alarmed = [level for ok, level in harmless if level in URGENT - ok]
    told_apart = [level in ok for expected, ok, level in judged if expected in {"assess", "continue"}]
    assert len(missed) <= 0.02 * len(urgent)
    assert len(alarmed) <= 0.03 * len(harmless)
    assert sum(level == "check" for _, level in harmless) <= 0.08 * len(harmless)
    assert sum(told_apart) >= 0.85 * len(told_apart)


def test_unrelated_talk_raises_hardly_an_alarm() -> None:
    levels = [level for _, level in rows("unrelated_talk.jsonl")]
    assert sum(level in URGENT for level in levels) <= 0.001 * len(levels)
    assert levels.count("check") <= 0.01 * len(levels)
