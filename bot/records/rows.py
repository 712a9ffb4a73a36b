"""Rows read and written plainly. SQLAlchemy turns a statement into the database's own words, once; from then
on the driver runs them.

What a session or a connection does besides, for each query, costs several times the query.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, Insert, Select, Table, Update, bindparam
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

from bot.records.tables import Base

_KEY = "of_id"
_PREPARED = "safecue_prepared"

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement as the driver takes it. `order` is None where it takes values by name."""

    text: str
    fixed: Mapping[str, Any]
    into: Mapping[str, Convert]
    order: Sequence[str] | None
    row: Callable[[Sequence[Any]], Any]
    out_of: Sequence[tuple[int, Convert]]

    def values(self, given: Mapping[str, Any]) -> Any:
        values = {**self.fixed, **given}
        for name, convert in self.into.items():
            values[name] = convert(values[name])
        return values if self.order is None else [values[name] for name in self.order]

    def rows(self, found: Iterable[Sequence[Any]]) -> list[Any]:
        rows = []
        for values in map(list, found):
            for place, convert in self.out_of:
                values[place] = convert(values[place])
            rows.append(self.row(values))
        return rows


def read(session: Session, wanted: Select[*tuple[Any, ...]], **which: object) -> Sequence[Any]:
    """The rows, as they are in the database now. Changes that a session still keeps to itself aren't seen.

    Made for statements that stay the same: each is prepared once. None may take a list of values.
    """
    prepared, cursor = _run(session, wanted, which)
    return prepared.rows(cursor.fetchall())


def put(session: Session, *rows: Base) -> None:
    """Insert rows. The session doesn't know them afterwards."""
    for row in rows:
        values = _values(row)
        _run(session, _insert(_table(type(row)), tuple(values)), values)


def put_numbered(session: Session, row: Base) -> int:
    """As `put`; the number that the row was given."""
    values = _values(row)
    _, cursor = _run(session, _insert(_table(type(row)), tuple(values), numbered=True), values)
    [(number,)] = cursor.fetchall()
    return int(number)


def change(session: Session, kind: type[Base], key: object, **values: Any) -> None:
    """Write new values into the row of that id."""
    _run(session, _update(_table(kind), tuple(values)), {**values, _KEY: key})


def _run(session: Session, statement: Executable, given: Mapping[str, Any]) -> tuple[_Prepared, DBAPICursor]:
    """Raises what SQLAlchemy raises."""
    connection = session.connection()
    prepared = _prepared(connection, statement)
    values = prepared.values(given)
    cursor = connection.connection.cursor()
    try:
        cursor.execute(prepared.text, values)
    except connection.dialect.loaded_dbapi.Error as fault:
        raise _told(connection, prepared.text, fault) from fault
    return prepared, cursor


def _told(connection: Connection, text: str, fault: Exception) -> Exception:
    error = connection.dialect.loaded_dbapi.Error
    return DBAPIError.instance(text, None, fault, error, hide_parameters=True, dialect=connection.dialect)


def _prepared(connection: Connection, statement: Executable) -> _Prepared:
    """A dialect belongs to one engine only: what was prepared for it goes with it."""
    known: dict[Executable, _Prepared] = vars(connection.dialect).setdefault(_PREPARED, {})
    if statement not in known:
        known[statement] = _prepare(connection.dialect, statement)
    return known[statement]


def _prepare(dialect: Dialect, statement: Executable) -> _Prepared:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    assert isinstance(compiled, SQLCompiler)
    given = [name for name, bind in compiled.binds.items() if bind.required]
    state = compiled.construct_expanded_state(dict.fromkeys(given))
    into = {
        name: _impl(bind.type, dialect).bind_processor(dialect) for bind, name in compiled.bind_names.items()
    }
    columns = tuple(statement.selected_columns) if isinstance(statement, Select) else ()
    out_of = [_impl(column.type, dialect).result_processor(dialect, None) for column in columns]
    row: Any = namedtuple("Row", [column.key or "" for column in columns], rename=True)  # type: ignore[misc]
    return _Prepared(
        text=state.statement,
        fixed={name: value for name, value in state.parameters.items() if name not in given},
        into={name: change for name, change in into.items() if change and name in state.parameters},
        order=state.positiontup,
        row=row._make,
        out_of=[(place, change) for place, change in enumerate(out_of) if change],
    )


def _impl(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)


def _table(kind: type[Base]) -> Table:
    assert isinstance(kind.__table__, Table)
    return kind.__table__


def _values(row: Base) -> dict[str, Any]:
    """What was given, and the defaults of the rest."""
    table = _table(type(row))
    defaults = {c.name: c.default.arg for c in table.c if isinstance(c.default, ScalarElementColumnDefault)}
    return defaults | {name: value for name, value in vars(row).items() if name in table.c}


@cache
def _insert(table: Table, names: tuple[str, ...], *, numbered: bool = False) -> Insert:
    insert = table.insert().values({name: bindparam(name) for name in names})
    return insert.returning(table.c.id) if numbered else insert.inline()


@cache
def _update(table: Table, names: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    return table.update().where(table.c.id == bindparam(_KEY)).values(values)
