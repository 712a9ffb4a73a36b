"""The one clock of the house. Everything that needs the time is given a clock; this is the real one."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
