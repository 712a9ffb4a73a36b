"""Rows read and written plainly. What a session does besides, from telling its objects apart to noticing and
flushing what changed in them, costs several times the query."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Insert, Select, Table, Update, bindparam
from sqlalchemy.orm import Session

from bot.records.tables import Base

_KEY = "of_id"


def read(session: Session, wanted: Select[*tuple[Any, ...]], **which: object) -> Sequence[Any]:
    """The rows, as they are in the database now. Changes that a session still keeps to itself aren't seen."""
    return session.connection().execute(wanted, which).all()


def put(session: Session, *rows: Base) -> None:
    """Insert rows, those of one table side by side in one go. The session doesn't know them afterwards."""
    connection = session.connection()
    for kind, alike in groupby(rows, type):
        connection.execute(_insert(_table(kind), inline=True), [_values(row) for row in alike])


def put_numbered(session: Session, row: Base) -> int:
    """As `put`; the number that the row was given."""
    inserted = session.connection().execute(_insert(_table(type(row))), _values(row)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])


def change(session: Session, kind: type[Base], key: object, **values: Any) -> None:
    """Write new values into the row of that id."""
    session.connection().execute(_update(_table(kind), tuple(values)), {**values, _KEY: key})


def _table(kind: type[Base]) -> Table:
    assert isinstance(kind.__table__, Table)
    return kind.__table__


def _values(row: Base) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name in _table(type(row)).c}


@cache
def _insert(table: Table, *, inline: bool = False) -> Insert:
    return table.insert().inline() if inline else table.insert()


@cache
def _update(table: Table, names: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    return table.update().where(table.c.id == bindparam(_KEY)).values(values)
