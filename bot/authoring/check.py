"""`safecue check`: everything that is wrong with the content, at once; file and line first, the mend last."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path

from bot.library.checking import check_content


def run(arguments: list[str]) -> int:
    """0: no fault; 1: faults, one a line."""
    parser = ArgumentParser(prog="safecue check", description="Check everything in content/.")
    parser.add_argument(
        "project", nargs="?", type=Path, default=Path(), help="the folder that holds content/"
    )
    project: Path = parser.parse_args(arguments).project
    faults = check_content(project.resolve(), datetime.now(UTC).date())
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults" if faults else "The content has no faults.", file=sys.stderr)
    return 1 if faults else 0
