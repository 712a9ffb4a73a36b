"""One run, side by side: `python -m bench`. Prints the table; keeps it where the machine was calm."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from bench import crowd, peers, sides
from bench.figures import Row, Target, median, missed, p95
from bench.machine import commit, load_per_core, machine
from bench.memory import rss
from bench.people import FORMS, ONBOARDING, STARTER_TALK, WHOLE_TALK
from bench.stages import CLIENTS, Rush, Scripts, around, one_long_talk, rushes, turns
from bench.table import Circumstances, page, table
from bot.settings import ROOT

PAGE = ROOT / "docs" / "bench.md"
TRAINED = ROOT / "var" / "bench"
CALM = 0.3  # load per core before the run; above it figures say more about the machine's other work
MS = 1000
HOW = (Path(__file__).with_name("how.md")).read_text("utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """0, also where targets are missed: the table tells."""
    options = _options(argv)
    before = load_per_core()
    if before > CALM:
        say(f"The machine is busy (load per core {before:.2f}): this run is printed and not kept.")
    with tempfile.TemporaryDirectory(prefix="safecue-bench-") as folder:
        rows = measured(Path(folder), options)
    around_it = Circumstances(date.today().isoformat(), commit(), machine(), before, load_per_core())
    print(table(rows))
    say(f"missed: {', '.join(missed(rows)) or 'nothing'}")
    if before <= CALM and not options.quick:
        PAGE.write_text(page(rows, around_it, HOW), "utf-8")
        say(f"written to {PAGE.relative_to(ROOT)}")
    return 0


def measured(home: Path, options: argparse.Namespace) -> list[Row]:
    say("training the peers where they aren't yet")
    starter, floor = peers.starter(TRAINED), peers.floor(TRAINED)
    stages: tuple[Callable[[], list[Row]], ...] = (
        lambda: beside_peers(home / "peers", starter, floor, options.rounds, options.seconds),
        lambda: grown(home / "crowd", options.people, options.rounds),
        lambda: starts(home / "start", starter, floor, options.starts),
    )
    rows: list[Row] = []
    for stage in stages:
        rows += stage()
        say(table(rows))
    return rows


def starts(home: Path, starter: Path, floor: Path, times: int) -> list[Row]:
    say("starts")
    whole, engine, bare, least = [], [], [], []
    for number in range(times):
        own = home / str(number)
        whole.append(sides.start_of_ours(own / "whole"))
        engine.append(sides.start_of_engine(own / "engine"))
        bare.append(sides.start_of_peer(starter, own / "starter.log"))
        least.append(sides.start_of_peer(floor, own / "floor.log"))
    target = Target("1.3 x our `rasa run` alone", 1.3, median(engine))
    return [Row("Start to first answer", "s", median(whole), median(bare), median(least), target)]


def beside_peers(home: Path, starter: Path, floor: Path, rounds: int, seconds: float) -> list[Row]:
    home.mkdir(parents=True)
    with (
        sides.ours(home / "ours") as ours,
        peers.answering(starter, home / "starter.log") as bare,
        peers.answering(floor, home / "floor.log") as least,
    ):
        scripts: Scripts = {
            "ours": (ours.somebody, WHOLE_TALK),
            "starter": (bare.somebody, STARTER_TALK),
            "floor": (least.somebody, STARTER_TALK),
        }
        turns(scripts, 1)
        say("single turns")
        taken = turns(scripts, rounds)
        say(f"{CLIENTS} clients")
        rush = rushes(scripts, 2, seconds)
        memory = ours.engine_memory(), ours.other_memory(), rss(bare.pid), rss(least.pid)
        say("one long talk")
        long_talk = one_long_talk(ours.somebody(), 1020)
    return [*turn_rows(taken), *rush_rows(rush), *memory_rows(*memory), long_row(long_talk)]


def turn_rows(taken: dict[str, list[float]]) -> list[Row]:
    half, most = ({side: MS * of(each) for side, each in taken.items()} for of in (median, p95))
    return [
        Row("Whole turn, median", "ms", *_in_order(half), Target("0.8 x starter", 0.8, half["starter"])),
        Row("Whole turn, 95th percentile", "ms", *_in_order(most), Target("2 x our median", 2, half["ours"])),
    ]


def rush_rows(rush: dict[str, Rush]) -> list[Row]:
    answered = {side: each.a_second for side, each in rush.items()}
    broken = {side: float(each.broken) for side, each in rush.items()}
    target = Target("2 x starter", 2, answered["starter"], at_least=True)
    return [
        Row(f"Turns a second, {CLIENTS} clients", "", *_in_order(answered), target),
        Row(f"Talks broken off, {CLIENTS} clients", "", *_in_order(broken), Target("none", 0)),
    ]


def memory_rows(engine: float, others: float, starter: float, floor: float) -> list[Row]:
    return [
        Row("Engine's memory (RSS)", "MB", engine, starter, floor, Target("800 MB", 800)),
        Row("All else of ours (PSS)", "MB", others, target=Target("450 MB", 450)),
    ]


def long_row(taken: Sequence[float]) -> Row:
    late, early = median(around(taken, 1000)), median(around(taken, 10))
    return Row("Turn 1,000 of one patient", "ms", MS * late, target=Target("1.2 x turn 10", 1.2, MS * early))


def grown(home: Path, people: int, rounds: int) -> list[Row]:
    """Two coaches side by side, one of them with many people's talks in its databases."""
    say(f"a crowd of {people:,}")
    messages = fill(home / "full", people)
    with sides.ours(home / "full") as full, sides.ours(home / "empty") as empty:
        scripts: Scripts = {"full": (full.somebody, WHOLE_TALK), "empty": (empty.somebody, WHOLE_TALK)}
        turns(scripts, 1)
        taken = turns(scripts, rounds)
    target = Target("1.2 x an empty database", 1.2, MS * median(taken["empty"]))
    what = f"Whole turn, median, {people:,} patients, {messages:,} messages"
    return [Row(what, "ms", MS * median(taken["full"]), target=target)]


def fill(home: Path, people: int) -> int:
    """Somebody exchanges a hundred messages with the coach; then there are `people` of them."""
    with sides.ours(home) as ours:
        known = set(crowd.patient_ids(home / "safecue.db"))
        somebody = ours.somebody()
        for line in (*ONBOARDING, *FORMS * 6):
            somebody.say(line)
        (talker,) = set(crowd.patient_ids(home / "safecue.db")) - known
    crowd.copy_talker(home / "engine.db", talker, people - 1)
    return crowd.copy_patient(home / "safecue.db", talker, people - 1)


def _in_order(figures: dict[str, float]) -> tuple[float, float, float]:
    return figures["ours"], figures["starter"], figures["floor"]


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--starts", type=int, default=3, help="how often each side is started")
    parser.add_argument("--rounds", type=int, default=12, help="talks with each side")
    parser.add_argument("--seconds", type=float, default=15, help=f"how long {CLIENTS} clients talk, twice")
    parser.add_argument("--people", type=int, default=10_000, help="patients in the full database")
    parser.add_argument("--quick", action="store_true", help="only print the table")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
