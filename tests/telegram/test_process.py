"""The process itself: what it refuses, how it ends, what it leaves in its log."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from bot_api import TOKEN, BotApi
from bot_at_work import ANNA, CHEST

from bot.settings import ROOT


def begin(home: Path, api: BotApi | None = None, **settings: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFECUE_")}
    own = {"SAFECUE_DATA_DIR": str(home / "var"), "SAFECUE_SECOND_VOICE": "no"}  # it would be fitted first
    environment = kept | own | settings
    if api:
        environment |= {"SAFECUE_TELEGRAM_API": api.url}
    return subprocess.Popen(
        [sys.executable, "-m", "bot.gateway"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "SAFECUE_TELEGRAM_TOKEN is not set"),
        ({"SAFECUE_TELEGRAM_TOKEN": "nonsense"}, "SAFECUE_TELEGRAM_TOKEN: found a value that doesn't fit"),
        (
            {"SAFECUE_TELEGRAM_TOKEN": TOKEN, "SAFECUE_TELEGRAM_WEBHOOK": "https://coach.example.org/t"},
            "SAFECUE_TELEGRAM_WEBHOOK_SECRET: not set, and the webhook needs it",
        ),
    ],
)
def test_it_refuses_to_start_and_says_why(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    process = begin(tmp_path, **settings)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said in out
    assert "Traceback" not in out


def test_a_token_that_telegram_does_not_know_ends_it_without_showing_the_token(
    tmp_path: Path, api: BotApi
) -> None:
    process = begin(tmp_path, api, SAFECUE_TELEGRAM_TOKEN="1:unknown-token")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "does not know the bot" in out
    assert "unknown-token" not in out
    assert "Traceback" not in out


def test_it_answers_a_stop_without_the_engine_and_ends_at_a_word_with_a_silent_log(
    tmp_path: Path, api: BotApi
) -> None:
    process = begin(tmp_path, api, SAFECUE_TELEGRAM_TOKEN=TOKEN)
    try:
        api.say(ANNA, CHEST)
        wait_for(lambda: any("pain" in text.lower() for text in api.texts(ANNA)))
        wait_for(lambda: api.updates == [])
    finally:
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 0, out
    assert "chest" not in out
    assert TOKEN not in out
    assert "Traceback" not in out


def test_behind_a_webhook_it_tells_when_it_is_ready_and_asks_for_no_updates(
    tmp_path: Path, api: BotApi
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = {
        "SAFECUE_TELEGRAM_TOKEN": TOKEN,
        "SAFECUE_TELEGRAM_WEBHOOK": "https://coach.example.org/telegram",
        "SAFECUE_TELEGRAM_WEBHOOK_SECRET": "0123456789abcdef",
        "SAFECUE_TELEGRAM_PORT": str(port),
    }
    process = begin(tmp_path, api, **settings)
    try:
        wait_for(lambda: ready(port))
        wait_for(lambda: api.webhook.get("url") == settings["SAFECUE_TELEGRAM_WEBHOOK"])
    finally:
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    assert api.called("getUpdates") == []
    assert settings["SAFECUE_TELEGRAM_WEBHOOK_SECRET"] not in out


def ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def wait_for(true: object, seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < give_up, "it never came true"
        time.sleep(0.05)
