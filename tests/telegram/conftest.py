from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bot_api import BotApi
from house_fixtures import CONTENT, database, emptied, library, screen
from message_house import House

from bot.library.library import ContentLibrary
from bot.records import SqlRecords
from bot.usecases.ports import Screen

__all__ = ["CONTENT", "database", "library", "screen"]


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi() as running:
        yield running


@pytest.fixture
def house(database: tuple[Path, SqlRecords], library: ContentLibrary, screen: Screen) -> House:
    file, records = database
    emptied(file)
    return House(file, records, library, screen, door="telegram")
