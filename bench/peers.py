"""Rasa's own starter project, as it comes, and the floor: the same words with keywords and rules alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.people import STARTER_TALK, Line, Visitor, until_heard
from tests.conversation.coach_at_work import ROOT, free_port

ENGINE_PYTHON = ROOT / "engine" / ".venv" / "bin" / "python"
RASA = (str(ENGINE_PYTHON), "-W", "ignore", "-m", "rasa")
FLOOR = Path(__file__).with_name("floor")
SLOWEST_START = 300.0
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


@dataclass(frozen=True, slots=True)
class Peer:
    url: str
    pid: int

    def somebody(self) -> Visitor:
        return Visitor(Line(self.url))


def starter(home: Path) -> Path:
    """The project that `rasa init` makes, trained; its folder."""
    return _trained(home / "starter", _initial_project)


def floor(home: Path) -> Path:
    """The starter's domain and phrases with KeywordIntentClassifier and RulePolicy, trained; its folder."""
    return _trained(home / "floor", _floor_project)


@contextmanager
def answering(project: Path, log: Path) -> Iterator[Peer]:
    """`rasa run` on that project until the block is left. Begins when it has answered somebody."""
    port = free_port()
    peer_url = f"http://127.0.0.1:{port}"
    command = (*RASA, "run", "--quiet", "--interface", "127.0.0.1", "--port", str(port))
    with started(command, project, os.environ | QUIET, log) as process:
        until_heard(lambda: Visitor(Line(peer_url)).say(STARTER_TALK[0]), SLOWEST_START)
        yield Peer(peer_url, process.pid)


@contextmanager
def started(
    command: Sequence[str], folder: Path, environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        finally:
            process.kill()


def _initial_project(folder: Path) -> None:
    found = subprocess.run(
        [str(ENGINE_PYTHON), "-c", "import importlib.util as u; print(u.find_spec('rasa').origin)"],
        capture_output=True,
        text=True,
        check=True,
    )
    shutil.copytree(Path(found.stdout.strip()).parent / "cli" / "initial_project", folder)


def _floor_project(folder: Path) -> None:
    _initial_project(folder)
    (folder / "data" / "stories.yml").unlink()
    shutil.copy(FLOOR / "config.yml", folder / "config.yml")
    shutil.copy(FLOOR / "rules.yml", folder / "data" / "rules.yml")


def _trained(folder: Path, lay_out: Callable[[Path], None]) -> Path:
    if any((folder / "models").glob("*.tar.gz")):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    lay_out(folder)
    with (folder / "train.log").open("wb") as log:
        subprocess.run(
            [*RASA, "train", "--quiet"],
            cwd=folder,
            env=os.environ | QUIET,
            stdout=log,
            stderr=log,
            check=True,
        )
    return folder
