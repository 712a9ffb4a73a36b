"""Opening a database: SQLite by default, PostgreSQL by its address."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url

from bot.records.cipher import Cipher
from bot.records.types import give_cipher

_BUSY_MS = 30_000
_IN_MEMORY = frozenset({None, "", ":memory:"})


def open_database(url: str, cipher: Cipher) -> Engine:
    """An engine whose sealed columns use the cipher. Nothing is connected yet."""
    address = make_url(url)
    engine = _sqlite(address) if address.get_backend_name() == "sqlite" else _server(address)
    give_cipher(engine, cipher)
    return engine


def _server(url: URL) -> Engine:
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True)


def _sqlite(url: URL) -> Engine:
    if url.database in _IN_MEMORY:
        # One connection is the database; whoever wants it meanwhile waits.
        size, overflow = 1, 0
    else:
        _make_private_file(Path(url.database or ""))
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


def _make_private_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # We begin transactions ourselves; the driver would begin them too late to lock.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")
    _use_wal(connection)


def _use_wal(connection: sqlite3.Connection) -> None:
    # The change to WAL does not wait for others, whatever the busy timeout.
    give_up = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail at once when another wrote in between.
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
