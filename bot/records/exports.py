"""Everything kept about a person, readable, by table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Table, or_, select
from sqlalchemy.orm import Session

from bot.records.patients import row_of
from bot.records.tables import AuditRow, Base, OfferRow, PatientRow

# A token opens a button and a lookup finds a person: neither tells the person anything.
_NOT_TOLD = frozenset({"address_lookup", "door_key_lookup", "turn_owner", "turn_until", "token", "seal"})


def export_person(session: Session, patient_id: str) -> dict[str, Any]:
    """JSON values only; times in ISO 8601, UTC. Raises NotInRecords."""
    row_of(session, patient_id)
    return {
        table.name: _rows(session, table, patient_id)
        for table in Base.metadata.sorted_tables
        if _about(table)
    }


def _about(table: Table) -> bool:
    return table.name in {PatientRow.__tablename__, AuditRow.__tablename__} or "patient_id" in table.c


def _rows(session: Session, table: Table, patient_id: str) -> list[dict[str, Any]]:
    own = [table.c[name] for name in ("patient_id", "subject", "id") if name in table.c][:1]
    order = [table.c[name] for name in ("seq", "message_id", "position", "id") if name in table.c]
    if table.name not in {OfferRow.__tablename__, "messages"}:
        order = [table.c.id]
    rows = session.execute(
        select(table).where(or_(*(column == patient_id for column in own))).order_by(*order)
    )
    return [
        {name: _plain(value) for name, value in row.items() if name not in _NOT_TOLD}
        for row in rows.mappings()
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
