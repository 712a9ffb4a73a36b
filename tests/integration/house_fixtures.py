"""Words, screening and the database are made once; every test finds it empty, in a house of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from message_house import House

from bot.assembly import open_screen
from bot.library.library import ContentLibrary, load_library
from bot.records import Cipher, SqlRecords, new_key
from bot.settings import Settings
from bot.usecases.ports import Screen

CONTENT = Path(__file__).parents[2] / "content"
KEPT = frozenset({"alembic_version", "secrets", "sqlite_sequence"})


@pytest.fixture(scope="session")
def library() -> ContentLibrary:
    return load_library(CONTENT)


@pytest.fixture(scope="session")
def screen() -> Screen:
    return open_screen(Settings(content_dir=CONTENT))


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, SqlRecords]]:
    file = tmp_path_factory.mktemp("records") / "safecue.db"
    records = SqlRecords(f"sqlite:///{file}", Cipher([new_key()]))
    records.migrate()
    yield file, records
    records.close()


def emptied(file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=10)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table not in KEPT:
                connection.execute(f"DELETE FROM {table}")
        connection.commit()


@pytest.fixture
def house(database: tuple[Path, SqlRecords], library: ContentLibrary, screen: Screen) -> House:
    file, records = database
    emptied(file)
    return House(file, records, library, screen)


@pytest.fixture(scope="module")
def lasting_house(database: tuple[Path, SqlRecords], library: ContentLibrary, screen: Screen) -> House:
    """One house for many examples of the same test; each example brings a person of its own."""
    return House(*database, library, screen)
