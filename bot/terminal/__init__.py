"""Door: the same coach in a terminal."""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bot.terminal.looks import labels, wrapped

if TYPE_CHECKING:
    from bot.settings import Settings


def run(argv: list[str]) -> int:
    """Talk until Ctrl-D or Ctrl-C. 0: ended; 1: the coach isn't running."""
    parser = argparse.ArgumentParser(prog="safecue chat", description="Talk with the coach in this terminal.")
    parser.add_argument("--new", action="store_true", help="begin a new talk; the old one is left as it is")
    begin_anew = parser.parse_args(argv).new

    from bot.settings import load

    settings = load()
    words = labels()
    if not engine_runs(settings):
        print(words["asleep"])
        return 1
    print(words["loading"])
    log_to_file(settings.data_dir / "log" / "chat.log")
    address = own_id(settings.data_dir / "terminal-id", begin_anew=begin_anew)
    try:
        asyncio.run(_talk(settings, address, words))
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        return 0
    print("\n" + wrapped(words["goodbye"], screen_width()))
    return 0


async def _talk(settings: Settings, address: str, words: Mapping[str, str]) -> None:
    from bot.assembly import assemble
    from bot.terminal.lines import typed_lines
    from bot.terminal.looks import Looks
    from bot.terminal.session import Session

    house = await asyncio.to_thread(assemble, settings)
    session = Session(
        house,
        address,
        out=write,
        width=screen_width,
        looks=Looks(words),
        words=words,
        pictures=settings.content_dir / "pictures",
        drawn=settings.data_dir / "pictures",
        handed=settings.data_dir / "documents",
    )
    await session.run(typed_lines(sys.stdin))


def engine_runs(settings: Settings) -> bool:
    """Whether the engine answers that it is ready."""
    import httpx

    try:
        answer = httpx.get(
            f"{settings.engine_url}/webhooks/safecue/health",
            headers={"X-SafeCue-Key": settings.engine_secret()},
            timeout=3.0,
            trust_env=False,
        )
    except httpx.HTTPError:
        return False
    return answer.is_success


def own_id(path: Path, *, begin_anew: bool) -> str:
    """The conversation id of this terminal's user, kept so that the talk goes on."""
    if path.is_file() and not begin_anew and (kept := path.read_text("ascii").strip()):
        return kept
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = secrets.token_urlsafe(24)
    path.touch(mode=0o600)
    path.write_text(fresh + "\n", "ascii")
    return fresh


def log_to_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=path, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")


def write(text: str) -> None:
    print(text, end="", flush=True)


def screen_width() -> int:
    return shutil.get_terminal_size().columns
