"""Bringing every sealed value under the newest key."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, Table, Text, select, type_coerce, update

from bot.records.cipher import Cipher
from bot.records.tables import Base
from bot.records.types import EncryptedJSON, EncryptedText

_BATCH = 200


def reseal_all(engine: Engine, cipher: Cipher) -> dict[str, int]:
    """Reseal what an older key sealed; how many values, by table. Raises WrongKey.

    Every batch is committed, and values already under the newest key are left alone: after a break,
    start it again.
    """
    return {
        table.name: _rotate_table(engine, cipher, table, columns)
        for table in Base.metadata.sorted_tables
        if (columns := sealed_columns(table))
    }


def sealed_columns(table: Table) -> list[str]:
    return [column.name for column in table.c if isinstance(column.type, EncryptedText | EncryptedJSON)]


def _rotate_table(engine: Engine, cipher: Cipher, table: Table, columns: list[str]) -> int:
    (identity,) = table.primary_key.columns
    resealed = 0
    last = None
    while True:
        with engine.begin() as connection:
            after = select(identity).order_by(identity).limit(_BATCH)
            ids = connection.scalars(after if last is None else after.where(identity > last)).all()
            if not ids:
                return resealed
            resealed += sum(_rotate_row(connection, cipher, table, columns, found) for found in ids)
        last = ids[-1]


def _rotate_row(
    connection: Connection, cipher: Cipher, table: Table, columns: list[str], row_id: object
) -> int:
    (identity,) = table.primary_key.columns
    raw = [type_coerce(table.c[name], Text).label(name) for name in columns]
    # Locked while it is resealed, or a change made meanwhile would be overwritten.
    row = (
        connection.execute(select(*raw).where(identity == row_id).with_for_update()).mappings().one_or_none()
    )
    if row is None:
        return 0
    changed = {
        name: cipher.reseal(sealed)
        for name, sealed in row.items()
        if sealed is not None and not cipher.is_newest(sealed)
    }
    if changed:
        values = {name: type_coerce(sealed, Text) for name, sealed in changed.items()}
        connection.execute(update(table).where(identity == row_id).values(values))
    return len(changed)
