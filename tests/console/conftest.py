"""A console of its own for every test, over a migrated and empty SQLite database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from chromium_at_hand import chromium
from console_at_work import SECRET, Clock, ConsoleAtWork

from bot.assembly import assemble_console, open_records
from bot.console.app import build_console
from bot.library.library import ContentLibrary, load_library
from bot.settings import ROOT, Settings

__all__ = ["chromium"]

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def shipped_library() -> ContentLibrary:
    return load_library(ROOT / "content")


@pytest.fixture(scope="session")
def begun_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a key and an empty database."""
    folder = tmp_path_factory.mktemp("begun")
    open_records(Settings(data_dir=folder)).close()
    return folder


@pytest.fixture
def console(
    begun_data: Path, tmp_path: Path, shipped_library: ContentLibrary, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ConsoleAtWork]:
    folder = tmp_path / "data"
    shutil.copytree(begun_data, folder)
    (folder / "secrets" / "databases").unlink()
    monkeypatch.setattr("bot.assembly.load_library", lambda _: shipped_library)
    clock = Clock(NOON)
    house = assemble_console(Settings(data_dir=folder), clock)
    yield ConsoleAtWork(build_console(house, SECRET), house, clock)
    house.records.close()
