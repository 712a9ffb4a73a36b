"""Fills a database with copies of one real person: their rows as they lie there, under ids of their own.

Sealed texts are copied sealed, so a million messages take seconds. SQLite only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Column, Integer, String, Table

from bot.records.tables import Base, MessageRow, PatientRow

DIGITS = 6
# What names a person or a message, or must be unlike in every row: first come the copy's digits.
OWN_NAMES = frozenset(
    {"address_lookup", "door_key_lookup", "token", "message_id", "in_reply_to", "patient_id"}
)


def copy_patient(database: Path, patient_id: str, copies: int) -> int:
    """Copy all that the records keep about them, `copies` times; how many messages the database then has."""
    with _opened(database) as connection:
        _number(connection, copies)
        for table in Base.metadata.sorted_tables:
            owner = "id" if table.name == PatientRow.__tablename__ else "patient_id"
            if owner in table.c:
                connection.execute(_copying(connection, table, owner), (patient_id,))
        return _count(connection, MessageRow.__tablename__)


def copy_talker(database: Path, sender: str, copies: int) -> int:
    """The same in the engine's own database; how many people it then knows."""
    with _opened(database) as connection:
        _number(connection, copies)
        for table, columns in (("conversations", "data"), ("answers", "message_id, at, data")):
            connection.execute(
                f"INSERT INTO {table} (sender_id, {columns}) SELECT {_renamed('sender_id')}, {columns} "
                f"FROM {table}, copies WHERE sender_id = ?",
                (sender,),
            )
        return _count(connection, "conversations")


def patient_ids(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM patients ORDER BY created_at")]


@contextmanager
def _opened(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(database)) as connection, connection:
        yield connection


def _number(connection: sqlite3.Connection, copies: int) -> None:
    connection.execute("CREATE TEMP TABLE copies AS SELECT 0 AS number WHERE 0")
    connection.executemany("INSERT INTO copies VALUES (?)", ((number,) for number in range(1, copies + 1)))


def _copying(connection: sqlite3.Connection, table: Table, owner: str) -> str:
    columns = list(table.columns)
    values = ", ".join(_value(connection, column) for column in columns)
    names = ", ".join(f'"{column.name}"' for column in columns)
    origin = f'FROM "{table.name}", copies WHERE "{owner}" = ?'
    return f'INSERT INTO "{table.name}" ({names}) SELECT {values} {origin}'


def _value(connection: sqlite3.Connection, column: Column[object]) -> str:
    """What a copy has in that column: the same, or what keeps ids apart and pointing within the copy."""
    if isinstance(column.type, String) and (column.primary_key or column.name in OWN_NAMES):
        return _renamed(column.name)
    target = next(iter(column.foreign_keys)).column if column.foreign_keys else column
    if isinstance(column.type, Integer) and target.primary_key:
        newest = connection.execute(f'SELECT max("{target.name}") FROM "{target.table.name}"').fetchone()[0]
        return f'"{column.name}" + number * {(newest or 0) + 1}'
    return f'"{column.name}"'


def _renamed(name: str) -> str:
    return f"printf('%0{DIGITS}d', number) || substr(\"{name}\", {DIGITS + 1})"


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])
