"""`safecue export PATIENT`: everything kept about one person, decrypted, as JSON on the screen."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bot.usecases.hand_over import HandOver


def run(argv: Sequence[str], hand_over: HandOver) -> int:
    """0: printed, and written into the audit. 1: nobody of that id. 2: the command can't be read."""
    parser = argparse.ArgumentParser("safecue export", description=__doc__)
    parser.add_argument("patient", help="the person's random id, as safecue flags shows it")
    parser.add_argument("--by", metavar="NAME", required=True, help="who exports, for the audit")
    try:
        told = parser.parse_args(argv)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    try:
        print(hand_over.everything(told.patient, by=told.by))
    except LookupError:
        print("Nothing is kept about a person of that id.", file=sys.stderr)
        return 1
    return 0
