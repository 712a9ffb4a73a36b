"""`safecue flags`: what clinicians must see, for who works without the console."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime

from bot.facts.flags import Flag, FlagStep
from bot.facts.staff import Actor, Role
from bot.triage.flag_life import gravity
from bot.usecases.flag_moves import RESOLVE, MoveFlags
from bot.usecases.ports import Records

OUTCOME = "other"


def run(argv: Sequence[str], records: Records, moves: MoveFlags) -> int:
    """0: done. 1: no such flag, or it can't be cleared. 2: the command can't be read."""
    try:
        told = _parser().parse_args(argv)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    if told.command == "list":
        return _list(records, everything=told.all)
    if told.command == "show":
        return _show(records, told.id)
    return _clear(moves, told.id, by=told.by.strip(), reason=told.reason.strip(), outcome=told.outcome)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("safecue flags", description="What a clinician must see.")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="open flags, the most urgent first")
    listing.add_argument("--all", action="store_true", help="ended ones too")
    show = commands.add_parser("show", help="one flag")
    show.add_argument("id", type=int)
    clear = commands.add_parser("clear", help="resolve a flag and settle what raised it; the patient is told")
    clear.add_argument("id", type=int)
    clear.add_argument("--by", required=True, metavar="NAME", type=_words, help="who clears it")
    clear.add_argument("--reason", required=True, metavar="TEXT", type=_words, help="why it may be cleared")
    clear.add_argument("--outcome", default=OUTCOME, type=_words, help="as content/console.yml names it")
    return parser


def _words(value: str) -> str:
    if not value.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return value


def _list(records: Records, *, everything: bool) -> int:
    with records.unit() as unit:
        flags = unit.flags.list(open_only=not everything)
    if not flags:
        print("No flags." if everything else "No open flags.")
    for flag in sorted(flags, key=_most_urgent_first):
        print(_line(flag))
    return 0


def _most_urgent_first(flag: Flag) -> tuple[bool, int, datetime]:
    return not flag.open, gravity(flag.level), flag.raised_at


def _line(flag: Flag) -> str:
    return "  ".join(
        (
            f"{flag.id:>5}",
            f"{flag.state.value:<12}",
            _time(flag.raised_at),
            f"{flag.level:<8}",
            f"{flag.urgency:<8}",
            flag.patient_id,
            flag.summary,
        )
    )


def _show(records: Records, flag_id: int) -> int:
    with records.unit() as unit:
        flag = unit.flags.get(flag_id)
        steps = unit.flags.steps(flag_id)
    if flag is None:
        return _no_such_flag(flag_id)
    print(f"flag       {flag.id}")
    print(f"patient    {flag.patient_id}")
    print(f"raised     {_time(flag.raised_at)}")
    print(f"level      {flag.level}, {flag.urgency}")
    print(f"rules      {flag.summary}")
    print(f"state      {flag.state.value}")
    for step in steps:
        print(_told(step))
    return 0


def _told(step: FlagStep) -> str:
    line = f"step       {_time(step.at)}  {step.becomes.value}, by {step.actor}"
    return line + "".join(f": {part}" for part in (step.outcome, step.note) if part)


def _clear(moves: MoveFlags, flag_id: int, *, by: str, reason: str, outcome: str) -> int:
    actor = Actor(by, by, frozenset({Role.CLINICIAN}))
    try:
        moves.end(actor, flag_id, RESOLVE, outcome=outcome, note=reason)
    except LookupError:
        return _no_such_flag(flag_id)
    except ValueError as refusal:
        print(f"Not cleared: {refusal}.", file=sys.stderr)
        return 1
    print(f"Flag {flag_id} is resolved by {by}. What raised it is settled.")
    return 0


def _no_such_flag(flag_id: int) -> int:
    print(f"There is no flag {flag_id}. See: safecue flags list --all", file=sys.stderr)
    return 1


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
