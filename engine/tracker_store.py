"""Where the engine keeps its conversations: encrypted, without the patients' words, one session deep."""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, MultiFernet
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from sqlalchemy.orm import declarative_base, sessionmaker

KEYS_SETTING = "SAFECUE_ENGINE_STORE_KEYS"
ANSWERS_KEPT = 50

Base = declarative_base()


@functools.lru_cache(maxsize=1)
def cipher() -> MultiFernet:
    """The store's keys from the environment: the first encrypts, all decrypt.

    Raises RasaException when there are none or one can't be used.
    """
    keys = [key.strip() for key in os.environ.get(KEYS_SETTING, "").split(",") if key.strip()]
    if not keys:
        raise RasaException(f"{KEYS_SETTING} is empty: the engine keeps no conversation in clear text.")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as fault:
        raise RasaException(f"{KEYS_SETTING} holds something that is no Fernet key.") from fault


class Encrypted(sa.types.TypeDecorator):
    """A text column that is cipher text in the database."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else cipher().encrypt(value.encode()).decode()

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else cipher().decrypt(value.encode()).decode()


class StoredEvent(Base):
    """One event of a conversation. Rasa reads these columns by name."""

    __tablename__ = "events"

    id = sa.Column(sa.Integer, sa.Sequence("events_id_seq", optional=True), primary_key=True)
    sender_id = sa.Column(sa.String(255), nullable=False, index=True)
    type_name = sa.Column(sa.String(255), nullable=False)
    timestamp = sa.Column(sa.Float)
    data = sa.Column(Encrypted)


class StoredAnswer(Base):
    """What the engine answered to one message."""

    __tablename__ = "answers"

    id = sa.Column(sa.Integer, sa.Sequence("answers_id_seq", optional=True), primary_key=True)
    sender_id = sa.Column(sa.String(255), nullable=False)
    message_id = sa.Column(sa.String(255), nullable=False)
    at = sa.Column(sa.Float, nullable=False)
    data = sa.Column(Encrypted)
    __table_args__ = (sa.UniqueConstraint("sender_id", "message_id"),)


class PrivateTrackerStore(SQLTrackerStore):
    """Rasa's SQL store with our tables. `host` is a database address, SQLite or PostgreSQL."""

    Base = Base
    SQLEvent = StoredEvent

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        **kwargs: Any,
    ) -> None:
        cipher()
        if not host or "://" not in host:
            raise RasaException("The tracker store needs a database address as its `url`.")
        super().__init__(domain, host=engine_address(host), event_broker=event_broker, **kwargs)
        if self.engine.name == "sqlite" and self.engine.url.database:
            self._stay_connected()

    def _stay_connected(self) -> None:
        """Rasa would open the file anew for each query, and wait for the disk several times a commit."""
        self.engine = sa.create_engine(
            self.engine.url, poolclass=sa.pool.QueuePool, connect_args={"check_same_thread": False}
        )
        sa.event.listen(self.engine, "connect", _prepare_sqlite)
        self.sessionmaker = sessionmaker(bind=self.engine)

    def _event_query(self, session: Any, sender_id: str, fetch_events_from_all_sessions: bool) -> Any:
        """A session begins at its newest SessionStarted by id: clocks can be set back, ids can't."""
        rows = session.query(StoredEvent).filter(StoredEvent.sender_id == sender_id)
        if not fetch_events_from_all_sessions:
            rows = rows.filter(StoredEvent.id >= _session_start(session, sender_id))
        return rows.order_by(StoredEvent.id)

    async def save(self, tracker: DialogueStateTracker) -> None:
        with self.session_scope() as session:
            self._add_events(session, tracker)
            session.commit()

    async def save_turn(self, tracker: DialogueStateTracker, message_id: str, answer: dict[str, Any]) -> None:
        """Keep the conversation and the answer to its newest message, both or neither."""
        with self.session_scope() as session:
            self._add_events(session, tracker)
            session.add(
                StoredAnswer(
                    sender_id=tracker.sender_id,
                    message_id=message_id,
                    at=time.time(),
                    data=json.dumps(answer),
                )
            )
            session.flush()
            _drop_old_answers(session, tracker.sender_id)
            session.commit()

    def answer_to(self, sender_id: str, message_id: str) -> dict[str, Any] | None:
        """What was answered to that message before, if it is still kept."""
        with self.session_scope() as session:
            row = (
                session.query(StoredAnswer)
                .filter_by(sender_id=sender_id, message_id=message_id)
                .one_or_none()
            )
            return None if row is None else json.loads(row.data)

    def erase(self, sender_id: str) -> int:
        """Remove every row of that person; how many there were."""
        with self.session_scope() as session:
            removed = sum(
                session.query(table).filter(table.sender_id == sender_id).delete(synchronize_session=False)
                for table in (StoredEvent, StoredAnswer)
            )
            session.commit()
            return int(removed)

    def _add_events(self, session: Any, tracker: DialogueStateTracker) -> None:
        events: list[Event] = list(self._additional_events(session, tracker))
        session.add_all(_row(tracker.sender_id, event) for event in events)
        if any(isinstance(event, SessionStarted) for event in events):
            session.flush()
            _drop_earlier_sessions(session, tracker.sender_id)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # A power cut may take the newest turns with it, never the file's soundness: then a question comes twice.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def engine_address(address: str) -> str:
    """The same database by the driver the engine has: it knows psycopg2 only."""
    scheme, _, rest = address.partition("://")
    return f"postgresql+psycopg2://{rest}" if scheme.split("+")[0] in ("postgres", "postgresql") else address


def without_words(event: Event) -> dict[str, Any]:
    """An event as it is kept. No later turn needs what the patient wrote, nor how it was ranked."""
    data: dict[str, Any] = event.as_dict()
    if isinstance(event, UserUttered):
        parsed = data.get("parse_data") or {}
        data["text"] = ""
        data["metadata"] = {}
        data["parse_data"] = {
            "intent": parsed.get("intent"),
            "entities": [{"entity": entity["entity"]} for entity in parsed.get("entities") or []],
            "text": "",
        }
    return data


def _row(sender_id: str, event: Event) -> StoredEvent:
    return StoredEvent(
        sender_id=sender_id,
        type_name=event.type_name,
        timestamp=event.timestamp,
        data=json.dumps(without_words(event)),
    )


def _session_start(session: Any, sender_id: str) -> Any:
    newest = (
        session.query(sa.func.max(StoredEvent.id))
        .filter(StoredEvent.sender_id == sender_id, StoredEvent.type_name == SessionStarted.type_name)
        .scalar()
    )
    return newest or 0


def _drop_earlier_sessions(session: Any, sender_id: str) -> None:
    session.query(StoredEvent).filter(
        StoredEvent.sender_id == sender_id, StoredEvent.id < _session_start(session, sender_id)
    ).delete(synchronize_session=False)


def _drop_old_answers(session: Any, sender_id: str) -> None:
    kept: Iterable[Any] = (
        session.query(StoredAnswer.id)
        .filter(StoredAnswer.sender_id == sender_id)
        .order_by(StoredAnswer.id.desc())
        .limit(ANSWERS_KEPT)
    )
    session.query(StoredAnswer).filter(
        StoredAnswer.sender_id == sender_id, StoredAnswer.id.notin_([row.id for row in kept])
    ).delete(synchronize_session=False)
