"""Who did what, and when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.records.tables import AuditRow


class SqlAudit:
    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, actor: str, action: str, subject: str, detail: str, now: datetime) -> None:
        self._session.add(AuditRow(at=now, actor=actor, action=action, subject=subject, detail=detail))
