"""A PostgreSQL server for the tests that need one: the given one, or one started for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text


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


def run_on_server(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def new_postgres(server: str) -> tuple[str, str]:
    name = f"safecue_{uuid.uuid4().hex}"
    run_on_server(server, f"CREATE DATABASE {name}")
    return name, make_url(server).set(database=name).render_as_string(hide_password=False)
