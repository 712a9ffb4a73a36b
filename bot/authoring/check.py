"""`safecue check`: all that is wrong with content and stories, at once; file and line first, mend last."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path

from bot.library.checking import check_content, check_stories_of


def run(arguments: list[str]) -> int:
    """0: no fault; 1: faults, one a line."""
    parser = ArgumentParser(prog="safecue check", description="Check everything in content/ and data/.")
    parser.add_argument(
        "project", nargs="?", type=Path, default=Path(), help="the folder that holds content/"
    )
    parser.add_argument("--stories", action="store_true", help="look at data/stories alone")
    asked = parser.parse_args(arguments)
    project: Path = asked.project.resolve()
    faults = check_stories_of(project) if asked.stories else check_content(project, datetime.now(UTC).date())
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults" if faults else "No faults.", file=sys.stderr)
    return 1 if faults else 0
