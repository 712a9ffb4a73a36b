"""What is kept: patients, talks, verdicts, flags, the outbox and the audit. SQLAlchemy lives here only."""

from bot.records.begun import Begun
from bot.records.cipher import Cipher, load_or_make_key_file, new_key
from bot.records.errors import (
    DatabaseSilent,
    FlagMoved,
    KeyFileUnsafe,
    NotInRecords,
    NotMigrated,
    RecordsError,
    RecordsGone,
    Taken,
    WrongKey,
)
from bot.records.records import SqlRecords, SqlUnit

__all__ = [
    "Begun",
    "Cipher",
    "DatabaseSilent",
    "FlagMoved",
    "KeyFileUnsafe",
    "NotInRecords",
    "NotMigrated",
    "RecordsError",
    "RecordsGone",
    "SqlRecords",
    "SqlUnit",
    "Taken",
    "WrongKey",
    "load_or_make_key_file",
    "new_key",
]
