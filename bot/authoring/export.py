"""`safecue export PATIENT`: everything kept about one person, decrypted, as JSON on the screen."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime

from bot.facts.clock import utc_now
from bot.usecases.ports import Records


def run(argv: Sequence[str], records: Records, clock: Callable[[], datetime] = utc_now) -> int:
    """0: printed, and written into the audit. 1: nobody of that id. 2: the command can't be read."""
    parser = argparse.ArgumentParser("safecue export", description=__doc__)
    parser.add_argument("patient", help="the person's random id, as safecue flags shows it")
    parser.add_argument("--by", metavar="NAME", required=True, help="who exports, for the audit")
    try:
        told = parser.parse_args(argv)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    try:
        kept = records.export(told.patient)
    except LookupError:
        print("Nothing is kept about a person of that id.", file=sys.stderr)
        return 1
    with records.unit() as unit:
        unit.audit.record(told.by, "patient.export", told.patient, "", clock())
        unit.commit()
    print(json.dumps(kept, ensure_ascii=False, indent=2, default=str))
    return 0
