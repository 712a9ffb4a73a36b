"""Screening as it runs, built once for all tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bot.assembly import SECOND_VOICE
from bot.authoring.triage import Bench
from bot.extraction import open_voice
from bot.library.screening_content import load_screening

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "tests" / "cases"


@cache
def bench() -> Bench:
    """By the written rules alone."""
    return Bench(load_screening(ROOT / "content"))


@cache
def both_voices() -> Bench:
    """With the second voice, which is kept where the coach keeps it."""
    content = load_screening(ROOT / "content")
    return Bench(content, open_voice(content.bank, None, SECOND_VOICE))
