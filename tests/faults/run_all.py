"""`make faults`: every fault, again and again, on both databases; prints and keeps the table."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bot_api import BotApi
from fault_bench import PROMISED, Bench
from faults import FAULTS, SHORTLY, Fault, Situation, endure
from kept_database import in_postgresql, in_sqlite
from postgres_at_hand import Cluster, ClusterFault, own_cluster

from bot.settings import ROOT

SEED, TRIES = 20261101, 3
PAGE = ROOT / "docs" / "faults.md"
HEAD = """\
| Fault | Database | Tries | Lost | Doubled | Sent twice | Slowest safety reply |
|---|---|---|---|---|---|---|"""
TOLD = """\
# Faults

What `make faults` found. In each try three people write while something is broken: ordinary words, a sign of
danger, and a sign of danger behind ordinary words. The processes and the database are real; Telegram is a
local server that speaks its Bot API, and the engine a small process that speaks ours.

- **Lost**: a message that isn't in the transcript, isn't answered, or whose answer never reached the chat.
- **Doubled**: a message kept twice, or a reply written twice.
- **Sent twice**: a bubble that the chat shows once too often. It may happen only where the gateway died
  between a send and its record, or where Telegram's answer never came.
- **Slowest safety reply**: from the moment Telegram has the words to our first try to answer. At most 2 s are
  promised while the gateway runs and can write to its database; else the figure holds the wait for that.
"""


@dataclass
class Row:
    fault: Fault
    database: str
    tries: int = 0
    lost: int = 0
    doubled: int = 0
    sent_twice: int = 0
    slowest: float = 0.0

    def __str__(self) -> str:
        cells = (self.fault.name, self.database, self.tries, self.lost, self.doubled, self.sent_twice)
        return f"| {' | '.join(map(str, cells))} | {self.slowest:.1f} s |"

    @property
    def broken(self) -> bool:
        """Whether it breaks what is promised."""
        late = self.fault.prompt and self.slowest >= PROMISED
        return bool(self.lost or self.doubled or late or (self.sent_twice and not self.fault.twice))


def main() -> int:
    """0: everything promised was kept; 1: something wasn't, and the table names it."""
    rows = []
    print(HEAD)
    for kind in ("sqlite", "postgresql"):
        try:
            for row in on(kind):
                print(row, flush=True)
                rows.append(row)
        except ClusterFault as fault:
            print(f"left out: {fault}", file=sys.stderr)
            return 1
    PAGE.write_text(page(rows), "utf-8")
    broken = [f"{row.fault.name} ({row.database})" for row in rows if row.broken]
    print(f"not kept: {', '.join(broken)}" if broken else f"Everything promised was kept: {PAGE.name}")
    return 1 if broken else 0


def on(kind: str) -> Iterator[Row]:
    with ExitStack() as until_the_end:
        home = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="safecue-faults-")))
        cluster = until_the_end.enter_context(own_cluster()) if kind == "postgresql" else None
        made = in_postgresql(cluster.url) if cluster else in_sqlite(home / "safecue.db")
        database = until_the_end.enter_context(made)
        api = until_the_end.enter_context(BotApi())
        bench = until_the_end.enter_context(Bench(database, home, api).running())
        random = Random(SEED)
        for fault in FAULTS:
            if fault.on in {None, kind}:
                yield tried(fault, bench, random, cluster)


def tried(fault: Fault, bench: Bench, random: Random, cluster: Cluster | None) -> Row:
    """What stays broken for long is tried once."""
    row = Row(fault, bench.database.kind)
    for _ in range(TRIES if fault.long_hold == SHORTLY else 1):
        account = endure(fault, Situation(bench, random, fault.long_hold, cluster))
        for line in (*account.lost, *account.doubled):
            print(f"{fault.name}: {line}", file=sys.stderr)
        row.tries += 1
        row.lost += len(account.lost)
        row.doubled += len(account.doubled)
        row.sent_twice += account.sent_twice
        row.slowest = max(row.slowest, account.slowest)
    return row


def page(rows: list[Row]) -> str:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    python = f"Python {platform.python_version()}"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {python}"
    where = f"Commit {commit}, {datetime.now(UTC):%Y-%m-%d}, {machine}, seed {SEED}."
    return "\n".join([TOLD, where, "", HEAD, *map(str, rows), ""])


if __name__ == "__main__":
    sys.exit(main())
