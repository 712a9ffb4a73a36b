"""Column types: times in UTC, and values that are sealed on their way into the database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, Text
from sqlalchemy.types import TypeDecorator

from bot.records.cipher import Cipher

_CIPHER = "safecue_cipher"


def give_cipher(engine: Engine, cipher: Cipher) -> None:
    """Let this engine's sealed columns use the cipher. A dialect belongs to one engine only."""
    setattr(engine.dialect, _CIPHER, cipher)


def _cipher_of(dialect: Dialect) -> Cipher:
    cipher: Cipher = getattr(dialect, _CIPHER)
    return cipher


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, stored in UTC and returned in UTC. ValueError: a time without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EncryptedText(TypeDecorator[str]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _cipher_of(dialect).seal(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _cipher_of(dialect).open(value)


class EncryptedJSON(TypeDecorator[Any]):
    """A JSON value as sealed text. Replace the value to change it; changes inside it are not seen."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else _cipher_of(dialect).seal(json.dumps(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(_cipher_of(dialect).open(value))
