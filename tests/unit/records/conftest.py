"""A fresh database for every test: SQLite always, PostgreSQL where one can be reached or started."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_at_hand import new_postgres, run_on_server
from record_samples import Database, Talk
from sqlalchemy import create_engine, text

from bot.records import SqlRecords, new_key


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Database:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('template') / 'safecue.db'}", new_key())
    records = made.open()
    records.migrate()
    records.close()
    return made


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[tuple[Database, dict[str, str]]]:
    """A migrated database, used again and again, and the secrets it began with."""
    name, url = new_postgres(postgres_server)
    made = Database(url, new_key())
    records = made.open()
    records.migrate()
    records.close()
    with create_engine(url).connect() as connection:
        secrets = dict(connection.execute(text("SELECT name, value FROM secrets")).all())
    yield made, secrets
    run_on_server(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres(postgres_template: tuple[Database, dict[str, str]]) -> Database:
    made, secrets = postgres_template
    engine = create_engine(made.url)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE patients, audit, staff, teams RESTART IDENTITY CASCADE"))
        for name, value in secrets.items():
            put_back = text("UPDATE secrets SET value = :value WHERE name = :name")
            connection.execute(put_back, {"name": name, "value": value})
    engine.dispose()
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """No tables yet."""
    if request.param == "sqlite":
        yield Database(f"sqlite:///{tmp_path / 'data' / 'safecue.db'}", new_key())
        return
    server = request.getfixturevalue("postgres_server")
    name, url = new_postgres(server)
    yield Database(url, new_key())
    run_on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite(sqlite_template: Database, tmp_path: Path) -> Database:
    shutil.copy(sqlite_template.file, tmp_path / "safecue.db")
    return Database(f"sqlite:///{tmp_path / 'safecue.db'}", sqlite_template.key)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Migrated and empty."""
    fixture = "sqlite" if request.param == "sqlite" else "postgres"
    made: Database = request.getfixturevalue(fixture)
    return made


@pytest.fixture
def records(database: Database) -> Iterator[SqlRecords]:
    opened = database.open()
    yield opened
    opened.close()


@pytest.fixture
def talk(records: SqlRecords) -> Iterator[Talk]:
    with records.unit() as unit:
        yield Talk(unit)
