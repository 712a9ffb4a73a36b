"""A house on real records and the real words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from action_calls import NOW, Caller, PlainScreen
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from actions.house import House
from actions.server import ActionServer
from bot.library import ContentLibrary, load_library
from bot.records import Cipher, SqlRecords, new_key

CONTENT = Path(os.environ.get("SAFECUE_CONTENT_DIR", "content"))


@pytest.fixture(scope="session")
def library() -> ContentLibrary:
    return load_library(CONTENT)


@pytest.fixture
def house(tmp_path: Path, library: ContentLibrary) -> House:
    records = SqlRecords(f"sqlite:///{tmp_path / 'flows.db'}", Cipher([new_key()]))
    records.migrate()
    return House(records, library, PlainScreen(), lambda: NOW)


@pytest.fixture
def call(house: House) -> Iterator[Caller]:
    with house.records.unit() as uow:
        patient = uow.patients.enrol("web", "somebody", NOW)
        uow.commit()
    with TestClient(Starlette(routes=[Mount("/", ActionServer(house))])) as web:
        yield Caller(house, web, patient.id)
