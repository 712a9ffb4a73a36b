"""Words, screening and an empty migrated database are made once; every test gets a house of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from message_house import House

from bot.assembly import open_screen
from bot.library.library import ContentLibrary, load_library
from bot.records import Cipher, SqlRecords, new_key
from bot.settings import Settings
from bot.usecases.ports import Screen

CONTENT = Path(__file__).parents[2] / "content"


@pytest.fixture(scope="session")
def library() -> ContentLibrary:
    return load_library(CONTENT)


@pytest.fixture(scope="session")
def screen() -> Screen:
    return open_screen(Settings(content_dir=CONTENT))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    file, key = tmp_path_factory.mktemp("template") / "empty.db", new_key()
    records = SqlRecords(f"sqlite:///{file}", Cipher([key]))
    records.migrate()
    records.close()
    return file, key


@pytest.fixture
def house(
    tmp_path: Path, empty_database: tuple[Path, str], library: ContentLibrary, screen: Screen
) -> Iterator[House]:
    template, key = empty_database
    house = House(template, tmp_path, key, library, screen)
    yield house
    house.records.close()


@pytest.fixture(scope="module")
def lasting_house(
    tmp_path_factory: pytest.TempPathFactory,
    empty_database: tuple[Path, str],
    library: ContentLibrary,
    screen: Screen,
) -> Iterator[House]:
    """One house for many examples of the same test; each example brings a person of its own."""
    template, key = empty_database
    house = House(template, tmp_path_factory.mktemp("lasting"), key, library, screen)
    yield house
    house.records.close()
