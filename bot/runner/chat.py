"""`safecue chat`: a talk in this terminal; what it needs is started for it where no coach is running yet."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.runner.start import (
    part_named,
    prepare_second_voice,
    read_procfile,
    refusals_of,
    say,
)
from bot.runner.supervisor import Part, Supervisor, healthy, within
from bot.settings import ROOT, Settings, load

NEEDED = ("engine", "actions", "scheduler")
TALK = (sys.executable, "-m", "bot.cli", "talk")
TIME_TO_BE_READY = 180.0  # seconds


def run(argv: Sequence[str]) -> int:
    """What the talk ended with; 1 where the coach could not be started, the reason is on stderr."""
    command = [*TALK, *argv]
    settings = load()
    if "-h" in argv or "--help" in argv or asyncio.run(_coach_runs(settings)):
        return asyncio.run(_talk(command))
    if refusals := refusals_of(settings, but_ports=("web_port", "console_port")):
        print("\n".join(refusals), file=sys.stderr)
        return 1
    environment = os.environ | settings.for_the_parts()
    prepare_second_voice(settings)
    procfile = (ROOT / "Procfile").read_text("utf-8")
    parts = [part for part in read_procfile(procfile, settings, environment) if part.name in NEEDED]
    return asyncio.run(talk_with_parts(command, parts, settings.data_dir / "log", environment))


async def talk_with_parts(
    command: Sequence[str],
    parts: Sequence[Part],
    logs: Path,
    environment: Mapping[str, str],
    patience: float = TIME_TO_BE_READY,
) -> int:
    """Start the parts, talk once they are ready, end them. What the talk ended with; 1: never ready."""
    with (logs_file := _events_file(logs)).open("a", encoding="utf-8", buffering=1) as events:
        supervisor = Supervisor(
            parts, logs=logs, environment=environment, root=ROOT, say=lambda line: print(line, file=events)
        )
        running = asyncio.create_task(supervisor.run())
        say("starting the coach …")
        try:
            if not await within(patience, _all_ready(parts)):
                print(f"The coach is not ready after {patience:g} s; see {logs_file}", file=sys.stderr)
                return 1
            return await _talk(command)
        finally:
            supervisor.stop()
            await running


async def _all_ready(parts: Sequence[Part]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for part in parts:
            tasks.create_task(healthy(part))


async def _coach_runs(settings: Settings) -> bool:
    return await within(1, healthy(part_named("engine", (), settings)))


async def _talk(command: Sequence[str]) -> int:
    """Ctrl-C is the talk's alone; it ends by itself and we after it."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
    process = await asyncio.create_subprocess_exec(*command)
    return await process.wait()


def _events_file(logs: Path) -> Path:
    logs.mkdir(parents=True, exist_ok=True)
    return logs / "chat-parts.log"
