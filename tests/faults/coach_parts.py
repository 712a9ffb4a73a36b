"""The two coaches that faults are tried on: the whole one, and one whose engine misbehaves when told to.

Both keep their parts alive with the real supervisor. `pids` names the processes that run a module.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import httpx
from coach_at_work import free_port

from bot.facts.talk import Reply
from bot.runner.supervisor import Part, Patience, Supervisor
from bot.settings import ROOT

RESTARTS = Patience(first_pause=0.2, longest_pause=0.2, time_to_end=1)
SUPERVISOR = "bot.cli"
TIME_TO_START = 180.0  # seconds


class PlayedEngine:
    """Gateway and scheduler are real; the engine says `replies` to everything."""

    ready_after = 60.0  # seconds

    def __init__(self, home: Path, replies: Sequence[Reply], environment: Mapping[str, str]) -> None:
        words = home / "replies.json"
        words.write_text(json.dumps([asdict(reply) for reply in replies]))
        port = free_port()
        self._engine = f"http://127.0.0.1:{port}"
        engine = (sys.executable, str(Path(__file__).with_name("scripted_engine.py")))
        parts = [
            Part("engine", (*engine, str(port), str(words))),
            Part("scheduler", (sys.executable, "-m", "bot.scheduler")),
            Part("telegram", (sys.executable, "-m", "bot.gateway")),
        ]
        self._supervisor = Supervisor(
            parts,
            logs=home / "log",
            environment={**environment, "SAFECUE_ENGINE_URL": self._engine},
            root=ROOT,
            patience=RESTARTS,
            say=lambda _: None,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._supervisor.run(),))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._supervisor.stop)
        self._thread.join(30)
        self._loop.close()

    def pids(self, module: str) -> list[int]:
        return _running(module, "self")

    def behave(self, mode: str) -> None:
        httpx.post(f"{self._engine}/mode", content=mode, trust_env=False).raise_for_status()


class WholeCoach:
    """`safecue run`, with Rasa; its supervisor may be killed and started again."""

    ready_after = TIME_TO_START

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._log = home / "run.log"
        self._environment = {
            **environment,
            "SAFECUE_ENGINE_URL": f"http://127.0.0.1:{free_port()}",
            "SAFECUE_ACTIONS_PORT": str(free_port()),
            "SAFECUE_WEB_PORT": str(free_port()),
            "SAFECUE_CONSOLE_PORT": str(free_port()),
            "SAFECUE_MODE": "local",
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self._environment['SAFECUE_WEB_PORT']}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process, "it was never started"
        return self._process

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", SUPERVISOR, "run"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            assert self.process.wait(timeout=30) == 0, self._log.read_text()
        finally:
            self.process.kill()

    def pids(self, module: str) -> list[int]:
        return [self.process.pid] if module == SUPERVISOR else _running(module, str(self.process.pid))


Parts = PlayedEngine | WholeCoach


def _running(module: str, parent: str) -> list[int]:
    """Children of `parent` whose command names the module."""
    lists = Path(f"/proc/{parent}/task").glob("*/children")
    children = [int(pid) for each in lists for pid in each.read_text().split()]
    return [pid for pid in children if module.encode() in _command(pid)]


def _command(pid: int) -> bytes:
    """Empty for a process that has just ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return b""


def kill_all(pids: Sequence[int], number: signal.Signals = signal.SIGKILL) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
