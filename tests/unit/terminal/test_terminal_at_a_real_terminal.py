"""`safecue chat` at a pseudo-terminal: how it begins and how it is left."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import fake_start
import pytest
from fake_house import HELLO

from bot.terminal.looks import labels


class ReadyEngine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/webhooks/safecue/health" else 404)
        self.end_headers()
        self.wfile.write(b'{"ready": true}')

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def engine() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), ReadyEngine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def as_a_shell_starts_it() -> None:
    """With this terminal in control, and deaf to no key, though the tests may run in the background."""
    os.close(os.open(os.ttyname(0), os.O_RDWR))
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    def __init__(self, folder: Path, engine: str, *arguments: str) -> None:
        self._hands, screen = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, fake_start.__file__, "bot.terminal", *arguments],
            stdin=screen,
            stdout=screen,
            stderr=screen,
            cwd=folder,
            env={**os.environ, "SAFECUE_ENGINE_URL": engine, "SAFECUE_DATA_DIR": str(folder / "var")},
            start_new_session=True,
            preexec_fn=as_a_shell_starts_it,
        )
        os.close(screen)
        self.shown, self._known = "", 0

    def type(self, keys: str) -> None:
        os.write(self._hands, keys.encode())

    def wait_for(self, words: str) -> None:
        """Behind what was waited for before."""
        end = time.monotonic() + 30
        while words not in self.shown[self._known :]:
            more, _, _ = select.select([self._hands], [], [], max(end - time.monotonic(), 0))
            assert more, self.shown
            self.shown += os.read(self._hands, 4096).decode(errors="replace")
        self._known = self.shown.index(words, self._known) + len(words)

    def left(self) -> int:
        self.wait_for(labels()["goodbye"])
        return self.process.wait(timeout=10)


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_ctrl_c_and_ctrl_d_leave_cleanly(key: str, tmp_path: Path, engine: str) -> None:
    terminal = Terminal(tmp_path, engine)
    terminal.wait_for("you  > ")
    terminal.type("good morning\n")
    terminal.wait_for(HELLO)
    terminal.wait_for("you  > ")  # a key pressed before it asks again would be lost
    terminal.type(key)
    assert terminal.left() == 0
    assert "Traceback" not in terminal.shown


def test_without_the_engine_it_says_what_to_type(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "http://127.0.0.1:9")
    terminal.wait_for("make run")
    assert terminal.process.wait(timeout=10) == 1
