"""Bringing a database's tables up to this version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bot.records.audit import KEY
from bot.records.errors import NotMigrated

LOOKUP = "lookup"
CONSOLE = "console"
SECRETS = (LOOKUP, CONSOLE, KEY)
_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSIONS = "alembic_version"
_LOCK = 7_233_207  # any number, as long as every process of ours names the same


def has_begun(connection: Connection) -> bool:
    """Whether tables of ours are there."""
    return inspect(connection).has_table(_VERSIONS)


def upgrade(connection: Connection) -> None:
    """Within the connection's transaction, one process at a time. Raises NotMigrated."""
    if has_begun(connection) and _version(connection) == _newest():
        return
    # What it loads is an eighth of a part's memory, and mostly there is nothing to do.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise NotMigrated(f"these tables are unknown to this version, perhaps newer: {error}") from error


def _version(connection: Connection) -> object:
    return connection.scalar(text(f"SELECT version_num FROM {_VERSIONS}"))


def _newest() -> str:
    """Of the steps, whose files are named r<version>_<what>.py."""
    return max(step.name[1:].split("_")[0] for step in (_MIGRATIONS / "versions").glob("r*.py"))
