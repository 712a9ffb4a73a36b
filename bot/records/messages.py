"""The transcript: what came in, what was said, and the buttons that still hang on it."""

from __future__ import annotations

import re
import secrets
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from bot.facts.talk import Delivery, Direction, Kind, Message, Reply, TurnState
from bot.records.cipher import Lookup
from bot.records.errors import NotInRecords
from bot.records.patients import UNANSWERED, row_of
from bot.records.retention import erase_due_text
from bot.records.tables import MessageRow, OfferRow, OutboxRow, PatientRow
from bot.usecases.ports import Offered

FIRST, IN_LINE = 0, 1
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
A_LEAP = timedelta(minutes=1)  # a message from further ahead came before the clock was set back
_TOKEN_BYTES = 24
_LIVE = (OfferRow.used_at.is_(None), OfferRow.withdrawn.is_(False))


class SqlMessages:
    def __init__(self, session: Session, lookup: Lookup) -> None:
        self._session = session
        self._lookup = lookup

    def receive(
        self,
        patient_id: str,
        *,
        text: str,
        payload: str | None,
        door_key: str | None,
        now: datetime,
        erase_at: datetime | None,
    ) -> tuple[Message, bool]:
        """A door's key counts within a patient, so nobody is handed somebody else's message for it."""
        patient = row_of(self._session, patient_id, lock=True)
        key = None if door_key is None else self._lookup.of(patient.door, patient_id, door_key)
        if key is not None and (known := self._by_door_key(patient_id, key)) is not None:
            return known, False
        row = MessageRow(
            id=uuid.uuid4().hex,
            patient_id=patient_id,
            seq=_next_seq(patient),
            direction=Direction.IN.value,
            at=now,
            text=text,
            payload=payload,
            door_key_lookup=key,
            state=TurnState.RECEIVED.value,
            erase_at=erase_at,
        )
        self._session.add(row)
        self._session.flush()
        return _message(row), True

    def _by_door_key(self, patient_id: str, key: str) -> Message | None:
        return self._first(MessageRow.patient_id == patient_id, MessageRow.door_key_lookup == key)

    def unscreened(self, before: datetime) -> Sequence[Message]:
        return self._all(
            MessageRow.state == TurnState.RECEIVED.value,
            or_(MessageRow.at < before, MessageRow.at > before + A_LEAP),
            MessageRow.text.is_not(None),
            order=(MessageRow.at, MessageRow.patient_id, MessageRow.seq),
        )

    def set_state(
        self, message_id: str, state: TurnState, understanding: Mapping[str, object] | None = None
    ) -> None:
        """Merges into what was understood before; `answered` closes the question of that message."""
        # The patient's lock comes first everywhere, or two transactions could wait for one another.
        row_of(self._session, self._row(message_id).patient_id, lock=True)
        row = self._row(message_id, afresh=True)
        row.state = state.value
        if understanding is None:
            return
        if understanding or row.understanding is None:
            row.understanding = {**(row.understanding or {}), **understanding}
        if isinstance(answered := understanding.get("answered"), str):
            self._close_questions(row.patient_id, MessageRow.id == answered)

    def get(self, message_id: str) -> Message:
        """Raises NotInRecords."""
        return self._with_buttons([self._row(message_id)])[0]

    def unanswered(self, patient_id: str) -> Sequence[Message]:
        # Sorted here: asked to sort, SQLite walks through the whole talk instead.
        waiting = self._all(
            MessageRow.state.in_(UNANSWERED),
            MessageRow.patient_id == patient_id,
            MessageRow.text.is_not(None),
            order=(),
        )
        return sorted(waiting, key=lambda message: message.seq)

    def say(self, patient_id: str, reply: Reply, *, in_reply_to: str | None, now: datetime) -> Message:
        """A reply to words that must go is held no longer than they are."""
        patient = row_of(self._session, patient_id, lock=True)
        row = MessageRow(
            id=uuid.uuid4().hex,
            patient_id=patient_id,
            seq=_next_seq(patient),
            direction=Direction.OUT.value,
            at=now,
            text=reply.text,
            content_id=reply.content_id,
            content_version=reply.version,
            kind=reply.kind.value,
            asks=reply.asks,
            asks_open=reply.asks is not None,
            image=reply.image,
            region=reply.region,
            variables=dict(reply.variables),
            document=reply.document,
            in_reply_to=in_reply_to,
            erase_at=None if in_reply_to is None else self._row(in_reply_to).erase_at,
        )
        self._session.add(row)
        self._session.flush()
        offers = [
            OfferRow(
                token=secrets.token_urlsafe(_TOKEN_BYTES),
                patient_id=patient_id,
                message_id=row.id,
                position=position,
                title=button.title,
                payload=button.payload,
            )
            for position, button in enumerate(reply.buttons)
        ]
        parcel = OutboxRow(
            patient_id=patient_id,
            message_id=row.id,
            door=patient.door,
            priority=FIRST if self._goes_first(reply, in_reply_to) else IN_LINE,
            state=Delivery.PENDING.value,
            created_at=now,
            next_try_at=now,
        )
        self._session.add_all([*offers, parcel])
        self._session.flush()
        return _message(row, [(offer.title, offer.token) for offer in offers])

    def _goes_first(self, reply: Reply, in_reply_to: str | None) -> bool:
        """Safety words, unless they belong behind ordinary ones of the same answer, as a stop list does."""
        if reply.kind is not Kind.SAFETY or in_reply_to is None:
            return reply.kind is Kind.SAFETY
        ordinary = MessageRow.kind != Kind.SAFETY.value
        return self._first(MessageRow.in_reply_to == in_reply_to, ordinary) is None

    def replies_to(self, message_id: str) -> Sequence[Message]:
        return self._all(MessageRow.in_reply_to == message_id)

    def last_said(self, patient_id: str) -> Message | None:
        return self._first(*_said(patient_id))

    def last_said_of(self, patient_id: str, content_id: str) -> Message | None:
        return self._first(*_said(patient_id), MessageRow.content_id == content_id)

    def last_heard(self, patient_id: str) -> Message | None:
        return self._first(MessageRow.patient_id == patient_id, MessageRow.direction == Direction.IN.value)

    def open_question(self, patient_id: str) -> Message | None:
        asked = self._first(*_said(patient_id), MessageRow.asks.is_not(None))
        return asked if asked is not None and self._row(asked.id).asks_open else None

    def transcript(self, patient_id: str, *, after: int = 0, limit: int = 200) -> Sequence[Message]:
        return self._all(MessageRow.patient_id == patient_id, MessageRow.seq > after, limit=limit)

    def take_token(self, patient_id: str, token: str, now: datetime) -> Offered | None:
        if not _TOKEN.fullmatch(token):  # a forged one may hold what no database takes
            return None
        row_of(self._session, patient_id, lock=True)
        offered = self._session.scalars(
            select(OfferRow).where(OfferRow.token == token, OfferRow.patient_id == patient_id, *_LIVE)
        ).one_or_none()
        if offered is None:
            return None
        self._session.execute(
            update(OfferRow).where(OfferRow.message_id == offered.message_id, *_LIVE).values(used_at=now)
        )
        return Offered(offered.title, offered.payload)

    def offered_as(self, patient_id: str, words: str) -> str | None:
        newest = (
            select(OfferRow.message_id)
            .join(MessageRow, MessageRow.id == OfferRow.message_id)
            .where(OfferRow.patient_id == patient_id, *_LIVE)
            .order_by(MessageRow.seq.desc())
            .limit(1)
            .scalar_subquery()
        )
        shown = self._session.scalars(select(OfferRow).where(OfferRow.message_id == newest, *_LIVE))
        said = words.strip().casefold()
        return next((offer.token for offer in shown if offer.title.casefold() == said), None)

    def drop_offers(self, patient_id: str) -> None:
        """The questions asked so far are dropped with their buttons."""
        row_of(self._session, patient_id, lock=True)
        self._session.execute(
            update(OfferRow).where(OfferRow.patient_id == patient_id, *_LIVE).values(withdrawn=True)
        )
        self._close_questions(patient_id)

    def erase_due_text(self, now: datetime) -> int:
        return erase_due_text(self._session, now)

    def _close_questions(self, patient_id: str, *which: ColumnElement[bool]) -> None:
        self._session.execute(
            update(MessageRow)
            .where(MessageRow.patient_id == patient_id, MessageRow.asks_open.is_(True), *which)
            .values(asks_open=False)
        )

    def _row(self, message_id: str, *, afresh: bool = False) -> MessageRow:
        row = self._session.get(MessageRow, message_id, populate_existing=afresh)
        if row is None:
            raise NotInRecords(f"no message {message_id} is kept")
        return row

    def _first(self, *where: ColumnElement[bool]) -> Message | None:
        newest = self._session.scalars(
            select(MessageRow).where(*where).order_by(MessageRow.seq.desc()).limit(1)
        ).all()
        return next(iter(self._with_buttons(newest)), None)

    def _all(
        self,
        *where: ColumnElement[bool],
        order: Iterable[object] = (MessageRow.seq,),
        limit: int | None = None,
    ) -> Sequence[Message]:
        wanted = select(MessageRow).where(*where).order_by(*order).limit(limit)  # type: ignore[arg-type]
        return self._with_buttons(self._session.scalars(wanted).all())

    def _with_buttons(self, rows: Sequence[MessageRow]) -> list[Message]:
        return with_buttons(self._session, rows)


def with_buttons(session: Session, rows: Sequence[MessageRow]) -> list[Message]:
    """The messages, each with the buttons that may still be pressed."""
    said = [row.id for row in rows if row.direction == Direction.OUT.value]
    buttons: dict[str, list[tuple[str, str]]] = defaultdict(list)
    if said:
        offers = session.scalars(
            select(OfferRow)
            .where(OfferRow.message_id.in_(said), *_LIVE)
            .order_by(OfferRow.message_id, OfferRow.position)
        )
        for offer in offers:
            buttons[offer.message_id].append((offer.title, offer.token))
    return [_message(row, buttons[row.id]) for row in rows]


def _said(patient_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return MessageRow.patient_id == patient_id, MessageRow.direction == Direction.OUT.value


def _next_seq(patient: PatientRow) -> int:
    patient.last_seq += 1
    return patient.last_seq


def _message(row: MessageRow, buttons: Sequence[tuple[str, str]] = ()) -> Message:
    return Message(
        id=row.id,
        patient_id=row.patient_id,
        seq=row.seq,
        direction=Direction(row.direction),
        at=row.at,
        text=row.text,
        payload=row.payload,
        state=None if row.state is None else TurnState(row.state),
        content_id=row.content_id,
        content_version=row.content_version,
        kind=None if row.kind is None else Kind(row.kind),
        asks=row.asks,
        image=row.image,
        in_reply_to=row.in_reply_to,
        understanding=row.understanding or {},
        buttons=tuple(buttons),
        variables=dict(row.variables or {}),
        document=row.document,
        region=row.region,
    )
