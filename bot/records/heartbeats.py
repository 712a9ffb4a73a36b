"""When each part that works by itself last did so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.records.tables import HeartbeatRow


class SqlHeartbeats:
    def __init__(self, session: Session) -> None:
        self._session = session

    def beat(self, part: str, now: datetime) -> None:
        self._session.merge(HeartbeatRow(part=part, at=now))

    def last(self) -> Mapping[str, datetime]:
        return {row.part: row.at for row in self._session.scalars(select(HeartbeatRow))}
