"""`make faults`: every fault, again and again, on both databases; prints and keeps the table.

`run_all.py WORD...` tries only the faults whose name holds one of the words, and keeps nothing.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bot_api import BotApi
from fault_bench import PROMISED, Bench
from faults import FAULTS, SHORTLY, WITH_RASA, Fault, Situation, endure
from kept_database import in_postgresql, in_sqlite
from postgres_at_hand import ClusterFault, new_postgres, own_cluster
from small_volume import small_volume

from bot.settings import ROOT

SEED, TRIES = 20261101, 3
MEGABYTES = 400  # for PostgreSQL and its log, with room to write
PAGE = ROOT / "docs" / "faults.md"
HEAD = """\
| Fault | Database | Tries | Lost | Doubled | Sent twice | Safety twice | Unconfirmed | Slowest |
|---|---|---|---|---|---|---|---|---|"""
TOLD = """\
# Faults

What `make faults` found. In each try three people write while something is broken: ordinary words, a sign of
danger, and a sign of danger behind ordinary words. The processes and the database are real; Telegram is a
local server that speaks its Bot API. In the lines from "Rasa killed" on everything runs that `safecue run`
starts, Rasa with a database of the same kind; in those before, the engine is a small process that speaks ours
and misbehaves when told to.

- **Lost**: a message that isn't in the transcript, isn't answered, or whose answer never reached the chat.
- **Doubled**: a message kept twice, or a reply written twice.
- **Sent twice**: an ordinary bubble that the chat shows once too often. It may happen only where the gateway
  died between a send and its record.
- **Safety twice**: the same of a safety bubble, which is sent until Telegram confirms it.
- **Unconfirmed**: an ordinary bubble that left whole and that Telegram never answered. It may have been shown
  or not; it isn't sent again, and its row in the outbox says `unconfirmed`.
- **Slowest**: the slowest safety reply, from the moment Telegram has the words to our first try to answer. At
  most 2 s are promised while the gateway runs and can write to its database; else the figure holds that wait.
"""


@dataclass
class Row:
    fault: Fault
    database: str
    tries: int = 0
    lost: int = 0
    doubled: int = 0
    sent_twice: int = 0
    safety_twice: int = 0
    unconfirmed: int = 0
    slowest: float = 0.0

    def __str__(self) -> str:
        counts = (self.tries, self.lost, self.doubled, self.sent_twice, self.safety_twice, self.unconfirmed)
        cells = (self.fault.name, self.database, *counts)
        return f"| {' | '.join(map(str, cells))} | {self.slowest:.1f} s |"

    @property
    def broken(self) -> bool:
        """Whether it breaks what is promised."""
        late = self.fault.prompt and self.slowest >= PROMISED
        return bool(self.lost or self.doubled or late or (self.sent_twice and not self.fault.twice))


def main(words: list[str]) -> int:
    """0: everything promised was kept; 1: something wasn't, and the table names it."""
    rows = []
    print(HEAD)
    for kind in ("sqlite", "postgresql"):
        try:
            for row in on(kind, words):
                print(row, flush=True)
                rows.append(row)
        except ClusterFault as fault:
            print(f"left out: {fault}", file=sys.stderr)
            return 1
    if not words:
        PAGE.write_text(page(rows), "utf-8")
    broken = [f"{row.fault.name} ({row.database})" for row in rows if row.broken]
    print(f"not kept: {', '.join(broken)}" if broken else f"Everything promised was kept: {PAGE.name}")
    return 1 if broken else 0


def on(kind: str, words: list[str]) -> Iterator[Row]:
    for faults, whole in ((FAULTS, False), (WITH_RASA, True)):
        chosen = [
            f for f in faults if f.on in {None, kind} and (not words or any(w in f.name for w in words))
        ]
        if not chosen:
            continue
        with ready(kind, whole=whole) as situation:
            for fault in chosen:
                if situation.volume or not fault.needs_volume:
                    yield tried(fault, situation)


@contextmanager
def ready(kind: str, *, whole: bool) -> Iterator[Situation]:
    """A coach at work over a database on a small disk of its own, where one may be mounted here."""
    with ExitStack() as until_the_end:
        home = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="safecue-faults-")))
        home.chmod(0o755)  # PostgreSQL's own user goes through it
        (disk := home / "disk").mkdir()
        volume = until_the_end.enter_context(small_volume(disk, MEGABYTES))
        cluster = until_the_end.enter_context(own_cluster(volume)) if kind == "postgresql" else None
        made = in_postgresql(cluster.url) if cluster else in_sqlite(disk / "safecue.db")
        database = until_the_end.enter_context(made)
        api = until_the_end.enter_context(BotApi())
        engine = new_postgres(cluster.url)[1] if cluster else f"sqlite:///{home / 'engine.db'}"
        bench = Bench(database, home, api, engine_database=engine) if whole else Bench(database, home, api)
        until_the_end.enter_context(bench.running())
        yield Situation(bench, Random(SEED), SHORTLY, cluster, volume)


def tried(fault: Fault, situation: Situation) -> Row:
    """What stays broken for long is tried once."""
    row = Row(fault, situation.bench.database.kind)
    for _ in range(TRIES if fault.long_hold == SHORTLY else 1):
        account = endure(fault, replace(situation, hold=fault.long_hold, lost=[]))
        for line in (*account.lost, *account.doubled):
            print(f"{fault.name}: {line}", file=sys.stderr)
        row.tries += 1
        row.lost += len(account.lost)
        row.doubled += len(account.doubled)
        row.sent_twice += account.sent_twice
        row.safety_twice += account.safety_twice
        row.unconfirmed += account.unconfirmed
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
    sys.exit(main(sys.argv[1:]))
