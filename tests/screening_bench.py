"""Screening as it runs, built once for all tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bot.authoring.triage import Bench
from bot.library.screening_content import load_screening

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "tests" / "cases"


@cache
def bench() -> Bench:
    return Bench(load_screening(ROOT / "content"))
