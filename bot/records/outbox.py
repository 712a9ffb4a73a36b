"""What waits to be delivered, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.facts.talk import Delivery
from bot.records.messages import FIRST, with_buttons
from bot.records.tables import MessageRow, OutboxRow
from bot.usecases.ports import Parcel

_PENDING = (
    update(OutboxRow)
    .where(
        OutboxRow.message_id.in_(bindparam("of", expanding=True)), OutboxRow.state == Delivery.PENDING.value
    )
    .values(attempts=OutboxRow.attempts + 1)
    .execution_options(synchronize_session=False)
)

_STATES = select(OutboxRow.message_id, OutboxRow.state, OutboxRow.sent_at).where(
    OutboxRow.message_id.in_(bindparam("of", expanding=True))
)


class SqlOutbox:
    def __init__(self, session: Session) -> None:
        self._session = session

    def due(
        self, door: str, now: datetime, limit: int = 50, *, but: Collection[int] = ()
    ) -> Sequence[Parcel]:
        """Places in a line go by the order of writing: the clock may have been set back."""
        wanted = (
            select(OutboxRow, MessageRow)
            .join(MessageRow, MessageRow.id == OutboxRow.message_id)
            .where(
                OutboxRow.door == door,
                OutboxRow.state == Delivery.PENDING.value,
                _is_due(OutboxRow, now),
                *([OutboxRow.id.not_in(but)] if but else []),
                ~_must_wait(now),
            )
            .order_by(OutboxRow.priority, OutboxRow.created_at, OutboxRow.id)
            .limit(limit)
        )
        rows = self._session.execute(wanted).all()
        messages = with_buttons(self._session, [message for _, message in rows])
        return [
            Parcel(id=parcel.id, patient_id=parcel.patient_id, message=message, attempts=parcel.attempts)
            for (parcel, _), message in zip(rows, messages, strict=True)
        ]

    def sent(self, message_ids: Collection[str], now: datetime, *, confirmed: bool = True) -> None:
        """A parcel sent or given up before stays as it is."""
        state = Delivery.SENT if confirmed else Delivery.UNCONFIRMED
        self._session.execute(_PENDING.values(state=state.value, sent_at=now), {"of": list(message_ids)})

    def failed(self, message_id: str, *, error: str, retry_at: datetime | None) -> None:
        outcome = {"state": Delivery.FAILED.value} if retry_at is None else {"next_try_at": retry_at}
        self._session.execute(_PENDING.values(last_error=error, **outcome), {"of": [message_id]})

    def deliveries(self, message_ids: Collection[str]) -> Mapping[str, tuple[Delivery, datetime | None]]:
        found = self._session.execute(_STATES, {"of": list(message_ids)})
        return {row.message_id: (Delivery(row.state), row.sent_at) for row in found}


def _is_due(parcel: type[OutboxRow], now: datetime) -> ColumnElement[bool]:
    """What was written at a moment still to come waits for nothing: the clock has been set back since."""
    set_back = and_(parcel.created_at > now, parcel.next_try_at >= parcel.created_at)
    return or_(parcel.next_try_at <= now, set_back)


def _must_wait(now: datetime) -> ColumnElement[bool]:
    before, said = aliased(OutboxRow), aliased(MessageRow)
    ahead = before.id < OutboxRow.id
    ordinary = and_(OutboxRow.priority > FIRST, or_(before.priority == FIRST, ahead))
    beside_it = and_(before.priority == FIRST, ahead, _is_due(before, now))
    return (
        select(before.id)
        .join(said, said.id == before.message_id)
        .where(
            before.patient_id == OutboxRow.patient_id,
            before.state == Delivery.PENDING.value,
            or_(ordinary, and_(beside_it, said.in_reply_to == MessageRow.in_reply_to)),
        )
        .correlate(OutboxRow, MessageRow)
        .exists()
    )
