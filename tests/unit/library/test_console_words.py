"""The words of the console and of its demonstration: every fault is told with its file, line and remedy."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.library.console import load_console, read_console
from bot.library.demo import read_demo
from bot.settings import ROOT

CONTENT = ROOT / "content"


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        ("console.yml", '  stop: {word: "Stop"', '  halt: {word: "Stop"', "`levels` lacks stop"),
        ("console.yml", '  in_progress: "In progress"\n', "", "`states` lacks in_progress"),
        ("console.yml", 'mark: "■", ', "", "mark"),
        ("console.yml", "levels:\n", "colours: {}\nlevels:\n", "colours"),
        ("demo.yml", "crisis:", "krisis:", "krisis"),
    ],
)
def test_a_fault_is_told_with_its_file(tmp_path: Path, file: str, old: str, new: str, found: str) -> None:
    text = (CONTENT / file).read_text("utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), "utf-8")
    read = read_console if file == "console.yml" else read_demo
    words, faults = read(tmp_path)
    assert words is None
    assert any(found in fault.found and fault.file.endswith(file) and fault.mend for fault in faults), faults


@pytest.mark.parametrize("file", ["console.yml", "demo.yml"])
def test_a_missing_file_is_told(tmp_path: Path, file: str) -> None:
    words, (fault,) = (read_console if file == "console.yml" else read_demo)(tmp_path)
    assert words is None
    assert fault.found == "the file is missing"


def test_somebody_looks_at_the_list_in_the_hours_of_its_own_clock(tmp_path: Path) -> None:
    text = (CONTENT / "console.yml").read_text("utf-8")
    _, _, rest = text.partition("\nwatched:")
    hours = 'watched: {days: [monday], from: "08:00", until: "18:00", zone: "Europe/Berlin"}'
    behind = rest[rest.index("\nout_of_hours") :]
    shutil.copytree(CONTENT, tmp_path / "content", ignore=shutil.ignore_patterns("pictures"))
    path = tmp_path / "content" / "console.yml"
    path.write_text(text.partition("\nwatched:")[0] + "\n" + hours + behind, "utf-8")
    watched = load_console(tmp_path / "content").watched
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert not watched.at(monday.replace(hour=6, minute=59))
    assert watched.at(monday.replace(hour=7))
    assert watched.at(monday.replace(hour=16, minute=59))
    assert not watched.at(monday.replace(hour=17))
    assert not watched.at(datetime(2026, 11, 24, 9, tzinfo=UTC))
