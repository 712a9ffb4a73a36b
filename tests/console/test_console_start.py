"""The console as a process of its own, and how the first administrator comes to it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from console_at_work import SECRET, ConsoleAtWork

from bot.console.app import build_console
from bot.settings import ROOT, SettingsFault, load

COMMAND = (sys.executable, "-W", "ignore", "-m", "bot.cli", "console")


def environment(data: Path, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFECUE_")}
    return kept | {"SAFECUE_DATA_DIR": str(data)} | settings


@contextmanager
def serving(data: Path, **settings: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = str(door.getsockname()[1])
    own = environment(data, SAFECUE_CONSOLE_PORT=port, **settings)
    process = subprocess.Popen(
        COMMAND, cwd=ROOT, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        wait_until_open(int(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=15)
    assert (process.returncode, said) == (0, "")


def wait_until_open(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with socket.socket() as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the console never opened")


def test_an_invitation_from_the_command_line_opens_the_running_console(tmp_path: Path) -> None:
    invite = (*COMMAND, "invite", "Dr Ames", "--role", "administrator")
    told = subprocess.run(invite, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True)
    code = re.search(r"^ {4}(\S+)$", told.stdout, re.MULTILINE)
    assert code, told.stderr
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as browser:
        assert browser.get("/health").json() == {"ready": True}
        assert browser.get("/").headers["location"] == "/login?next=/"
        token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/invitation").text)
        assert token
        fields = {"code": code[1], "email": "ames@clinic.example", "password": "seven quiet herons"}
        begun = browser.post("/invitation/accept", data={"csrf_token": token[1], **fields})
        assert begun.status_code == 302, begun.text


def test_a_nameless_person_is_not_invited(tmp_path: Path) -> None:
    invite = (*COMMAND, "invite", " ")
    told = subprocess.run(invite, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True)
    assert told.returncode == 1
    assert "Write a name" in told.stderr


def test_behind_https_it_answers_to_its_address_and_on_this_machine_alone(
    tmp_path: Path,
) -> None:
    with (
        serving(tmp_path, SAFECUE_CONSOLE_ADDRESS="https://console.example.org") as url,
        httpx.Client(base_url=url, trust_env=False) as proxy,
    ):
        told = {"host": "console.example.org", "x-forwarded-for": "192.0.2.7"}
        assert proxy.get("/health").status_code == 200
        assert "__Host-" in proxy.get("/login", headers=told).headers["set-cookie"]
        assert proxy.get("/login", headers={"host": "evil.example"}).status_code == 400


def test_behind_https_the_cookie_is_bound_to_the_host_and_browsers_are_told_to_stay(
    console: ConsoleAtWork,
) -> None:
    app = build_console(console.house, SECRET, "https://console.example.org")
    page = app.test_client().get("/login", base_url="https://console.example.org")
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-safecue-console=")
    assert all(part in cookie for part in ("; Secure", "; HttpOnly", "; Path=/", "; SameSite=Strict"))
    assert "Domain" not in cookie
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAFECUE_CONSOLE_HOST", "0.0.0.0"),
        ("SAFECUE_CONSOLE_ADDRESS", "http://console.example.org"),
        ("SAFECUE_CONSOLE_ADDRESS", "https://console.example.org/deep"),
    ],
)
def test_a_console_that_others_reach_is_refused_without_https(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsFault, match=name):
        load(tmp_path / "no .env")
