"""The whole coach, started as `make run` starts it, on ports and a data folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Talk:
    """One patient at the JSON door."""

    url: str
    conversation: str = field(default_factory=lambda: uuid.uuid4().hex)
    answer: dict[str, Any] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)

    def say(self, text: str) -> dict[str, Any]:
        return self._post(text=text)

    def press(self, title: str) -> dict[str, Any]:
        """Press the button whose title starts so."""
        fitting = [t for t in self.buttons if t.casefold().startswith(title.casefold())]
        assert fitting, f"no button {title!r} among {list(self.buttons)} after {self.said!r}"
        return self._post(payload=self.buttons[fitting[0]])

    def send(self, **body: str) -> httpx.Response:
        return httpx.post(
            f"{self.url}/api/chat", json={"conversation": self.conversation, **body}, timeout=30
        )

    def fetch(self, document: str) -> dict[str, Any]:
        """The file that a reply handed over."""
        wanted = {"conversation": self.conversation, "document": document}
        response = httpx.post(f"{self.url}/api/document", json=wanted, timeout=30)
        assert response.headers["content-disposition"] == 'attachment; filename="my-data.json"'
        told: dict[str, Any] = response.json()
        return told

    def _post(self, **body: str) -> dict[str, Any]:
        response = self.send(**body)
        assert response.status_code == 200, response.text
        self.answer = response.json()
        self.heard.append(self.said)
        offered = {b["title"]: b["payload"] for r in self.answer["replies"] for b in r["buttons"]}
        self.buttons = offered or self.buttons
        return self.answer

    @property
    def said(self) -> str:
        return "\n".join(reply["text"] for reply in self.answer["replies"])

    @property
    def ids(self) -> list[str]:
        return [reply["content_id"] for reply in self.answer["replies"]]

    @property
    def level(self) -> str:
        return str(self.answer["verdict"]["level"])


@dataclass
class Coach:
    url: str
    data: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    def talk(self) -> Talk:
        return Talk(self.url)

    def safecue(self, *arguments: str) -> str:
        ran = subprocess.run(
            [str(ROOT / ".venv/bin/safecue"), *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def engine_pid(self) -> int:
        """The engine among our own supervisor's children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in children:
            if b"rasa" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        raise AssertionError("no engine is running")

    @contextmanager
    def engine_hanging(self) -> Iterator[None]:
        pid = self.engine_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def heard_late(self, talk: Talk) -> list[str]:
        """Content ids of everything said to the patient so far."""
        said = httpx.post(f"{self.url}/api/updates", json={"conversation": talk.conversation, "after": 0})
        assert said.status_code == 200, said.text
        return [reply["content_id"] for reply in said.json()["replies"]]

    def wait_until(self, condition: Callable[[], bool], seconds: float = 60, every: float = 0.5) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "it did not happen"
            time.sleep(every)

    def wait_for_engine(self, seconds: float = 90) -> None:
        """Until a greeting of a fresh patient is answered by the engine."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(httpx.HTTPError, AssertionError):
                if "engine_down" not in [r["content_id"] for r in self.talk().say("hello")["replies"]]:
                    return
            time.sleep(0.5)
        raise AssertionError("the engine did not come back")


@contextmanager
def coach_running(data: Path, **settings: str) -> Iterator[Coach]:
    """`safecue run` until the block is left; then Ctrl-C, which must end it cleanly."""
    web = free_port()
    environment = {
        **os.environ,
        "SAFECUE_DATA_DIR": str(data),
        "SAFECUE_ENGINE_URL": f"http://127.0.0.1:{free_port()}",
        "SAFECUE_ACTIONS_PORT": str(free_port()),
        "SAFECUE_WEB_PORT": str(web),
        "SAFECUE_CONSOLE_PORT": str(free_port()),
        "SAFECUE_MODE": "local",
        **settings,
    }
    log = (data / "run.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "run"], cwd=ROOT, env=environment, stdout=log, stderr=log
    )
    coach = Coach(f"http://127.0.0.1:{web}", data, process, environment)
    try:
        _wait_until_up(coach)
        yield coach
    finally:
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()


def _wait_until_up(coach: Coach) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if coach.process.poll() is not None:
            break
        engine = coach.environment["SAFECUE_ENGINE_URL"]
        if _answers(f"{coach.url}/health") and _answers(f"{engine}/webhooks/safecue/health"):
            coach.wait_for_engine()
            return
        time.sleep(0.1)
    raise AssertionError((coach.data / "run.log").read_text())


def _answers(address: str) -> bool:
    """Asked plainly: to make an httpx client each time would take a third of a core from what starts."""
    try:
        urllib.request.urlopen(address, timeout=1).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
