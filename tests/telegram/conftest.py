from __future__ import annotations

from collections.abc import Iterator

import pytest
from bot_api import BotApi
from house_fixtures import CONTENT, database, library, screen
from kept_database import KeptDatabase
from message_house import House

from bot.library.library import ContentLibrary
from bot.usecases.ports import Screen

__all__ = ["CONTENT", "database", "library", "screen"]


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi() as running:
        yield running


@pytest.fixture
def house(database: KeptDatabase, library: ContentLibrary, screen: Screen) -> House:
    database.empty()
    return House(database, library, screen, door="telegram")
