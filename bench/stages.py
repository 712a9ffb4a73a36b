"""The stages of a run. Within each, sides take turns, so that a noisy moment of the machine meets all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from bench.people import FORMS, ONBOARDING, Patient, Person, timed

Somebody = Callable[[], Person]
Scripts = Mapping[str, tuple[Somebody, Sequence[str]]]
CLIENTS = 16


def turns(scripts: Scripts, rounds: int) -> dict[str, list[float]]:
    """Seconds of every turn, by side. In each round somebody new talks with each side, one side at a time."""
    taken: dict[str, list[float]] = {side: [] for side in scripts}
    for _ in range(rounds):
        for side, (somebody, lines) in scripts.items():
            taken[side] += timed(somebody(), lines)
    return taken


@dataclass(frozen=True, slots=True)
class Rush:
    """What came of many people talking at once. `broken`: talks that somebody could not go on with."""

    turns: int = 0
    broken: int = 0
    seconds: float = 0.0

    def __add__(self, other: Rush) -> Rush:
        return Rush(self.turns + other.turns, self.broken + other.broken, self.seconds + other.seconds)

    @property
    def a_second(self) -> float:
        return self.turns / self.seconds


def rushes(scripts: Scripts, rounds: int, seconds: float) -> dict[str, Rush]:
    """16 people talk at once, with one side after the other."""
    came_of_it = dict.fromkeys(scripts, Rush())
    for _ in range(rounds):
        for side, (somebody, lines) in scripts.items():
            came_of_it[side] += rush(somebody, lines, seconds)
    return came_of_it


def rush(somebody: Somebody, lines: Sequence[str], seconds: float) -> Rush:
    stop = time.perf_counter() + seconds
    with ThreadPoolExecutor(CLIENTS) as talkers:
        talks = [talkers.submit(_talk_until, stop, somebody, lines) for _ in range(CLIENTS)]
    return sum((Rush(*talk.result()) for talk in talks), Rush(seconds=seconds))


def _talk_until(stop: float, somebody: Somebody, lines: Sequence[str]) -> tuple[int, int]:
    """Turns answered in time, and talks broken off, after which somebody new begins."""
    answered = broken = 0
    while time.perf_counter() < stop:
        try:
            for _ in timed(somebody(), lines):
                if time.perf_counter() > stop:
                    return answered, broken
                answered += 1
        except RuntimeError:
            broken += 1
    return answered, broken


def one_long_talk(patient: Patient, length: int) -> list[float]:
    """Seconds of every turn of one person who goes through forms, turn by turn, after the onboarding."""
    list(timed(patient, ONBOARDING))
    taken: list[float] = []
    while len(taken) < length:
        taken += timed(patient, FORMS)
    return taken


def around(taken: Sequence[float], turn: int, width: int = 2 * len(FORMS)) -> Sequence[float]:
    """The turns about that one, as many of each line: `width` before where there are, as many after."""
    first = max(0, turn - width)
    return list(islice(taken, first, first + 2 * width))
