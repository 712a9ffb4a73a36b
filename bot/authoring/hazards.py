"""`safecue hazards`: the hazard log for clinicians and deployers."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from bot.library.hazards import Hazard, read_hazards

PROJECT = Path(__file__).resolve().parents[2]


def run(arguments: list[str]) -> int:
    """0: shown; 1: the log has faults; 2: there is no such hazard."""
    parser = ArgumentParser(prog="safecue hazards", description="Show the hazard log, or one hazard whole.")
    parser.add_argument("id", nargs="?", help="as in H-01")
    asked: str | None = parser.parse_args(arguments).id
    hazards, faults = read_hazards(PROJECT)
    for fault in faults:
        print(fault, file=sys.stderr)
    chosen = [hazard for hazard in hazards if asked in (None, hazard.id)]
    if not chosen:
        print(f"there is no hazard {asked}" if asked else "no hazard is written down", file=sys.stderr)
        return 2
    print(*(_whole(chosen[0]) if asked else map(_line, chosen)), sep="\n")
    return 1 if faults else 0


def _line(hazard: Hazard) -> str:
    risk = f"{hazard.severity}, {hazard.likelihood} -> {hazard.likelihood_left}"
    return f"{hazard.id}  {hazard.hazard}\n      {risk}; {len(hazard.controls)} controls; {_reviewed(hazard)}"


def _whole(hazard: Hazard) -> Iterator[str]:
    yield f"{hazard.id}: {hazard.hazard}"
    yield f"Cause: {hazard.cause}"
    yield f"Effect: {hazard.effect}"
    yield f"Severity: {hazard.severity}"
    yield f"Likelihood: {hazard.likelihood}, with the controls {hazard.likelihood_left}"
    for control in hazard.controls:
        yield f"- {control.says}"
        yield from (f"    proved by {test}" for test in control.tests)
        yield from (f"    by rule {rule}" for rule in control.rules)
    yield f"What is left: {hazard.residual_risk}"
    yield f"Owner: {hazard.owner}; {_reviewed(hazard)}"


def _reviewed(hazard: Hazard) -> str:
    if hazard.reviewed_on is None:
        return "no clinician has reviewed it"
    return f"reviewed by {hazard.reviewed_by} on {hazard.reviewed_on}"
