"""Statistics of a run, and the targets they are held against."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def median(seconds: Sequence[float]) -> float:
    """ValueError: nothing was measured."""
    if not seconds:
        raise ValueError("nothing was measured")
    return statistics.median(seconds)


def p95(seconds: Sequence[float]) -> float:
    """The smallest value that at least 95 of 100 don't exceed. ValueError: nothing was measured."""
    if not seconds:
        raise ValueError("nothing was measured")
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]


@dataclass(frozen=True, slots=True)
class Target:
    """`figure` may be at most (or, with `at_least`, must be at least) `factor` times `of`."""

    rule: str
    factor: float
    of: float = 1.0
    at_least: bool = False

    @property
    def bound(self) -> float:
        return self.factor * self.of

    def reached(self, figure: float) -> bool:
        return figure >= self.bound if self.at_least else figure <= self.bound


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. A figure that isn't held against a target has none."""

    what: str
    unit: str
    ours: float
    starter: float | None = None
    floor: float | None = None
    target: Target | None = None

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "reached" if self.target.reached(self.ours) else "missed"


def missed(rows: Sequence[Row]) -> list[str]:
    return [row.what for row in rows if row.verdict == "missed"]
