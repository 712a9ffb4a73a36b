"""Door: the clinicians' console, in a browser."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from typing import Any

from bot.facts.staff import Role
from bot.settings import Settings, load


def run(argv: Sequence[str]) -> int:
    """Serve the console until told to end, or invite somebody. 1: it can't be done; stderr says why."""
    told = _parser().parse_args(argv)
    if told.command == "invite":
        return _invite(told.name, Role(told.role))
    return _routes() if told.command == "routes" else _serve()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "safecue console", description="Serve the console alone; or what its commands say."
    )
    commands = parser.add_subparsers(dest="command")
    invite = commands.add_parser("invite", help="make a one-time code with which somebody begins")
    invite.add_argument("name", help="the person's name")
    invite.add_argument("--role", choices=[role.value for role in Role], default=Role.ADMINISTRATOR.value)
    commands.add_parser("routes", help="list every page, and which role may open it")
    return parser


def _serve() -> int:
    import waitress

    from bot.assembly import assemble_console
    from bot.console.app import build_console

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = load()
    house = assemble_console(settings)
    app = build_console(house, house.records.console_secret(), settings.console_address or "")
    try:
        server = waitress.create_server(app, **_listening(settings))
    except OSError as fault:
        print(f"The console can't listen at {settings.console_url}: {fault.strerror}", file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    server.run()  # returns once what was begun is done
    return 0


def _routes() -> int:
    from bot.assembly import assemble_console
    from bot.console.app import build_console
    from bot.console.routes import table_of

    house = assemble_console(load())
    print(table_of(build_console(house, house.records.console_secret())), end="")
    return 0


def _listening(settings: Settings) -> dict[str, Any]:
    """Behind what serves the https address, which tells who is calling."""
    behind = {"url_scheme": "https", "trusted_proxy": "*", "trusted_proxy_headers": "x-forwarded-for"}
    listening = {"host": settings.console_host, "port": settings.console_port, "ident": None}
    return listening | (behind if settings.console_address else {})


def _invite(name: str, role: Role) -> int:
    from bot.assembly import assemble_console

    settings = load()
    try:
        code, ends_at = assemble_console(settings).accounts.invite_first(name, role)
    except ValueError as fault:
        print(fault, file=sys.stderr)
        return 1
    address = settings.console_address or settings.console_url
    print(f"{name.strip()} begins as {role.value} at {address}/invitation with this one-time code:")
    print(f"\n    {code}\n\nIt can be used once, until {ends_at:%Y-%m-%d %H:%M} UTC.")
    return 0
