"""The coach as it is measured: its processes, its doors, its databases."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from bench.memory import children, pss, rss
from bench.peers import SLOWEST_START, answering, started
from bench.people import Line, Patient, until_heard
from bot.runner.start import read_procfile
from bot.runner.supervisor import Part
from bot.settings import ROOT, Settings
from tests.conversation.coach_at_work import Coach, coach_running, free_port


@dataclass(frozen=True, slots=True)
class Ours:
    coach: Coach

    def somebody(self) -> Patient:
        return Patient(Line(self.coach.url))

    def engine_memory(self) -> float:
        """RSS in MB."""
        return rss(self.coach.engine_pid())

    def other_memory(self) -> float:
        """PSS in MB of everything but the engine: supervisor, web chat, actions, scheduler."""
        own = self.coach.process.pid
        engine = self.coach.engine_pid()
        return pss(own, *(pid for pid in children(own) if pid != engine))


@contextmanager
def ours(home: Path) -> Iterator[Ours]:
    home.mkdir(parents=True, exist_ok=True)
    with coach_running(home) as coach:
        yield Ours(coach)


def start_of_ours(home: Path) -> float:
    """Seconds from `safecue run` to the engine's first answer to somebody at the JSON door."""
    began = time.perf_counter()
    with ours(home):
        return time.perf_counter() - began


def start_of_engine(home: Path) -> float:
    """Seconds that our engine's `rasa run` takes alone, to where it would answer."""
    home.mkdir(parents=True, exist_ok=True)
    own: dict[str, Any] = {"data_dir": home, "engine_url": f"http://127.0.0.1:{free_port()}"}
    settings = Settings(**own)
    environment = os.environ | settings.for_the_parts()
    parts = read_procfile((ROOT / "Procfile").read_text("utf-8"), settings, environment)
    engine = next(part for part in parts if part.name == "engine")
    began = time.perf_counter()
    with started(engine.command, ROOT, environment, home / "engine.log"):
        until_heard(lambda: _healthy(engine), SLOWEST_START)
        return time.perf_counter() - began


def start_of_peer(project: Path, log: Path) -> float:
    """Seconds from its `rasa run` to its first answer."""
    began = time.perf_counter()
    with answering(project, log):
        return time.perf_counter() - began


def _healthy(engine: Part) -> None:
    assert engine.health
    with urlopen(engine.health, timeout=5) as answer:
        answer.read()
