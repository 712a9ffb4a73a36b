"""Where the engine keeps its conversations: encrypted, one row a person, and their last answers."""

from __future__ import annotations

import functools
import json
import os
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, MultiFernet
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.exceptions import RasaException

from engine.lasting import Lasting

KEYS_SETTING = "SAFECUE_ENGINE_STORE_KEYS"
ANSWERS_KEPT = 50
TALKERS_AT_HAND = 1000  # about 10 kB each


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


TABLES = sa.MetaData()
CONVERSATIONS = sa.Table(
    "conversations",
    TABLES,
    sa.Column("sender_id", sa.String(255), primary_key=True),
    sa.Column("data", Encrypted, nullable=False),
)
ANSWERS = sa.Table(
    "answers",
    TABLES,
    sa.Column("id", sa.Integer, sa.Sequence("answers_id_seq", optional=True), primary_key=True),
    sa.Column("sender_id", sa.String(255), nullable=False),
    sa.Column("message_id", sa.String(255), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("data", Encrypted),
    sa.UniqueConstraint("sender_id", "message_id"),
)

# Statements are built once: building one costs more than the database's answer.
_SENDER = sa.bindparam("sender")
_READ = sa.select(CONVERSATIONS.c.data).where(CONVERSATIONS.c.sender_id == _SENDER)
_RENEW = sa.update(CONVERSATIONS).where(CONVERSATIONS.c.sender_id == _SENDER)
_ANSWERED = sa.select(ANSWERS.c.message_id).where(ANSWERS.c.sender_id == _SENDER).order_by(ANSWERS.c.id)
_ANSWER = sa.select(ANSWERS.c.data).where(
    ANSWERS.c.sender_id == _SENDER, ANSWERS.c.message_id == sa.bindparam("message")
)
_FORGET = sa.delete(ANSWERS).where(
    ANSWERS.c.sender_id == _SENDER, ANSWERS.c.message_id == sa.bindparam("message")
)


@dataclass
class Talker:
    """One person as the database has them: what lasts, as text, and which messages were answered."""

    lasting: str | None
    answered: deque[str]


class PrivateTrackerStore(TrackerStore):
    """Rasa's place for trackers, used by `Turns` alone. `host` is a database address, SQLite or PostgreSQL.

    This process alone writes it. So people who talked lately are at hand in memory, exactly as they are kept.
    """

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
        super().__init__(domain, event_broker)
        self._database = connected(engine_address(host))
        self._at_hand: OrderedDict[str, Talker] = OrderedDict()

    def lasting(self, sender_id: str) -> Lasting | None:
        """What is kept of that conversation. None: a new person."""
        kept = self._talker(sender_id).lasting
        return None if kept is None else json.loads(kept)

    def answer_to(self, sender_id: str, message_id: str) -> dict[str, Any] | None:
        """What was answered to that message before, if it is still kept."""
        if message_id not in self._talker(sender_id).answered:
            return None
        with self._database.connect() as connection:
            kept = connection.execute(_ANSWER, {"sender": sender_id, "message": message_id}).scalar()
        return None if kept is None else json.loads(kept)

    def save_turn(self, sender_id: str, lasting: Lasting, message_id: str, answer: dict[str, Any]) -> None:
        """Keep the conversation and the answer to its newest message, both or neither."""
        talker = self._talker(sender_id)
        kept = json.dumps(lasting)
        # Whether a commit that breaks off was done is unknown: then the database is asked next time.
        del self._at_hand[sender_id]
        with self._database.begin() as connection:
            if talker.lasting is None:
                connection.execute(CONVERSATIONS.insert(), {"sender_id": sender_id, "data": kept})
            else:
                connection.execute(_RENEW, {"sender": sender_id, "data": kept})
            connection.execute(
                ANSWERS.insert(),
                {
                    "sender_id": sender_id,
                    "message_id": message_id,
                    "at": time.time(),
                    "data": json.dumps(answer),
                },
            )
            if len(talker.answered) >= ANSWERS_KEPT:
                connection.execute(_FORGET, {"sender": sender_id, "message": talker.answered[0]})
        self._keep_at_hand(sender_id, Talker(kept, deque([*talker.answered, message_id], ANSWERS_KEPT)))

    def erase(self, sender_id: str) -> int:
        """Remove every row of that person; how many there were."""
        self._at_hand.pop(sender_id, None)
        with self._database.begin() as connection:
            return sum(
                int(connection.execute(sa.delete(table).where(table.c.sender_id == sender_id)).rowcount)
                for table in (CONVERSATIONS, ANSWERS)
            )

    def _talker(self, sender_id: str) -> Talker:
        """That person, and who talked longest ago out of memory where it is full."""
        talker = self._at_hand.get(sender_id)
        if talker is None:
            with self._database.connect() as connection:
                kept = connection.execute(_READ, {"sender": sender_id}).scalar()
                answered = connection.execute(_ANSWERED, {"sender": sender_id}).scalars()
                talker = Talker(kept, deque(answered, ANSWERS_KEPT))
            self._keep_at_hand(sender_id, talker)
        return talker

    def _keep_at_hand(self, sender_id: str, talker: Talker) -> None:
        self._at_hand[sender_id] = talker
        self._at_hand.move_to_end(sender_id)
        while len(self._at_hand) > TALKERS_AT_HAND:
            self._at_hand.popitem(last=False)


def connected(address: str) -> sa.engine.Engine:
    """The database with our tables, its connections kept open."""
    sqlite = address.startswith("sqlite")
    more = {"poolclass": sa.pool.QueuePool, "connect_args": {"check_same_thread": False}} if sqlite else {}
    database = sa.create_engine(address, **more)
    if sqlite:
        sa.event.listen(database, "connect", _prepare_sqlite)
    try:
        TABLES.create_all(database)
    except sa.exc.DBAPIError:  # another engine made them at the same moment
        TABLES.create_all(database)
    with database.begin() as connection:
        # Before 0.1.0 every event was kept. The records hold what lasts of them, but for a half-filled form.
        connection.execute(sa.text("DROP TABLE IF EXISTS events"))
    return database


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # A power cut may take the newest turns with it, never the file's soundness: then a question comes twice.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def engine_address(address: str) -> str:
    """The same database by the driver the engine has: it knows psycopg2 only."""
    scheme, _, rest = address.partition("://")
    return f"postgresql+psycopg2://{rest}" if scheme.split("+")[0] in ("postgres", "postgresql") else address
