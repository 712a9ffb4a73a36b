"""`safecue run`: the coach on this machine, every part named in the Procfile."""

from __future__ import annotations

import argparse
import os
import shlex
import socket
import string
import sys
import textwrap
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from bot.assembly import begin_anew, open_records, tune_second_voice
from bot.library.library import load_library
from bot.library.reading import ContentFaults
from bot.library.screening_content import load_screening
from bot.records import DatabaseSilent, RecordsError, load_or_make_key_file
from bot.runner.keep import become
from bot.runner.supervisor import Part
from bot.settings import ROOT, Settings, load, variable

NAMED_AT_START = 12


def run(argv: Sequence[str]) -> int:
    """1: refused to start; the reason is on stderr. Else this becomes the process that keeps the parts."""
    options = _options(argv)
    settings = load()
    if options.new_database:
        begin_anew(settings)
    if refusals := refusals_of(settings):
        print("\n".join(refusals), file=sys.stderr)
        return 1
    environment = os.environ | settings.for_the_parts()
    prepare_second_voice(settings)
    parts = read_procfile(options.procfile.read_text("utf-8"), settings, environment)
    return become(parts, settings.data_dir / "log", ROOT, environment)


def refusals_of(settings: Settings, but_ports: Collection[str] = ()) -> list[str]:
    """All that speaks against starting; the last, since it makes them, the keys and the database."""
    found = taken_ports(settings, but=but_ports) + content_refusals(settings)
    return found or key_refusals(settings) or database_refusals(settings)


def content_refusals(settings: Settings) -> list[str]:
    """Tell which safety content is unsigned; what in the content speaks against starting."""
    try:
        unsigned = load_library(settings.content_dir).unsigned_safety()
    except ContentFaults as faults:
        return [str(faults)]
    if not unsigned:
        return []
    say(unsigned_note(unsigned, settings.data_dir / "unsigned-safety-content.txt"))
    return unsigned_refusal(settings)


def key_refusals(settings: Settings) -> list[str]:
    """Make the key file where keys are neither set nor kept, and tell it; a key file that can't be used."""
    if settings.keys:
        return []
    try:
        _, made = load_or_make_key_file(settings.key_file)
    except RecordsError as fault:
        return [str(fault)]
    if made:
        say(f"Made the key file {settings.key_file}. Stored texts can't be read without it: keep a copy.")
    return []


def database_refusals(settings: Settings) -> list[str]:
    """Begin the database, or bring it up to this version, before several parts would.

    One that can't be reached is told and no refusal: it may yet come, and the parts try again.
    """
    try:
        open_records(settings).close()
    except DatabaseSilent as fault:
        say(str(fault))
    except RecordsError as fault:
        return [str(fault)]
    return []


def prepare_second_voice(settings: Settings) -> None:
    """Once, before several parts would do it. It tells why, where screening has to do without."""
    tune_second_voice(settings, load_screening(settings.content_dir).bank, say)


def say(line: str) -> None:
    print(line, flush=True)


def unsigned_note(unsigned: Sequence[str], listed: Path) -> str:
    """Which safety content no clinician has signed: a few by name, all of them in the file `listed`."""
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text("\n".join([*unsigned, ""]), "utf-8")
    first = ", ".join(unsigned[:NAMED_AT_START])
    rest = f" and {len(unsigned) - NAMED_AT_START} more" if len(unsigned) > NAMED_AT_START else ""
    head = f"No clinician has signed this safety content yet: {first}{rest}. All of it: {listed}"
    return textwrap.fill(
        head, width=110, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
    )


def unsigned_refusal(settings: Settings) -> list[str]:
    """Production doesn't start on unsigned safety content unless told otherwise."""
    if settings.mode != "production" or settings.allow_unsigned:
        return []
    return [
        "Production refuses unsigned safety content. "
        "Have a clinician sign it (reviewed_by and reviewed_on in content/), "
        f"or set {variable('allow_unsigned')}=yes."
    ]


def read_procfile(text: str, settings: Settings, environment: Mapping[str, str]) -> list[Part]:
    """The parts of a Procfile (`name: command`, `$VARIABLE` filled in) that run on this machine."""
    parts = []
    for line in text.splitlines():
        name, colon, command = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        words = (string.Template(word).substitute(environment) for word in shlex.split(command))
        parts.append(part_named(name.strip(), tuple(words), settings))
    return [part for part in parts if runs_here(part.name, settings)]


def runs_here(name: str, settings: Settings) -> bool:
    """The engine may run elsewhere; Telegram is served where there is a bot to serve."""
    if name == "engine":
        return settings.engine_is_here
    return name != "telegram" or settings.telegram_token is not None


def part_named(name: str, command: tuple[str, ...], settings: Settings) -> Part:
    """A part with what tells that it is ready."""
    match name:
        case "engine":
            health = f"{settings.engine_url}/webhooks/safecue/health"
            return Part(name, command, health, {"X-SafeCue-Key": settings.engine_secret()})
        case "actions":
            return Part(name, command, f"{settings.actions_url}/health")
        case "web":
            return Part(name, command, f"{settings.web_url}/health", ready=f"web chat at {settings.web_url}/")
        case "console":
            where = settings.console_address or settings.console_url
            return Part(name, command, f"{settings.console_url}/health", ready=f"console at {where}/")
        case "telegram" if settings.telegram_webhook:
            return Part(name, command, f"{settings.telegram_url}/health")
    return Part(name, command)


def taken_ports(settings: Settings, but: Collection[str] = ()) -> list[str]:
    """A line for every port of ours (`but` some) that another program listens on."""
    hosts = {
        "web_port": settings.web_host,
        "console_port": settings.console_host,
        "telegram_port": settings.telegram_host,
    }
    return [
        f"Port {port} is taken by another program; end it, or set another in {variable(field)}."
        for field, port in settings.ports().items()
        if field not in but and _is_taken(hosts.get(field, "127.0.0.1"), port)
    ]


def _is_taken(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="safecue run", description="Start every part of the coach.")
    parser.add_argument(
        "--new-database", action="store_true", help="begin an empty database where the one in use is gone"
    )
    parser.add_argument("--procfile", type=Path, default=ROOT / "Procfile", help="another list of parts")
    return parser.parse_args(argv)
