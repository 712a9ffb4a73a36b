"""Words, screening and the databases are made once; every test finds its own empty, in a house of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kept_database import KeptDatabase, in_postgresql, in_sqlite
from message_house import House

from bot.assembly import open_screen
from bot.library.library import ContentLibrary, load_library
from bot.settings import Settings
from bot.usecases.ports import Screen

CONTENT = Path(__file__).parents[2] / "content"


@pytest.fixture(scope="session")
def library() -> ContentLibrary:
    return load_library(CONTENT)


@pytest.fixture(scope="session")
def screen() -> Screen:
    return open_screen(Settings(content_dir=CONTENT))


@contextmanager
def made_in(kind: str, request: pytest.FixtureRequest, home: Path) -> Iterator[KeptDatabase]:
    """A database of that kind; where there is no PostgreSQL, the test is left out and says why."""
    if kind == "sqlite":
        with in_sqlite(home / "safecue.db") as made:
            yield made
        return
    with in_postgresql(request.getfixturevalue("postgres_server")) as made:
        yield made


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KeptDatabase]:
    with made_in(request.param, request, tmp_path_factory.mktemp("records")) as made:
        yield made


@pytest.fixture
def house(database: KeptDatabase, library: ContentLibrary, screen: Screen) -> House:
    database.empty()
    return House(database, library, screen)


@pytest.fixture(scope="module")
def lasting_house(database: KeptDatabase, library: ContentLibrary, screen: Screen) -> House:
    """One house for many examples of the same test; each example brings a person of its own."""
    return House(database, library, screen)
