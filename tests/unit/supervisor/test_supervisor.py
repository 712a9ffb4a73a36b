"""The supervisor, with real small processes."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bot.runner.supervisor import LEASH, Part, Patience, Supervisor, put_aside_if_large
from bot.settings import ROOT

QUICK = Patience(first_pause=0.05, longest_pause=0.2, healthy_after=30, time_to_end=0.5, time_to_be_ready=0.4)
LASTING = "import time; print('here', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {LASTING}"
SERVING = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.headers.get("X-Word") == "right" else 403)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


SLOW = f"import time; time.sleep(0.5); print(time.time(), flush=True); {SERVING}"
NOW = f"import time; print(time.time(), flush=True); {LASTING}"


class Watched:
    """A supervisor with the lines it said."""

    def __init__(self, tmp_path: Path, *parts: Part, patience: Patience = QUICK, at_once: int = 9) -> None:
        self.lines: list[str] = []
        self.logs = tmp_path / "log"
        self.supervisor = Supervisor(
            parts,
            logs=self.logs,
            environment=os.environ,
            root=tmp_path,
            patience=patience,
            at_once=at_once,
            say=self.lines.append,
        )

    async def until(self, happened: Callable[[], bool], within: float = 10) -> None:
        """Run until that happened, then stop; fails if it doesn't."""
        running = asyncio.create_task(self.supervisor.run())
        try:
            async with asyncio.timeout(within):
                while not happened():
                    await asyncio.sleep(0.01)
        finally:
            self.supervisor.stop()
            await asyncio.wait_for(running, 10)

    def log(self, name: str) -> str:
        path = self.logs / f"{name}.log"
        return path.read_text("utf-8") if path.exists() else ""


def python(name: str, code: str, *arguments: str) -> Part:
    return Part(name, (sys.executable, "-c", code, *arguments))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def test_a_part_that_dies_is_restarted_with_growing_pauses_and_that_is_said(tmp_path: Path) -> None:
    watched = Watched(tmp_path, python("frail", "import sys; sys.exit(3)"))
    await watched.until(lambda: len(pauses(watched)) >= 4)
    assert pauses(watched)[:4] == [0.05, 0.1, 0.2, 0.2]
    assert all("frail died (exit 3)" in line for line in watched.lines if "again in" in line)


def pauses(watched: Watched) -> list[float]:
    return [float(found[1]) for line in watched.lines if (found := re.search(r"again in ([\d.]+) s", line))]


async def test_a_part_that_ran_long_enough_starts_again_at_the_first_pause(tmp_path: Path) -> None:
    patience = Patience(first_pause=0.05, longest_pause=9, healthy_after=0, time_to_end=0.5)
    watched = Watched(tmp_path, python("steady", "raise SystemExit(1)"), patience=patience)
    await watched.until(lambda: len(pauses(watched)) >= 3)
    assert set(pauses(watched)) == {0.05}


async def test_a_part_killed_from_outside_is_told_with_its_signal(tmp_path: Path) -> None:
    watched = Watched(tmp_path, python("victim", "import os; os.kill(os.getpid(), 9)"))
    await watched.until(lambda: bool(pauses(watched)))
    assert any("victim died (signal 9)" in line for line in watched.lines)


async def test_one_part_dying_leaves_the_others_alone(tmp_path: Path) -> None:
    watched = Watched(tmp_path, python("frail", "raise SystemExit(1)"), python("steady", LASTING))
    await watched.until(lambda: len(pauses(watched)) >= 3 and "here" in watched.log("steady"))
    assert watched.log("steady").count("here") == 1


async def test_a_program_that_is_not_there_is_told_and_tried_again(tmp_path: Path) -> None:
    watched = Watched(tmp_path, Part("ghost", ("no-such-program",)))
    await watched.until(lambda: len(pauses(watched)) >= 2)
    assert watched.log("ghost").splitlines()[0] == "no-such-program: No such file or directory"


async def test_stopping_ends_a_part_that_ignores_it_after_its_time(tmp_path: Path) -> None:
    watched = Watched(tmp_path, python("stubborn", STUBBORN))
    began = time.monotonic()
    await watched.until(lambda: "here" in watched.log("stubborn"))
    assert 0.4 < time.monotonic() - began < 8
    assert pauses(watched) == []


async def test_stopping_twice_ends_everything_at_once(tmp_path: Path) -> None:
    slow = Patience(time_to_end=60)
    watched = Watched(tmp_path, python("stubborn", STUBBORN), patience=slow)
    running = asyncio.create_task(watched.supervisor.run())
    while "here" not in watched.log("stubborn"):
        await asyncio.sleep(0.01)
    watched.supervisor.stop()
    watched.supervisor.stop()
    await asyncio.wait_for(running, 5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")
def test_parts_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    supervising = f"""
import asyncio, os, pathlib, sys
from bot.runner.supervisor import Part, Supervisor
part = Part("stubborn", (sys.executable, "-c", {f"import os; print(os.getpid(), flush=True); {STUBBORN}"!r}))
home = pathlib.Path({str(tmp_path)!r})
asyncio.run(Supervisor([part], logs=home, environment=os.environ, root=home).run())
"""
    supervisor = subprocess.Popen([sys.executable, "-c", supervising], cwd=ROOT, stdout=subprocess.DEVNULL)
    log = tmp_path / "stubborn.log"
    wait_for(lambda: log.exists() and "here" in log.read_text("utf-8"))
    part = int(log.read_text("utf-8").split()[0])
    assert is_alive(part)
    supervisor.kill()
    supervisor.wait()
    wait_for(lambda: not is_alive(part))


def test_a_part_whose_supervisor_is_gone_before_it_began_does_not_begin() -> None:
    ran = subprocess.run([*LEASH, "1", "echo", "begun"], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "the supervisor is gone\n")


def wait_for(true: Callable[[], bool], seconds: float = 10) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "it never came true"
        time.sleep(0.02)


async def test_what_a_part_started_itself_ends_with_it(tmp_path: Path) -> None:
    grandchild = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    code = (
        f"import subprocess, sys, time; print(subprocess.Popen({grandchild}).pid, flush=True); time.sleep(60)"
    )
    watched = Watched(tmp_path, python("parent", code))
    await watched.until(lambda: watched.log("parent").endswith("\n"))
    child = int(watched.log("parent"))
    for _ in range(100):
        if not is_alive(child):
            break
        await asyncio.sleep(0.02)
    assert not is_alive(child)


async def test_a_part_is_ready_only_when_it_answers_with_its_word(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    command = (sys.executable, "-c", SERVING, str(port))
    right = Part("web", command, url, {"X-Word": "right"}, ready="web chat at the address")
    watched = Watched(tmp_path, right, patience=Patience(time_to_be_ready=20))
    await watched.until(lambda: bool(watched.lines), within=25)
    assert watched.lines == ["web chat at the address"]

    wrong = Watched(tmp_path, Part("web", command, url, {"X-Word": "wrong"}))
    await wrong.until(lambda: bool(wrong.lines))
    assert wrong.lines == ["web is not ready after 0.4 s (see log/web.log); still waiting"]


async def test_a_part_begins_once_the_one_before_is_ready_where_they_get_ready_one_by_one(
    tmp_path: Path,
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    slow = Part("slow", python("", SLOW, str(port)).command, address, {"X-Word": "right"})
    watched = Watched(tmp_path, slow, python("next", NOW), at_once=1)
    await watched.until(lambda: bool(watched.log("next")))
    ready, begun = (float(watched.log(name).split()[0]) for name in ("slow", "next"))
    assert ready < begun


async def test_a_part_that_never_gets_ready_keeps_those_behind_it_waiting_for_its_head_start_only(
    tmp_path: Path,
) -> None:
    never = Part("never", (sys.executable, "-c", LASTING), f"http://127.0.0.1:{free_port()}/")
    watched = Watched(
        tmp_path, never, python("next", NOW), patience=replace(QUICK, head_start=0.3), at_once=1
    )
    await watched.until(lambda: bool(watched.log("next")))


async def test_stopping_while_a_part_waits_for_another_ends_at_once(tmp_path: Path) -> None:
    never = Part("never", (sys.executable, "-c", LASTING), f"http://127.0.0.1:{free_port()}/")
    watched = Watched(tmp_path, never, python("next", NOW), at_once=1)
    began = time.monotonic()
    await watched.until(lambda: "here" in watched.log("never"))
    assert time.monotonic() - began < QUICK.head_start
    assert watched.log("next") == ""


async def test_a_part_without_a_health_address_is_said_to_have_started(tmp_path: Path) -> None:
    watched = Watched(tmp_path, python("scheduler", LASTING))
    await watched.until(lambda: bool(watched.lines))
    assert watched.lines == ["scheduler started"]


async def test_both_outputs_of_a_part_are_added_to_its_log(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "talker.log").write_text("earlier\n", "utf-8")
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr, flush=True)"
    watched = Watched(tmp_path, python("talker", f"{code}; {LASTING}"))
    await watched.until(lambda: "here" in watched.log("talker"))
    assert watched.log("talker").split() == ["earlier", "out", "err", "here"]


def test_a_large_log_is_put_aside_and_a_small_one_kept(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_bytes(b"x" * 10)
    put_aside_if_large(log, largest=10)
    assert log.exists()
    log.write_bytes(b"x" * 11)
    put_aside_if_large(log, largest=10)
    assert not log.exists()
    assert (tmp_path / "part.log.1").stat().st_size == 11
