"""A migrated database that many tests share, and a view into it past the records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postgres_at_hand import new_postgres, run_on_server
from sqlalchemy import Connection, NullPool, Row, create_engine, func, make_url, select, text

from bot.records import Cipher, SqlRecords, new_key
from bot.records.tables import Base, SecretRow


@dataclass(frozen=True)
class KeptDatabase:
    url: str
    key: str
    records: SqlRecords

    @property
    def kind(self) -> str:
        return make_url(self.url).get_backend_name()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One of its own, committed at the end."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            yield connection

    def rows(self, statement: str, **given: object) -> list[Row[Any]]:
        with self.connection() as connection:
            return list(connection.execute(text(statement), given))

    def empty(self) -> None:
        """All but the secret that addresses are looked up with. Few rows are deleted quickest."""
        with self.connection() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name != SecretRow.__tablename__:
                    connection.execute(table.delete())

    def rows_of(self, patient_id: str) -> Mapping[str, int]:
        """How many rows of the person are stored, by table; tables without any are left out."""
        found = {}
        with self.connection() as connection:
            for table in Base.metadata.sorted_tables:
                whose = table.c.id if table.name == "patients" else table.c.get("patient_id")
                if whose is not None:
                    count = select(func.count()).select_from(table).where(whose == patient_id)
                    found[table.name] = connection.execute(count).scalar_one()
        return {name: count for name, count in found.items() if count}


@contextmanager
def in_sqlite(file: Path) -> Iterator[KeptDatabase]:
    with _migrated(f"sqlite:///{file}") as made:
        yield made


@contextmanager
def in_postgresql(server: str) -> Iterator[KeptDatabase]:
    name, url = new_postgres(server)
    try:
        with _migrated(url) as made:
            yield made
    finally:
        run_on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _migrated(url: str) -> Iterator[KeptDatabase]:
    key = new_key()
    records = SqlRecords(url, Cipher([key]))
    records.migrate()
    yield KeptDatabase(url, key, records)
    records.close()
