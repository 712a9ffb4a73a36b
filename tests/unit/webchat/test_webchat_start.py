"""`safecue web`: it serves quietly, and ends when told to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import fake_start
import httpx


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def start(folder: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, fake_start.__file__, "bot.webchat"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, "SAFECUE_WEB_PORT": str(port), "SAFECUE_DATA_DIR": str(folder / "var")},
    )


def wait_until_open(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with socket.socket() as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the page never opened")


def test_the_page_is_served_without_a_word_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    process = start(tmp_path, port)
    wait_until_open(port)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as browser:
        assert "SafeCue" in browser.get("/").text
        browser.post("/say", data={"text": "my own secret"})
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=15)
    assert process.returncode == 0
    assert said == ""


def test_the_secret_of_the_cookies_is_kept_so_that_history_outlives_a_restart(tmp_path: Path) -> None:
    kept = tmp_path / "var" / "secrets" / "web-key"
    secrets = []
    for _ in range(2):
        port = free_port()
        process = start(tmp_path, port)
        wait_until_open(port)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=15)
        secrets.append(kept.read_text())
    assert secrets[0] == secrets[1]
    assert len(secrets[0]) >= 32
