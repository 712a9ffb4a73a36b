"""Veiled words: a hint says nothing by itself, an open phrase asks; two of them together are meant.

Each kind of hint counts once, and what stands within TOGETHER words of one another is weighed together.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from bot.extraction.phrases import Match

MEANT = 2
TOGETHER = 20


@dataclass(frozen=True, slots=True)
class Hint:
    """One place of veiled words. `kind` is what they speak of (means, farewell...); None: an open phrase."""

    match: Match
    kind: str | None


def is_hint(match: Match) -> bool:
    return match.owner.startswith("hint:")


def hinted_at(match: Match) -> str | None:
    """What a hint speaks of; None where the match is no hint."""
    return match.owner.split(":")[2] if is_hint(match) else None


def weights(hints: Sequence[Hint]) -> list[int]:
    """For each hint the weight of those that stand near it, its own with it."""
    apart = _apart(hints)
    firsts = [hint.match.first for hint in apart]
    return [
        _together(apart[bisect_left(firsts, at - TOGETHER) : bisect_right(firsts, at + TOGETHER)])
        for at in (hint.match.first for hint in hints)
    ]


def _together(near: Sequence[Hint]) -> int:
    kinds = {hint.kind for hint in near if hint.kind}
    return len(kinds) + sum(hint.kind is None for hint in near)


def _apart(hints: Sequence[Hint]) -> list[Hint]:
    """Without those that share words with another: open phrases go first, else what begins first."""
    taken: set[int] = set()
    kept: list[Hint] = []
    for hint in sorted(hints, key=lambda h: (h.kind is not None, h.match.first, -h.match.last)):
        words = range(hint.match.first, hint.match.last)
        if taken.isdisjoint(words):
            taken.update(words)
            kept.append(hint)
    return sorted(kept, key=lambda h: h.match.first)
