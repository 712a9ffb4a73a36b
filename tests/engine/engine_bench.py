"""Running the engine as its own process, and talking with it."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENGINE_PYTHON = ROOT / "engine" / ".venv" / "bin" / "python"
KEY = "a key of the tests"
SLOWEST_START = 180.0
FILES = ("--credentials", "credentials.yml", "--endpoints", "endpoints.yml")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def in_the_engine(
    arguments: Sequence[str], folder: Path, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a module of the engine in its own environment."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [str(ENGINE_PYTHON), "-m", *arguments],
        cwd=folder,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=300,
    )


@dataclass
class Talk:
    """One person's talk with the engine."""

    door: httpx.Client
    sender: str
    numbers: count[int]

    def post(self, text: str = "", message_id: str | None = None, **metadata: Any) -> httpx.Response:
        body = {
            "sender": self.sender,
            "message_id": message_id or f"m{next(self.numbers)}",
            "text": text,
            "metadata": metadata,
        }
        return self.door.post("/turn", json=body)

    def say(self, text: str = "", message_id: str | None = None, **metadata: Any) -> dict[str, Any]:
        response = self.post(text, message_id, **metadata)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def answer(self, slot: str, value: Any) -> dict[str, Any]:
        return self.say(str(value), answer={"slot": slot, "value": value})


@dataclass
class RunningEngine:
    """An engine with its action server, both processes of their own."""

    door: httpx.Client
    folder: Path
    log_file: Path
    actions_port: int
    parts: Sequence[subprocess.Popen[bytes]]

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def talk(self) -> Talk:
        return Talk(self.door, uuid4().hex, count(1))

    def rows(self, table: str, sender: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / "engine.db") as database:
            query = f"SELECT * FROM {table} WHERE sender_id = ? ORDER BY rowid"
            return database.execute(query, (sender,)).fetchall()

    def when_ready(self) -> RunningEngine:
        until = time.monotonic() + SLOWEST_START
        while time.monotonic() < until:
            assert all(part.poll() is None for part in self.parts), self.log[-2000:]
            try:
                if self.door.get("/health").json() == {"ready": True}:
                    return self
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        raise AssertionError("the engine did not get ready")


def settings_for(folder: Path, actions_port: int, keys: str, database: str) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "RASA_TELEMETRY_ENABLED": "false",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
        "SAFECUE_ACTIONS_URL": f"http://127.0.0.1:{actions_port}",
        "SAFECUE_ENGINE_KEY": KEY,
        "SAFECUE_ENGINE_DB_URL": database,
        "SAFECUE_ENGINE_STORE_KEYS": keys,
    }


@contextmanager
def launched(folder: Path, keys: str, database: str | None = None) -> Iterator[RunningEngine]:
    """An engine on its way up; `when_ready` waits for it. `database`: SQLite in the folder unless given."""
    actions_port, engine_port = free_port(), free_port()
    rasa = f"rasa run -i 127.0.0.1 -p {engine_port} --quiet --model models/safecue.tar.gz"
    commands = (
        [sys.executable, str(HERE / "small_actions.py"), str(actions_port)],
        [str(ENGINE_PYTHON), "-m", *rasa.split(), *FILES],
    )
    log_file = folder / f"engine-{engine_port}.log"
    environment = settings_for(folder, actions_port, keys, database or f"sqlite:///{folder / 'engine.db'}")
    with log_file.open("w") as log:
        parts = [
            subprocess.Popen(each, cwd=folder, env=environment, stdout=log, stderr=log) for each in commands
        ]
    door = httpx.Client(
        base_url=f"http://127.0.0.1:{engine_port}/webhooks/safecue",
        headers={"X-SafeCue-Key": KEY},
        timeout=60,
        trust_env=False,
    )
    try:
        yield RunningEngine(door, folder, log_file, actions_port, parts)
    finally:
        door.close()
        for part in parts:
            part.terminate()
        for part in parts:
            part.wait(timeout=30)
