"""The page that a run leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import Row

HEAD = ("Figure", "Ours", "Starter", "Floor", "Target", "At this run", "")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, on what, and how busy the machine was: its load at the start and at the end, per core."""

    day: str
    commit: str
    machine: str
    load_before: float
    load_after: float


def table(rows: Sequence[Row]) -> str:
    lines = [_line(HEAD), _line(["---"] * len(HEAD))]
    return "\n".join([*lines, *(_line(_cells(row)) for row in rows)])


def page(rows: Sequence[Row], around: Circumstances, how: str) -> str:
    return (
        "# Speed, memory, growth\n\n"
        f"Written by `make bench` on {around.day}, commit {around.commit}, {around.machine}. "
        f"Load per core before {around.load_before:.2f}, after {around.load_after:.2f}.\n\n"
        f"{table(rows)}\n\n{how.strip()}\n"
    )


def _cells(row: Row) -> list[str]:
    target = row.target
    bound = f"{_sign(row)} {_shown(target.bound, row.unit)}" if target else ""
    figures = [_shown(figure, row.unit) for figure in (row.ours, row.starter, row.floor)]
    return [row.what, *figures, target.rule if target else "", bound, row.verdict]


def _sign(row: Row) -> str:
    return ">=" if row.target and row.target.at_least else "<="


def _shown(figure: float | None, unit: str) -> str:
    if figure is None:
        return "-"
    digits = 2 if unit == "x" else 1 if figure < 100 else 0
    return f"{figure:.{digits}f} {unit}".strip()


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
