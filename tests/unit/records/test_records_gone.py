"""A database that was in use and is gone is told, and never begun anew unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from record_samples import NOW, Database
from sqlalchemy import MetaData, create_engine

from bot.assembly import begin_anew, open_records
from bot.records import Begun, RecordsGone
from bot.settings import Settings


@pytest.fixture
def settings(empty_database: Database, tmp_path: Path) -> Settings:
    """Of a coach that was used by one patient."""
    made = Settings(data_dir=tmp_path / "data", database_url=empty_database.url, keys=empty_database.key)
    records = open_records(made)
    with records.unit() as unit:
        unit.patients.enrol("web", "somebody", NOW)
        unit.commit()
    records.close()
    return made


def empty(settings: Settings) -> None:
    engine = create_engine(settings.database)
    tables = MetaData()
    tables.reflect(engine)
    tables.drop_all(engine)
    engine.dispose()


def somebody_is_known(settings: Settings) -> bool:
    records = open_records(settings)
    with records.unit() as unit:
        known = unit.patients.at_door("web", "somebody") is not None
    records.close()
    return known


def test_what_is_there_is_opened_again_and_again(settings: Settings) -> None:
    assert somebody_is_known(settings)
    assert somebody_is_known(settings)


def test_an_emptied_database_is_told_until_beginning_anew_is_asked_for(settings: Settings) -> None:
    empty(settings)
    for _ in range(2):
        with pytest.raises(RecordsGone, match="safecue run --new-database"):
            open_records(settings)
    begin_anew(settings)
    assert not somebody_is_known(settings)
    assert not somebody_is_known(settings)


def test_asking_for_a_new_database_takes_nothing_from_one_that_is_there(settings: Settings) -> None:
    begin_anew(settings)
    assert somebody_is_known(settings)
    empty(settings)
    with pytest.raises(RecordsGone):
        open_records(settings)


@pytest.mark.parametrize("empty_database", ["sqlite"], indirect=True)
def test_a_missing_file_is_told_by_name_and_nothing_is_made_or_cleared_in_its_place(
    settings: Settings,
) -> None:
    file = settings.data_dir / "safecue.db"
    kept = file.read_bytes()
    file.unlink()
    unfinished = file.with_name("safecue.db-wal")
    unfinished.write_bytes(b"not yet in the file")
    with pytest.raises(RecordsGone, match=str(file)):
        open_records(settings)
    assert not file.exists()
    assert unfinished.read_bytes() == b"not yet in the file"
    unfinished.unlink()
    file.write_bytes(kept)
    assert somebody_is_known(settings)


def test_another_database_may_begin_beside_it(settings: Settings) -> None:
    beside = f"sqlite:///{settings.data_dir / 'beside.db'}"
    assert not somebody_is_known(settings.model_copy(update={"database_url": SecretStr(beside)}))
    assert somebody_is_known(settings)


def test_what_is_remembered_holds_no_password_and_hangs_on_none(tmp_path: Path) -> None:
    begun = Begun(tmp_path / "databases")
    begun.remember("postgresql+psycopg://coach:first-word@host/name")
    assert "first-word" not in (tmp_path / "databases").read_text("utf-8")
    assert begun.knows("postgresql+psycopg://coach:second-word@host/name")
    assert not begun.knows("postgresql+psycopg://coach:first-word@host/other")
