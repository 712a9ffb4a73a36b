"""The transcript: what came in, what was said, and the buttons that still hang on it."""

from __future__ import annotations

import re
import secrets
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, or_, select, update
from sqlalchemy.orm import Session

from bot.facts.talk import Delivery, Direction, Kind, Message, Reply, TurnState
from bot.records.cipher import Lookup
from bot.records.errors import NotInRecords
from bot.records.patients import HELD, UNANSWERED, change_row, row_of
from bot.records.retention import erase_due_text
from bot.records.rows import change, put, read
from bot.records.tables import MessageRow, OfferRow, OutboxRow
from bot.usecases.ports import Offered

FIRST, IN_LINE = 0, 1
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
A_LEAP = timedelta(minutes=1)  # a message from further ahead came before the clock was set back
_TOKEN_BYTES = 24
_LIVE = (OfferRow.used_at.is_(None), OfferRow.withdrawn.is_(False))

# What is only asked for is never read: it stands in `understanding`.
_COLUMNS = [c for c in MessageRow.__table__.c if c.name not in {"intent", "confidence"}]
_OFFERS = OfferRow.__table__

# Made once, see bot/records/patients.py.
_OF_PATIENT = MessageRow.patient_id == bindparam("patient_id")
_SAID = (_OF_PATIENT, MessageRow.direction == Direction.OUT.value)
_OF_ID = select(*_COLUMNS).where(MessageRow.id == bindparam("id"))
_NEWEST_FIRST = select(*_COLUMNS).order_by(MessageRow.seq.desc()).limit(1)
_LAST_SAID = _NEWEST_FIRST.where(*_SAID)
_LAST_SAID_OF = _LAST_SAID.where(MessageRow.content_id == bindparam("content_id"))
_LAST_ASKED = _LAST_SAID.where(MessageRow.asks.is_not(None))
_LAST_HEARD = _NEWEST_FIRST.where(_OF_PATIENT, MessageRow.direction == Direction.IN.value)
_LAST_BEFORE = _NEWEST_FIRST.where(_OF_PATIENT, MessageRow.at <= bindparam("moment"))
_OF_KEY = _NEWEST_FIRST.where(_OF_PATIENT, MessageRow.door_key_lookup == bindparam("key"))
# Sorted by who asks: asked to sort, SQLite walks through the whole talk instead.
_UNANSWERED = select(*_COLUMNS).where(
    MessageRow.state.in_(UNANSWERED), _OF_PATIENT, MessageRow.text.is_not(None)
)
_UNSCREENED = select(*_COLUMNS).where(
    MessageRow.state == TurnState.RECEIVED.value, _OF_PATIENT, MessageRow.text.is_not(None)
)
_REPLIES = select(*_COLUMNS).where(MessageRow.in_reply_to == bindparam("message_id")).order_by(MessageRow.seq)
_BEHIND = (
    select(*_COLUMNS)
    .where(_OF_PATIENT, MessageRow.seq > bindparam("after"))
    .order_by(MessageRow.seq)
    .limit(bindparam("most"))
)
_CLOSE = (
    update(MessageRow)
    .where(MessageRow.patient_id == bindparam("patient"), MessageRow.asks_open.is_(True))
    .values(asks_open=False)
    .execution_options(synchronize_session=False)
)
_CLOSE_ONE = _CLOSE.where(MessageRow.id == bindparam("answered"))
_OFFERED = select(_OFFERS).where(
    OfferRow.token == bindparam("token"), OfferRow.patient_id == bindparam("patient_id"), *_LIVE
)
_USED_UP = (
    update(OfferRow)
    .where(OfferRow.message_id == bindparam("under"), *_LIVE)
    .values(used_at=bindparam("now"))
    .execution_options(synchronize_session=False)
)
_SHOWN = select(_OFFERS).where(
    OfferRow.message_id
    == select(OfferRow.message_id)
    .join(MessageRow, MessageRow.id == OfferRow.message_id)
    .where(OfferRow.patient_id == bindparam("patient_id"), *_LIVE)
    .order_by(MessageRow.seq.desc())
    .limit(1)
    .scalar_subquery(),
    *_LIVE,
)
_BUTTONS = (
    select(OfferRow.message_id, OfferRow.title, OfferRow.token)
    .where(OfferRow.message_id.in_(bindparam("said", expanding=True)), *_LIVE)
    .order_by(OfferRow.message_id, OfferRow.position)
)


class SqlMessages:
    def __init__(self, session: Session, lookup: Lookup) -> None:
        self._session = session
        self._lookup = lookup
        self._known: dict[str, Row[Any]] = {}

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
        if key is not None and (known := self._newest(_OF_KEY, patient_id=patient_id, key=key)) is not None:
            return known, False
        seq = patient.last_seq + 1
        change_row(self._session, patient, last_seq=seq, heard_seq=seq, heard_at=now)
        row = MessageRow(
            id=uuid.uuid4().hex,
            patient_id=patient_id,
            seq=seq,
            direction=Direction.IN.value,
            at=now,
            text=text,
            payload=payload,
            door_key_lookup=key,
            state=TurnState.RECEIVED.value,
            erase_at=erase_at,
        )
        put(self._session, row)
        return message_of(row), True

    def unscreened_of(self, patient_id: str) -> Sequence[Message]:
        return _in_order(read(self._session, _UNSCREENED, patient_id=patient_id))

    def unscreened(self, before: datetime) -> Sequence[Message]:
        wanted = select(MessageRow).where(
            MessageRow.state == TurnState.RECEIVED.value,
            or_(MessageRow.at < before, MessageRow.at > before + A_LEAP),
            MessageRow.text.is_not(None),
        )
        in_order = wanted.order_by(MessageRow.at, MessageRow.patient_id, MessageRow.seq)
        return [message_of(row) for row in self._session.scalars(in_order)]

    def set_state(
        self, message_id: str, state: TurnState, understanding: Mapping[str, object] | None = None
    ) -> None:
        """Merges into what was understood before; `answered` closes the question of that message."""
        row = self._row(message_id)
        if row.patient_id not in self._session.info.get(HELD, {}):
            # The patient's lock comes first everywhere, or two transactions could wait for one another.
            row_of(self._session, row.patient_id, lock=True)
            del self._known[message_id]
            row = self._row(message_id)
        understood = {**(row.understanding or {}), **(understanding or {})}
        change(
            self._session,
            MessageRow,
            message_id,
            state=state.value,
            understanding=understood,
            intent=understood.get("intent"),
            confidence=understood.get("confidence"),
        )
        del self._known[message_id]
        if understanding and isinstance(answered := understanding.get("answered"), str):
            self._session.execute(_CLOSE_ONE, {"patient": row.patient_id, "answered": answered})

    def get(self, message_id: str) -> Message:
        """Raises NotInRecords."""
        return with_buttons(self._session, [self._row(message_id)])[0]

    def unanswered(self, patient_id: str) -> Sequence[Message]:
        return _in_order(read(self._session, _UNANSWERED, patient_id=patient_id))

    def say(self, patient_id: str, reply: Reply, *, in_reply_to: str | None, now: datetime) -> Message:
        """A reply to words that must go is held no longer than they are."""
        patient = row_of(self._session, patient_id, lock=True)
        change_row(self._session, patient, last_seq=patient.last_seq + 1)
        row = MessageRow(
            id=uuid.uuid4().hex,
            patient_id=patient_id,
            seq=patient.last_seq,
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
        put(self._session, row, *offers, parcel)
        return message_of(row, [(offer.title, offer.token) for offer in offers])

    def _goes_first(self, reply: Reply, in_reply_to: str | None) -> bool:
        """Safety words, unless they belong behind ordinary ones of the same answer, as a stop list does."""
        if reply.kind is not Kind.SAFETY or in_reply_to is None:
            return reply.kind is Kind.SAFETY
        before = read(self._session, _REPLIES, message_id=in_reply_to)
        return all(row.kind == Kind.SAFETY.value for row in before)

    def replies_to(self, message_id: str) -> Sequence[Message]:
        return with_buttons(self._session, read(self._session, _REPLIES, message_id=message_id))

    def last_said(self, patient_id: str) -> Message | None:
        return self._newest(_LAST_SAID, patient_id=patient_id)

    def last_said_of(self, patient_id: str, content_id: str) -> Message | None:
        return self._newest(_LAST_SAID_OF, patient_id=patient_id, content_id=content_id)

    def last_before(self, patient_id: str, moment: datetime) -> Message | None:
        return self._newest(_LAST_BEFORE, patient_id=patient_id, moment=moment)

    def last_heard(self, patient_id: str) -> Message | None:
        return self._newest(_LAST_HEARD, patient_id=patient_id)

    def open_question(self, patient_id: str) -> Message | None:
        asked = read(self._session, _LAST_ASKED, patient_id=patient_id)
        return message_of(asked[0]) if asked and asked[0].asks_open else None

    def transcript(self, patient_id: str, *, after: int = 0, limit: int = 200) -> Sequence[Message]:
        rows = read(self._session, _BEHIND, patient_id=patient_id, after=after, most=limit)
        return with_buttons(self._session, rows)

    def take_token(self, patient_id: str, token: str, now: datetime) -> Offered | None:
        if not _TOKEN.fullmatch(token):  # a forged one may hold what no database takes
            return None
        row_of(self._session, patient_id, lock=True)
        found = read(self._session, _OFFERED, token=token, patient_id=patient_id)
        if not found:
            return None
        (offered,) = found
        self._session.execute(_USED_UP, {"under": offered.message_id, "now": now})
        return Offered(offered.title, offered.payload)

    def offered_as(self, patient_id: str, words: str) -> str | None:
        shown = read(self._session, _SHOWN, patient_id=patient_id)
        said = words.strip().casefold()
        return next((offer.token for offer in shown if offer.title.casefold() == said), None)

    def drop_offers(self, patient_id: str) -> None:
        """The questions asked so far are dropped with their buttons."""
        row_of(self._session, patient_id, lock=True)
        self._session.execute(
            update(OfferRow).where(OfferRow.patient_id == patient_id, *_LIVE).values(withdrawn=True)
        )
        self._session.execute(_CLOSE, {"patient": patient_id})

    def erase_due_text(self, now: datetime) -> int:
        self._known.clear()
        return erase_due_text(self._session, now)

    def _row(self, message_id: str) -> Row[Any]:
        if message_id not in self._known:
            found = read(self._session, _OF_ID, id=message_id)
            if not found:
                raise NotInRecords(f"no message {message_id} is kept")
            self._known[message_id] = found[0]
        return self._known[message_id]

    def _newest(self, wanted: Select[*tuple[Any, ...]], **which: object) -> Message | None:
        found = read(self._session, wanted, **which)
        return message_of(found[0]) if found else None


def with_buttons(session: Session, rows: Sequence[MessageRow | Row[Any]]) -> list[Message]:
    """The messages, each with the buttons that may still be pressed."""
    said = [row.id for row in rows if row.direction == Direction.OUT.value]
    buttons: dict[str, list[tuple[str, str]]] = defaultdict(list)
    if said:
        for message_id, title, token in session.connection().execute(_BUTTONS, {"said": said}):
            buttons[message_id].append((title, token))
    return [message_of(row, buttons[row.id]) for row in rows]


def _in_order(rows: Sequence[Row[Any]]) -> list[Message]:
    return sorted(map(message_of, rows), key=lambda message: message.seq)


def message_of(row: MessageRow | Row[Any], buttons: Sequence[tuple[str, str]] = ()) -> Message:
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
