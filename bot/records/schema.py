"""Bringing a database's tables up to this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text

from bot.records.errors import NotMigrated

LOOKUP = "lookup"
_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_233_207  # any number, as long as every process of ours names the same


def upgrade(connection: Connection) -> None:
    """Within the connection's transaction, one process at a time. Raises NotMigrated."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise NotMigrated(f"these tables are unknown to this version, perhaps newer: {error}") from error
