"""A PostgreSQL server for the tests that need one: the given one, or one started for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text


class Cluster:
    """A server of our own in the folder `home`; started and stopped at will."""

    def __init__(self, programs: Path, home: Path) -> None:
        self._programs = programs
        self._home = home
        self._as_server = _as_unprivileged(home)
        self.url = f"postgresql+psycopg://safecue@/postgres?host={home}"
        self._call("initdb", "-U", "safecue", "-A", "trust", "-E", "UTF8", "-N")

    def start(self) -> None:
        options = f"-c listen_addresses= -c fsync=off -c unix_socket_directories={self._home}"
        self._call("pg_ctl", "-w", "-l", str(self._home / "log"), "-o", options, "start")

    def start_if_down(self) -> None:
        """Without room PostgreSQL ends itself, and can't come up again by itself."""
        try:
            self._call("pg_ctl", "status")
        except ClusterFault:
            self.start()

    def stop(self) -> None:
        self._call("pg_ctl", "-m", "immediate", "stop")

    def _call(self, program: str, *options: str) -> None:
        command = [*self._as_server, str(self._programs / program), "-D", str(self._home / "data"), *options]
        done = subprocess.run(command, cwd=self._home, capture_output=True, text=True)
        if done.returncode:
            raise ClusterFault(f"{program}: {done.stderr.strip()[-300:]}")


class ClusterFault(Exception):
    """Why there is no PostgreSQL server here, and what would help."""


def _as_unprivileged(home: Path) -> list[str]:
    if os.geteuid():
        return []
    if shutil.which("runuser") is None or subprocess.run(["id", "postgres"], capture_output=True).returncode:
        raise ClusterFault("PostgreSQL refuses to run as root, and there is no user postgres to run it")
    shutil.chown(home, "postgres", "postgres")
    return ["runuser", "-u", "postgres", "--"]


@contextmanager
def own_cluster(below: Path | None = None) -> Iterator[Cluster]:
    """Running until the block is left, in a folder there. Raises ClusterFault."""
    programs = _postgres_programs()
    if programs is None:
        raise ClusterFault("no PostgreSQL: install the server's programs (Debian: postgresql)")
    # Below pytest's own folder the server's unprivileged user could not read.
    home = Path(tempfile.mkdtemp(prefix="safecue-pg-", dir=below))
    try:
        cluster = Cluster(programs, home)
        cluster.start()
        yield cluster
        cluster.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server on which databases may be made."""
    if given := os.environ.get("SAFECUE_TEST_POSTGRES_URL"):
        yield given
        return
    with ExitStack() as until_the_end:
        try:
            cluster = until_the_end.enter_context(own_cluster())
        except ClusterFault as fault:
            pytest.skip(f"{fault}; or set SAFECUE_TEST_POSTGRES_URL")
        yield cluster.url


def _postgres_programs() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).parent
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return packaged[-1].parent if packaged else None


def run_on_server(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def new_postgres(server: str) -> tuple[str, str]:
    name = f"safecue_{uuid.uuid4().hex}"
    run_on_server(server, f"CREATE DATABASE {name}")
    return name, make_url(server).set(database=name).render_as_string(hide_password=False)
