"""The records: units of work over one database."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from bot.records import schema
from bot.records.assessments import SqlAssessments
from bot.records.audit import SqlAudit, begin_chain, write_pending
from bot.records.cipher import Cipher, Lookup, new_secret
from bot.records.conversations import SqlConversations
from bot.records.database import gone, open_database, shown
from bot.records.errors import DatabaseSilent, NotMigrated, RecordsGone
from bot.records.exports import export_person
from bot.records.flags import SqlFlags
from bot.records.heartbeats import SqlHeartbeats
from bot.records.margins import SqlMargins
from bot.records.messages import SqlMessages
from bot.records.misses import SqlMisses
from bot.records.outbox import SqlOutbox
from bot.records.patients import HELD, SqlPatients
from bot.records.retention import purge_older
from bot.records.rotation import reseal_all
from bot.records.staff import SqlGlass, SqlInvitations, SqlStaff, SqlTeams
from bot.records.symptom_log import SqlSymptomLog
from bot.records.tables import SecretRow
from bot.usecases import ports


class SqlUnit:
    """One transaction and everything that can be done in it."""

    def __init__(self, session: Session, lookup: Lookup) -> None:
        self._session = session
        self.patients: ports.Patients = SqlPatients(session, lookup)
        self.messages: ports.Messages = SqlMessages(session, lookup)
        self.assessments: ports.Assessments = SqlAssessments(session)
        self.flags: ports.Flags = SqlFlags(session)
        self.log: ports.SymptomLog = SqlSymptomLog(session)
        self.outbox: ports.Outbox = SqlOutbox(session)
        self.audit: ports.Audit = SqlAudit(session)
        self.misses: ports.Misses = SqlMisses(session)
        self.heartbeats: ports.Heartbeats = SqlHeartbeats(session)
        self.staff: ports.Staff = SqlStaff(session, lookup)
        self.teams: ports.Teams = SqlTeams(session)
        self.invitations: ports.Invitations = SqlInvitations(session)
        self.glass: ports.BreakGlass = SqlGlass(session)
        self.conversations: ports.Conversations = SqlConversations(session)
        self.margins: ports.Margins = SqlMargins(session)

    def commit(self) -> None:
        write_pending(self._session)
        self._session.commit()
        self._session.info.pop(HELD, None)


class SqlRecords:
    """Nothing is opened before the first use. Call `migrate` once at the start of every process."""

    def __init__(self, url: str, cipher: Cipher, *, may_begin: bool = True) -> None:
        """`may_begin`: whether an empty database is one to begin with. If not, RecordsGone is raised for one,
        here or by `migrate`."""
        self._engine = open_database(url, cipher, may_begin=may_begin)
        self._reader = self._engine.execution_options(reads_only=True)
        # SQLite lets one write at a time, and has all others sleep for longer and longer. Those of this
        # process queue up instead.
        one_at_a_time = self._engine.dialect.name == "sqlite"
        self._turnstile: AbstractContextManager[object] = (
            threading.RLock() if one_at_a_time else nullcontext()
        )
        self._shown = shown(url)
        self._may_begin = may_begin
        self._cipher = cipher
        self._lookup: Lookup | None = None

    def migrate(self) -> None:
        """Bring the tables up to this version; processes that start together wait for one another.

        Raises WrongKey where the keys don't open this database, NotMigrated where a newer version made it,
        RecordsGone, and DatabaseSilent.
        """
        try:
            self._migrate()
        except OperationalError as error:
            raise DatabaseSilent(f"The database {self._shown} can't be opened: {error.orig}") from error
        self._lookup = self._read_lookup()

    def _migrate(self) -> None:
        with self._engine.begin() as connection:
            if not self._may_begin and not schema.has_begun(connection):
                raise RecordsGone(gone(self._shown))
            schema.upgrade(connection)
            with Session(connection, join_transaction_mode="create_savepoint") as session:
                for name in schema.SECRETS:
                    if session.get(SecretRow, name) is None:
                        session.add(SecretRow(name=name, value=new_secret()))
                session.flush()
                begin_chain(session)
                session.commit()

    @contextmanager
    def unit(self) -> Iterator[SqlUnit]:
        lookup = self._lookup = self._lookup or self._read_lookup()
        with self._turnstile, Session(self._engine, expire_on_commit=False) as session:
            yield SqlUnit(session, lookup)

    @contextmanager
    def reading(self) -> Iterator[SqlUnit]:
        lookup = self._lookup = self._lookup or self._read_lookup()
        with self._reading() as session:
            yield SqlUnit(session, lookup)

    def export(self, patient_id: str) -> Mapping[str, Any]:
        """Raises NotInRecords."""
        with self._reading() as session:
            return export_person(session, patient_id)

    def rotate(self) -> Mapping[str, int]:
        """Reseal every value with the newest key; how many, by table. May be broken off and run again."""
        return reseal_all(self._engine, self._cipher)

    def purge(self, now: datetime, retention: timedelta) -> Mapping[str, int]:
        """Remove what is older than that; how many rows, by table."""
        return purge_older(self._engine, now, retention)

    def console_secret(self) -> str:
        """What the console signs with: the same for every process of this database."""
        return self._read_secret(schema.CONSOLE)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with Session(self._reader) as session:
            yield session

    def _read_lookup(self) -> Lookup:
        return Lookup(self._read_secret(schema.LOOKUP))

    def _read_secret(self, name: str) -> str:
        try:
            with self._reading() as session:
                secret = session.scalar(select(SecretRow.value).where(SecretRow.name == name))
        except (OperationalError, ProgrammingError) as error:
            raise NotMigrated("the database has no tables yet: migrate it first") from error
        if secret is None:
            raise NotMigrated(f"the database has no {name} secret: migrate it first")
        return secret
