"""What can go wrong with the records. Each is a built-in kind too, so that doors can tell them apart."""

from __future__ import annotations


class RecordsError(Exception):
    """Something about the records that a person must mend."""


class NotInRecords(RecordsError, LookupError):
    """Nobody and nothing of that id is kept."""


class FlagMoved(RecordsError, ValueError):
    """Somebody else took a step with the flag meanwhile."""


class Taken(RecordsError, ValueError):
    """Somebody or something has that name already."""


class WrongKey(RecordsError, ValueError):
    """None of the given keys opens what is stored."""


class KeyFileUnsafe(RecordsError, ValueError):
    """The key file is missing its protection or its key."""


class RecordsGone(RecordsError, LookupError):
    """There is no database where one was in use before."""


class DatabaseSilent(RecordsError, OSError):
    """The database can't be reached, or somebody keeps it locked."""


class NotMigrated(RecordsError, RuntimeError):
    """The database's tables are not those this version works with."""
