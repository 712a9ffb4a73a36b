"""The command line: which commands there are, and how it fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot import cli
from bot.authoring.understand import read_texts, understand
from bot.library.library import load_library
from bot.settings import ROOT, Settings


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_explains_itself_and_opens_nothing(name: str, tmp_path: Path) -> None:
    ended = safecue(tmp_path, name, "--help")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("usage: safecue ")
    assert not (tmp_path / "var").exists()


def test_alone_it_lists_its_commands(tmp_path: Path) -> None:
    ended = safecue(tmp_path)
    assert ended.returncode == 2
    assert all(f"  {name}" in ended.stdout for name in cli.COMMANDS)


def test_an_unknown_command_is_told(tmp_path: Path) -> None:
    ended = safecue(tmp_path, "trigae")
    assert ended.returncode == 2
    assert "there is no command 'trigae'" in ended.stderr


def test_lines_that_cannot_be_read_are_named_by_number_and_the_rest_is_kept() -> None:
    texts, faults = read_texts(
        ['{"text": "hello"}\n', "no json\n", "\n", '{"words": 1}\n', '["text"]', '{"text": "bye"}']
    )
    assert texts == ["hello", "bye"]
    assert [fault.split(":")[0] for fault in faults] == ["line 2", "line 4", "line 5"]
    assert all(fault.endswith('write {"text": "..."}') for fault in faults)


def test_an_exact_short_form_is_certain_and_needs_no_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bot.authoring.understand.ENGINE", tmp_path / "none")
    library = load_library(ROOT / "content")
    (answer,) = understand(["Thanks!"], library, Settings(data_dir=tmp_path))
    assert answer == {
        "intent": "thanks",
        "confidence": 1.0,
        "does": "act",
        "ranking": [{"name": "thanks", "confidence": 1.0}],
    }


def test_a_missing_file_is_told_without_a_traceback(tmp_path: Path) -> None:
    ended = safecue(tmp_path, "understand", "--jsonl", str(tmp_path / "none.jsonl"))
    assert ended.returncode == 1
    assert "none.jsonl can't be read" in ended.stderr
    assert "Traceback" not in ended.stderr


def safecue(home: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    surroundings = {"PATH": "/usr/bin:/bin", "HOME": str(home), "SAFECUE_DATA_DIR": str(home / "var")}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        cwd=ROOT,
        env=surroundings,
        input=given,
        capture_output=True,
        text=True,
        timeout=300,
    )
