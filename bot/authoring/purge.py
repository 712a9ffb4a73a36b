"""`safecue purge`: erase what is older than the retention time."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.facts.clock import utc_now


class Purged(Protocol):
    def purge(self, now: datetime, retention_time: timedelta, /) -> Mapping[str, int]:
        """Remove what is older than that; how many rows, by table."""


def run(
    argv: Sequence[str], records: Purged, retention_days: int, clock: Callable[[], datetime] = utc_now
) -> int:
    """0: done, and what was removed is told."""
    parser = argparse.ArgumentParser("safecue purge", description=__doc__)
    parser.add_argument("--days", type=int, default=retention_days, help=f"default: {retention_days}")
    days: int = parser.parse_args(argv).days
    if days < 1:
        parser.error("--days: at least 1")
    removed = records.purge(clock(), timedelta(days=days))
    for table, count in removed.items():
        print(f"{count:>8}  {table}")
    print(f"Erased: {sum(removed.values())} rows older than {days} days.")
    return 0
