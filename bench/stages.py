"""The stages of a run. Within each, sides take turns, so that a noisy moment of the machine meets all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
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


def throughput(scripts: Scripts, rounds: int, seconds: float) -> dict[str, float]:
    """Answered turns a second with 16 people talking at once, by side."""
    answered = dict.fromkeys(scripts, 0)
    for _ in range(rounds):
        for side, (somebody, lines) in scripts.items():
            answered[side] += crowd_of_talkers(somebody, lines, seconds)
    return {side: count / (rounds * seconds) for side, count in answered.items()}


def crowd_of_talkers(somebody: Somebody, lines: Sequence[str], seconds: float) -> int:
    """How many turns were answered in that time. RuntimeError: somebody was let down."""
    stop = time.perf_counter() + seconds
    answered = [0] * CLIENTS
    faults: list[Exception] = []

    def talk(number: int) -> None:
        try:
            while time.perf_counter() < stop:
                for _ in timed(somebody(), lines):
                    if time.perf_counter() > stop:
                        return
                    answered[number] += 1
        except Exception as fault:
            faults.append(fault)

    talkers = [threading.Thread(target=talk, args=(number,)) for number in range(CLIENTS)]
    for talker in talkers:
        talker.start()
    for talker in talkers:
        talker.join()
    if faults:
        raise RuntimeError(f"{len(faults)} of {CLIENTS} talkers were let down") from faults[0]
    return sum(answered)


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
