"""Opening a database: SQLite by default, PostgreSQL by its address."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from bot.records.cipher import Cipher
from bot.records.errors import RecordsGone
from bot.records.types import give_cipher

_BUSY_MS = 30_000
_IN_MEMORY = frozenset({None, "", ":memory:"})


def shown(url: str) -> str:
    """The address of a database without its password; of SQLite, the file."""
    address = make_url(url)
    return address.database or "" if _is_sqlite(address) else address.render_as_string()


def lasts(url: str) -> bool:
    """Whether a database outlives the process that uses it."""
    address = make_url(url)
    return not _is_sqlite(address) or address.database not in _IN_MEMORY


def open_database(url: str, cipher: Cipher, *, may_begin: bool) -> Engine:
    """An engine whose sealed columns use the cipher. Nothing is connected yet.

    Raises RecordsGone where a file is missing that may not be made.
    """
    address = make_url(url)
    if _is_sqlite(address) and lasts(url):
        _make_or_find(Path(address.database or ""), may_begin)
    engine = _sqlite(address) if _is_sqlite(address) else _server(address)
    give_cipher(engine, cipher)
    return engine


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _server(url: URL) -> Engine:
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True)


def _sqlite(url: URL) -> Engine:
    if url.database in _IN_MEMORY:
        # One connection is the database; whoever wants it meanwhile waits.
        size, overflow = 1, 0
    else:
        size, overflow = 10, 20
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=overflow,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _make_or_find(path: Path, may_begin: bool) -> None:
    if not may_begin and not path.exists():
        raise RecordsGone(gone(str(path)))
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def gone(shown: str) -> str:
    return (
        f"The database {shown} is gone: it was in use before, and nothing is kept there now. "
        "Stop the coach and put the database back, from a backup if need be. "
        "Only if you mean to begin an empty one: safecue run --new-database"
    )


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # We begin transactions ourselves; the driver would begin them too late to lock.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")
    _use_wal(connection)


def _use_wal(connection: sqlite3.Connection) -> None:
    # The change to WAL does not wait for others, whatever the busy timeout.
    _insist(connection, "PRAGMA journal_mode=WAL", pause=0.05)


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("reads_only", False):
        connection.exec_driver_sql("BEGIN")
        return
    # A transaction that reads first and writes later would fail at once when another wrote in between.
    # SQLite itself sleeps for longer and longer, up to 100 ms, where another one needs the lock for two.
    plain = connection.connection.dbapi_connection
    assert isinstance(plain, sqlite3.Connection)
    plain.execute("PRAGMA busy_timeout=0")
    # NORMAL keeps the file sound whatever happens, and spares a wait for the disk.
    plain.execute(f"PRAGMA synchronous={'NORMAL' if options.get('redone', False) else 'FULL'}")
    try:
        _insist(plain, "BEGIN IMMEDIATE", pause=0.0005)
    except sqlite3.OperationalError as fault:
        raise OperationalError("BEGIN IMMEDIATE", None, fault) from fault
    finally:
        plain.execute(f"PRAGMA busy_timeout={_BUSY_MS}")


def _insist(connection: sqlite3.Connection, statement: str, *, pause: float) -> None:
    """Try it every `pause` seconds while somebody else has the database; at last, raise what it raised."""
    give_up = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(pause)
