"""A fresh database for every test: SQLite always, PostgreSQL where one can be reached or started."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from record_samples import Database, Talk
from sqlalchemy import create_engine, make_url, text

from bot.records import SqlRecords, new_key


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server on which databases may be made."""
    if given := os.environ.get("SAFECUE_TEST_POSTGRES_URL"):
        yield given
        return
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL: set SAFECUE_TEST_POSTGRES_URL, or install the server's programs")
    # Below pytest's own folder the server's unprivileged user could not read.
    home = Path(tempfile.mkdtemp(prefix="safecue-pg-"))
    try:
        yield from _serve(programs, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _postgres_programs() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).parent
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return packaged[-1].parent if packaged else None


def _serve(programs: Path, home: Path) -> Iterator[str]:
    as_server: list[str] = []
    if os.geteuid() == 0:
        if (
            shutil.which("runuser") is None
            or subprocess.run(["id", "postgres"], capture_output=True).returncode
        ):
            pytest.skip("PostgreSQL refuses to run as root, and there is no user postgres to run it")
        shutil.chown(home, "postgres", "postgres")
        as_server = ["runuser", "-u", "postgres", "--"]
    data, log = home / "data", home / "log"

    def call(*command: str) -> None:
        done = subprocess.run([*as_server, *command], cwd=home, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"PostgreSQL could not be started: {done.stderr.strip()[-300:]}")

    call(str(programs / "initdb"), "-D", str(data), "-U", "safecue", "-A", "trust", "-E", "UTF8", "-N")
    options = f"-c listen_addresses= -c fsync=off -c unix_socket_directories={home}"
    call(str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(log), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://safecue@/postgres?host={home}"
    finally:
        subprocess.run(
            [*as_server, str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"],
            cwd=home,
            capture_output=True,
        )


def _run_on_server(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _new_postgres(server: str) -> tuple[str, str]:
    name = f"safecue_{uuid.uuid4().hex}"
    _run_on_server(server, f"CREATE DATABASE {name}")
    return name, make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Database:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('template') / 'safecue.db'}", new_key())
    records = made.open()
    records.migrate()
    records.close()
    return made


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[tuple[Database, str]]:
    """A migrated database, used again and again, and the lookup secret it began with."""
    name, url = _new_postgres(postgres_server)
    made = Database(url, new_key())
    records = made.open()
    records.migrate()
    records.close()
    with create_engine(url).connect() as connection:
        secret = connection.execute(text("SELECT value FROM secrets")).scalar_one()
    yield made, secret
    _run_on_server(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres(postgres_template: tuple[Database, str]) -> Database:
    made, secret = postgres_template
    engine = create_engine(made.url)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE patients, audit RESTART IDENTITY CASCADE"))
        connection.execute(text("UPDATE secrets SET value = :secret"), {"secret": secret})
    engine.dispose()
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """No tables yet."""
    if request.param == "sqlite":
        yield Database(f"sqlite:///{tmp_path / 'data' / 'safecue.db'}", new_key())
        return
    server = request.getfixturevalue("postgres_server")
    name, url = _new_postgres(server)
    yield Database(url, new_key())
    _run_on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


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
