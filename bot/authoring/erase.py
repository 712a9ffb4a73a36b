"""`safecue erase PATIENT`: remove a person from our records and from the engine's."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.facts.clock import utc_now
from bot.usecases.ports import Engine, EngineSilent, Records

ENGINE_ROWS = "engine"


def run(
    argv: Sequence[str], records: Records, engine: Engine, clock: Callable[[], datetime] = utc_now
) -> int:
    """0: erased. 1: nobody of that id, or the engine was silent. 2: the command can't be read."""
    parser = argparse.ArgumentParser("safecue erase", description=__doc__)
    parser.add_argument("patient", help="the person's random id, as safecue flags shows it")
    parser.add_argument("--by", metavar="NAME", default="command line", help="who erases, for the audit")
    try:
        told = parser.parse_args(argv)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    ours = _erase_ours(records, told.patient, by=told.by, now=clock())
    # Ours goes first: once the person is unknown here, no new turn can write to the engine.
    try:
        removed = dict(ours) | {ENGINE_ROWS: asyncio.run(engine.erase(told.patient))}
    except EngineSilent:
        _tell(ours)
        print(
            "The engine did not answer: its rows of this person remain. Start it, run again.", file=sys.stderr
        )
        return 1
    return _tell(removed)


def _erase_ours(records: Records, patient_id: str, *, by: str, now: datetime) -> Mapping[str, int]:
    with records.unit() as unit:
        removed = unit.patients.erase(patient_id)
        if removed:
            unit.audit.record(by, "patient.erase", patient_id, f"{sum(removed.values())} rows", now)
        unit.commit()
    return removed


def _tell(removed: Mapping[str, int]) -> int:
    if not any(removed.values()):
        print("Nothing is kept about a person of that id.", file=sys.stderr)
        return 1
    for table, count in removed.items():
        print(f"{count:>8}  {table}")
    print(f"Erased: {sum(removed.values())} rows.")
    return 0
