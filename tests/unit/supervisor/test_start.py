"""`safecue run` as a person meets it: real settings, real content, small processes for parts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.runner.start import read_procfile, unsigned_note, unsigned_refusal
from bot.settings import ROOT, Settings

LASTING = f"{sys.executable} -c 'import time; print(1, flush=True); time.sleep(60)'"


def free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Start:
    """One `safecue run` with its own data folder and ports."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ports = free_ports(4)
        self.procfile = home / "Procfile"
        self.procfile.write_text(f"one: {LASTING}\ntwo: {LASTING}\n", "utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFECUE_")}
        self.environment = kept | {
            "SAFECUE_DATA_DIR": str(home / "var"),
            "SAFECUE_ENGINE_URL": f"http://127.0.0.1:{self.ports[0]}",
            "SAFECUE_ACTIONS_PORT": str(self.ports[1]),
            "SAFECUE_WEB_PORT": str(self.ports[2]),
            "SAFECUE_CONSOLE_PORT": str(self.ports[3]),
            "SAFECUE_SECOND_VOICE": "no",
        }

    def begin(self, *options: str, **settings: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "bot.cli", "run", "--procfile", str(self.procfile), *options]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def runs(self, name: str) -> bool:
        log = self.home / "var" / "log" / f"{name}.log"
        return log.exists() and "1" in log.read_text("utf-8")


def runs_and_ends(start: Start, *options: str, **settings: str) -> str:
    """What a run says that is ended once its first part runs."""
    process = start.begin(*options, **settings)
    deadline = time.monotonic() + 30
    while not start.runs("one") and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.terminate()
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    (start.home / "var" / "log" / "one.log").unlink()
    return out


@pytest.fixture
def start(tmp_path: Path) -> Start:
    return Start(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_all_parts_cleanly(start: Start, number: signal.Signals) -> None:
    process = start.begin()
    deadline = time.monotonic() + 30
    while not (start.runs("one") and start.runs("two")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert err == ""
    assert "one started" in out
    assert out.rstrip().endswith("all parts ended")
    assert "again in" not in out


def test_a_taken_port_is_told_before_anything_starts(start: Start) -> None:
    with socket.create_server(("127.0.0.1", start.ports[2])):
        out, err = start.begin().communicate(timeout=30)
    assert f"Port {start.ports[2]} is taken by another program" in err
    assert "SAFECUE_WEB_PORT" in err
    assert "started" not in out
    assert not (start.home / "var" / "log").exists()


def test_a_made_key_file_is_told_once(start: Start) -> None:
    assert "Made the key file" in runs_and_ends(start)
    assert "Made the key file" not in runs_and_ends(start)


def test_a_database_that_is_gone_is_told_and_begun_anew_only_when_asked_for(start: Start) -> None:
    database = start.home / "var" / "safecue.db"
    runs_and_ends(start)
    database.unlink()
    out, err = start.begin().communicate(timeout=30)
    assert f"The database {database} is gone" in err
    assert "safecue run --new-database" in err
    assert "started" not in out
    assert not database.exists()
    runs_and_ends(start, "--new-database")
    assert database.exists()


def test_a_database_that_does_not_answer_yet_is_told_and_waited_for_by_the_parts(start: Start) -> None:
    silent = f"postgresql+psycopg://coach:hidden-word@127.0.0.1:{start.ports[0]}/name"
    out = runs_and_ends(start, SAFECUE_DATABASE_URL=silent)
    assert "can't be opened" in out
    assert "hidden-word" not in out


def test_faulty_settings_are_told_without_a_traceback(start: Start) -> None:
    process = start.begin(SAFECUE_WEB_PORT="none", SAFECUE_MODE="test")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "SAFECUE_WEB_PORT: found 'none'" in err
    assert "SAFECUE_MODE: found 'test'" in err
    assert "Traceback" not in err


def test_the_note_names_unsigned_content_and_lists_all_of_it_in_a_file(tmp_path: Path) -> None:
    unsigned = [f"sign_{number}" for number in range(40)]
    listed = tmp_path / "unsigned.txt"
    note = unsigned_note(unsigned, listed)
    assert note.startswith("No clinician has signed this safety content yet: sign_0, sign_1,")
    assert "and 28 more" in note
    assert "unsigned.txt" in note
    assert listed.read_text("utf-8").split() == unsigned
    assert "more" not in unsigned_note(unsigned[:12], listed)


@pytest.mark.parametrize(
    ("mode", "allowed", "refused"),
    [("local", False, False), ("production", False, True), ("production", True, False)],
)
def test_only_production_refuses_unsigned_content_unless_told_otherwise(
    mode: str, allowed: bool, refused: bool
) -> None:
    settings = Settings(mode=mode, allow_unsigned=allowed)
    assert bool(unsigned_refusal(settings)) is refused


def test_the_procfile_names_the_parts_with_their_readiness(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, web_port=8123, engine_url="http://127.0.0.1:5123")
    text = (ROOT / "Procfile").read_text("utf-8")
    parts = {part.name: part for part in read_procfile(text, settings, settings.for_the_parts())}
    assert list(parts) == ["engine", "web", "actions", "scheduler", "console"]
    assert "5123" in parts["engine"].command
    assert parts["engine"].headers == {"X-SafeCue-Key": settings.engine_secret()}
    assert parts["web"].health == "http://127.0.0.1:8123/health"
    assert parts["web"].ready == "web chat at http://127.0.0.1:8123/"
    assert parts["console"].health == "http://127.0.0.1:8002/health"
    assert parts["console"].ready == "console at http://127.0.0.1:8002/"


def test_a_console_behind_https_is_named_by_its_address_and_asked_on_this_machine(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, console_address="https://console.example.org")
    (console,) = read_procfile("console: a\n", settings, {})
    assert console.health == "http://127.0.0.1:8002/health"
    assert console.ready == "console at https://console.example.org/"


def test_an_engine_on_another_machine_is_not_started_here(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, engine_url="http://10.0.0.7:5005")
    parts = read_procfile("engine: a\nweb: b\n", settings, {})
    assert [part.name for part in parts] == ["web"]


def test_telegram_is_started_where_there_is_a_bot_and_waited_for_where_it_listens(tmp_path: Path) -> None:
    bot = {"data_dir": tmp_path, "telegram_token": "123456:ABC-def"}
    (polling,) = read_procfile("telegram: a\n", Settings(**bot), {})
    assert polling.health is None
    webhook = {"telegram_webhook": "https://coach.example.org/t", "telegram_port": 8124}
    (listening,) = read_procfile("telegram: a\n", Settings(**bot, **webhook), {})
    assert listening.health == "http://127.0.0.1:8124/health"
    assert read_procfile("telegram: a\n", Settings(data_dir=tmp_path), {}) == []
