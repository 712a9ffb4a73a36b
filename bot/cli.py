"""`safecue …`: names the commands and hands over to the door that does the work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from bot.settings import SettingsFault, load

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("bot.runner.start", "start every part of the coach"),
    "chat": ("bot.runner.chat", "talk with the coach in this terminal"),
    "talk": ("bot.terminal", "the same, with a coach that runs already"),
    "web": ("bot.webchat", "serve the web chat alone"),
    "console": ("bot.console", "serve the clinicians' console alone, or invite somebody to it"),
    "triage": ("bot.authoring.triage", "show what a sentence is taken for: facts, level, rules"),
    "understand": ("bot.authoring.understand", "show which topic a sentence is taken for"),
    "check": ("bot.authoring.check", "check everything in content/ and data/stories/"),
    "hazards": ("bot.authoring.hazards", "show what could harm a patient, and what stands against it"),
    "tune": ("bot.authoring.tune", "fit the second voice of screening to its bank"),
    "flags": ("bot.authoring.flags", "list, show or clear what a clinician must see"),
    "demo": ("bot.authoring.demo", "make a database of made-up patients to look at"),
    "audit": ("bot.authoring.audit", "whether the audit is as it was written"),
    "keys": ("bot.authoring.keys", "rotate the keys that text is encrypted with"),
    "export": ("bot.authoring.export", "show everything kept about one person"),
    "erase": ("bot.authoring.erase", "erase one person everywhere"),
    "purge": ("bot.authoring.purge", "erase what is older than the retention time"),
}


def usage() -> str:
    """The list of commands."""
    lines = [f"  {name:<12}{meaning}" for name, (_, meaning) in COMMANDS.items()]
    return "\n".join(["usage: safecue COMMAND ...", "", *lines, "", "safecue COMMAND --help tells more."])


class OnFirstUse:
    """Stands for something that is opened only once a command really uses it (not for `--help`)."""

    def __init__(self, opened: Callable[[], Any]) -> None:
        self._opened = cache(opened)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened(), name)


def body_of(name: str) -> Callable[[list[str]], int]:
    """The command's `run`, imported only now so that small commands start fast."""
    run: Callable[..., int] = import_module(COMMANDS[name][0]).run
    needs = NEEDS.get(name, ())
    return lambda argv: run(argv, *(need() for need in needs))


def _records() -> OnFirstUse:
    def opened() -> object:
        from bot.assembly import open_records

        return open_records(load())

    return OnFirstUse(opened)


def _flag_moves() -> OnFirstUse:
    def opened() -> object:
        from bot.assembly import open_flag_moves

        return open_flag_moves(load())

    return OnFirstUse(opened)


def _hand_over() -> OnFirstUse:
    def opened() -> object:
        from bot.assembly import open_hand_over

        return open_hand_over(load())

    return OnFirstUse(opened)


def _engine() -> OnFirstUse:
    def opened() -> object:
        from bot.assembly import open_engine

        return open_engine(load())

    return OnFirstUse(opened)


def _new_key() -> Callable[[], str]:
    def made() -> str:
        from bot.assembly import new_key

        return new_key()

    return made


NEEDS: dict[str, tuple[Callable[[], object], ...]] = {
    "flags": (_records, _flag_moves),
    "demo": (load,),
    "audit": (_records,),
    "keys": (_records, _new_key),
    "export": (_hand_over,),
    "erase": (_records, _engine),
    "purge": (_records, lambda: load().retention_days),
}


def known_faults() -> tuple[type[Exception], ...]:
    """Faults that tell people what to do. Imported only once something went wrong: commands start fast."""
    from bot.library.reading import ContentFaults
    from bot.records import RecordsError

    return SettingsFault, ContentFaults, RecordsError


def main(argv: Sequence[str] | None = None) -> int:
    """0: done; 1: the command found a fault; 2: it was called wrongly; 130: broken off with Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in {"-h", "--help"}:
        print(usage())
        return 0 if words else 2
    name, *rest = words
    if name not in COMMANDS:
        print(f"safecue: there is no command {name!r}\n\n{usage()}", file=sys.stderr)
        return 2
    try:
        return body_of(name)(rest)
    except known_faults() as fault:
        print(fault, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
