"""Messages the coach did not understand, kept for those who write what it says."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.records.tables import MissRow


class SqlMisses:
    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, patient_id: str, message_id: str, ranking: Sequence[tuple[str, float]]) -> None:
        """Once per message."""
        if self._session.scalar(select(MissRow.id).where(MissRow.message_id == message_id)) is None:
            pairs = [[name, confidence] for name, confidence in ranking]
            self._session.add(MissRow(patient_id=patient_id, message_id=message_id, ranking=pairs))
            self._session.flush()
