"""Starts parts, keeps them alive with growing pauses, and ends all of them together.

Written small because no kept library fits: honcho ends all parts when one dies, circus restarts without
growing pauses and brings a message bus, supervisord gives up after a few tries; none waits for readiness.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LEASH = (sys.executable, "-I", "-S", str(Path(__file__).with_name("leash.py")))
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
LARGEST_LOG = 5 * 1024 * 1024  # bytes; a larger log is put aside when its part starts

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One process. It is ready when `health` answers with 200, or at once if it has none."""

    name: str
    command: tuple[str, ...]
    health: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ready: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: pauses before a restart, the run that resets them, the time to end and to get ready.

    `head_start`: for so long at most a part that gets ready keeps those behind it waiting.
    """

    first_pause: float = 1
    longest_pause: float = 30
    healthy_after: float = 60
    time_to_end: float = 10
    time_to_be_ready: float = 120
    head_start: float = 20


DEFAULT_PATIENCE = Patience()


class Supervisor:
    """Keeps parts running until told to stop. `say` hears one line per event.

    At the start no more than `at_once` of them get ready side by side, in their order: more than there are
    cores would take each other's time.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        logs: Path,
        environment: Mapping[str, str],
        root: Path,
        patience: Patience = DEFAULT_PATIENCE,
        at_once: int = max(2, os.cpu_count() or 1),
        say: Say = print,
    ) -> None:
        self._parts = parts
        self._logs = logs
        self._environment = dict(environment)
        self._root = root
        self._patience = patience
        self._at_once = at_once
        self._say = say
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    def stop(self) -> None:
        """End every part; called a second time, end them at once."""
        (self._hurry if self._stop.is_set() else self._stop).set()

    async def run(self) -> None:
        """Returns when every part has ended after `stop`."""
        self._logs.mkdir(parents=True, exist_ok=True)
        async with asyncio.TaskGroup() as tasks:
            getting_ready: set[asyncio.Task[None]] = set()
            for part in self._parts:
                while len(getting_ready) >= self._at_once:
                    _, getting_ready = await asyncio.wait(getting_ready, return_when=asyncio.FIRST_COMPLETED)
                tasks.create_task(self._keep(part))
                getting_ready.add(tasks.create_task(self._until_ready(part)))

    async def _until_ready(self, part: Part) -> None:
        ready, stopped = asyncio.create_task(healthy(part)), asyncio.create_task(self._stop.wait())
        limit = self._patience.head_start
        await asyncio.wait({ready, stopped}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        stopped.cancel()

    async def _keep(self, part: Part) -> None:
        pause = self._patience.first_pause
        while not self._stop.is_set():
            began = time.monotonic()
            died = await self._run_once(part)
            if self._stop.is_set():
                return
            if time.monotonic() - began >= self._patience.healthy_after:
                pause = self._patience.first_pause
            self._say(f"{part.name} {died}; again in {pause:g} s {self._where(part)}")
            await within(pause, self._stop.wait())
            pause = min(pause * 2, self._patience.longest_pause)

    async def _run_once(self, part: Part) -> str:
        """Start the part and stay until it has ended; how it ended, in words."""
        try:
            process = await self._start(part)
        except OSError as error:
            return f"could not start ({error.strerror}: {part.command[0]})"
        watch = asyncio.create_task(self._tell_when_ready(part))
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                await self._end(process, ended)
        finally:
            watch.cancel()
            stopped.cancel()
            _signal_group(process.pid, signal.SIGKILL)  # what the part itself started and left behind
        return _how_it_ended(await ended)

    async def _start(self, part: Part) -> asyncio.subprocess.Process:
        log = self._log_of(part)
        put_aside_if_large(log)
        with log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *LEASH,
                str(os.getpid()),
                *part.command,
                cwd=self._root,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches us alone, and we end the whole group
            )

    async def _end(self, process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
        _signal_group(process.pid, signal.SIGTERM)
        hurry = asyncio.create_task(self._hurry.wait())
        limit = self._patience.time_to_end
        await asyncio.wait({ended, hurry}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()

    async def _tell_when_ready(self, part: Part) -> None:
        if part.health is None:
            self._say(part.ready or f"{part.name} started")
            return
        limit = self._patience.time_to_be_ready
        if not await within(limit, healthy(part)):
            self._say(f"{part.name} is not ready after {limit:g} s {self._where(part)}; still waiting")
            await healthy(part)
        self._say(part.ready or f"{part.name} ready")

    def _log_of(self, part: Part) -> Path:
        return self._logs / f"{part.name}.log"

    def _where(self, part: Part) -> str:
        log = self._log_of(part)
        return f"(see {log.relative_to(self._root) if log.is_relative_to(self._root) else log})"


async def within(seconds: float, awaited: Awaitable[object]) -> bool:
    """Whether it came to pass in time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await awaited
            return True
    return False


async def healthy(part: Part) -> None:
    """Returns once the part is ready; at once if it has no address to ask."""
    while part.health and not await asyncio.to_thread(_answers, part.health, part.headers):
        await asyncio.sleep(0.3)


def _answers(address: str, headers: Mapping[str, str]) -> bool:
    request = urllib.request.Request(address, headers=dict(headers))
    try:
        with _WITHOUT_PROXY.open(request, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):
        return False


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _how_it_ended(code: int) -> str:
    return f"died (signal {-code})" if code < 0 else f"died (exit {code})"


def put_aside_if_large(log: Path, largest: int = LARGEST_LOG) -> None:
    """Rename a log of more than `largest` bytes to `.1`, over the one before."""
    if log.exists() and log.stat().st_size > largest:
        log.replace(log.with_name(f"{log.name}.1"))
