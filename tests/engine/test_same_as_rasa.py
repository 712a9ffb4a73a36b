"""Short trackers and shortcuts change nothing of what is said."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from engine_bench import ENGINE_PYTHON, HERE, RunningEngine, settings_for

pytestmark = pytest.mark.engine

TALKS, LENGTH = 8, 40


def test_turns_say_what_rasa_as_it_comes_says_from_memory_and_after_every_restart(
    engine: RunningEngine, keys: str, tmp_path: Path
) -> None:
    told = tmp_path / "told.json"
    environment = settings_for(
        engine.folder, engine.actions_port, keys, f"sqlite:///{tmp_path / 'engine.db'}"
    )
    ran = subprocess.run(
        [str(ENGINE_PYTHON), str(HERE / "same_as_rasa.py"), str(TALKS), str(LENGTH), str(told)],
        cwd=engine.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    told_by = json.loads(told.read_text())
    assert len(told_by["rasa"]) == TALKS
    for way in ("ours", "reloaded"):
        for sender, talk in told_by["rasa"].items():
            for number, (rasa, other) in enumerate(zip(talk, told_by[way][sender], strict=True)):
                assert other == rasa, (way, sender, talk[: number + 1])
