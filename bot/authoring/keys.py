"""`safecue keys`: a new encryption key, and bringing everything stored under the newest one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol


class Sealed(Protocol):
    def rotate(self) -> Mapping[str, int]:
        """Reseal every value with the newest key; how many, by table. ValueError: a key is missing."""


def run(argv: Sequence[str], records: Sealed, new_key: Callable[[], str]) -> int:
    """0: done. 1: something stored was sealed with a key that wasn't given. 2: unreadable command."""
    parser = argparse.ArgumentParser("safecue keys", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("new", help="print a new key, to be put before the others")
    commands.add_parser("rotate", help="reseal everything stored with the first key")
    try:
        told = parser.parse_args(argv)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    if told.command == "new":
        print(new_key())
        return 0
    return _rotate(records)


def _rotate(records: Sealed) -> int:
    try:
        counts = records.rotate()
    except ValueError as fault:
        print(f"Stopped: {fault}. Give the missing key as well and run it again.", file=sys.stderr)
        return 1
    for table, count in counts.items():
        print(f"{count:>8}  {table}")
    if any(counts.values()):
        print(
            "Everything is sealed with the newest key now. Run it once more after every part was restarted."
        )
    else:
        print("Everything was sealed with the newest key before. Older keys are no longer needed.")
    return 0
