"""Who did what, and when: kept in a chain, so that a change of it is seen.

Each entry is sealed with an HMAC-SHA256 over its content and the seal of the one before; the key and the
newest seal lie in the database like other secrets, sealed with the encryption keys. Whoever can write the
database and has no key can change, remove or exchange nothing unseen. Entries are written as the last thing
of their transaction, under a lock of the newest seal, so that processes side by side make one chain.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.facts.audit import AuditChain, AuditEntry
from bot.records.rows import change, put
from bot.records.tables import AuditRow, SecretRow

KEY, HEAD = "audit", "audit-head"
_PENDING = "audit"  # in a session's `info`: entries that its transaction will write
_BEGINNING = ""
_BEFORE_ALL = -(2**31)  # below every id that a database takes
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: the newest id, how many entries there are, and the newest seal."""

    last: int
    entries: int
    seal: str


class SqlAudit:
    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, actor: str, action: str, subject: str, detail: str, now: datetime) -> None:
        """Written when the unit is committed."""
        entry = AuditRow(at=now, actor=actor, action=action, subject=subject, detail=detail)
        self._session.info.setdefault(_PENDING, []).append(entry)

    def entries(
        self,
        *,
        actor: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[AuditEntry]:
        """Newest first; `until` is left out itself, and so is the entry `before`."""
        wanted = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        if actor is not None:
            wanted = wanted.where(AuditRow.actor == actor)
        if subject is not None:
            wanted = wanted.where(AuditRow.subject == subject)
        if since is not None:
            wanted = wanted.where(AuditRow.at >= since)
        if until is not None:
            wanted = wanted.where(AuditRow.at < until)
        if before is not None:
            wanted = wanted.where(AuditRow.id < before)
        return [_entry(row) for row in self._session.scalars(wanted)]

    def verify(self) -> AuditChain:
        """Look at every entry, also at those that are added meanwhile."""
        faults: list[str] = []
        found = self._followed(Head(_BEFORE_ALL, 0, _BEGINNING), None, faults)
        head = _head(self._session)
        if found.last < head.last:
            found = self._followed(found, head.last, faults)
        if (found.entries, found.seal) != (head.entries, head.seal):
            faults.append(f"the audit ends with entry {found.last}, and ended with entry {head.last} before")
        return AuditChain(found.entries, found.seal, faults)

    def _followed(self, found: Head, upto: int | None, faults: list[str]) -> Head:
        """The end of the chain, as far as it goes."""
        key = _key(self._session)
        for row in _rows(self._session, found.last, upto):
            if row.seal != _seal(key, row, found.seal):
                faults.append(f"entry {row.id} was changed, or what stood before it was changed or removed")
            found = Head(row.id, found.entries + 1, row.seal or "")
        return found


def write_pending(session: Session) -> None:
    """The entries of this transaction. Afterwards it must be committed without waiting for anything."""
    if not (pending := session.info.pop(_PENDING, [])):
        return
    session.flush()
    head, key = _head(session, lock=True), _key(session)
    for row in pending:
        row.id = head.last + 1
        row.seal = _seal(key, row, head.seal)
        head = Head(row.id, head.entries + 1, row.seal)
    put(session, *pending)
    _keep(session, head)


def begin_chain(session: Session) -> None:
    """Seal the entries from before there was a chain."""
    if session.get(SecretRow, HEAD) is not None:
        return
    key, head = _key(session), Head(0, 0, _BEGINNING)
    for row in _rows(session, _BEFORE_ALL):
        seal = _seal(key, row, head.seal)
        change(session, AuditRow, row.id, seal=seal)
        head = Head(row.id, head.entries + 1, seal)
    session.add(SecretRow(name=HEAD, value=json.dumps(asdict(head))))


def _head(session: Session, *, lock: bool = False) -> Head:
    wanted = select(SecretRow.value).where(SecretRow.name == HEAD)
    return Head(**json.loads(session.scalars(wanted.with_for_update() if lock else wanted).one()))


def _keep(session: Session, head: Head) -> None:
    kept = SecretRow.__table__.update().where(SecretRow.name == HEAD)  # type: ignore[attr-defined]
    session.execute(kept.values(value=json.dumps(asdict(head))))


def _key(session: Session) -> bytes:
    return session.scalars(select(SecretRow.value).where(SecretRow.name == KEY)).one().encode("ascii")


def _rows(session: Session, after: int, upto: int | None = None) -> Iterator[AuditRow]:
    """Oldest first."""
    while True:
        wanted = select(AuditRow).where(AuditRow.id > after).order_by(AuditRow.id).limit(_BATCH)
        rows = session.scalars(wanted if upto is None else wanted.where(AuditRow.id <= upto)).all()
        yield from rows
        if len(rows) < _BATCH:
            return
        after = rows[-1].id


def _seal(key: bytes, row: AuditRow, before: str) -> str:
    at = row.at.astimezone(UTC).isoformat()
    spoken = json.dumps([before, row.id, at, row.actor, row.action, row.subject, row.detail])
    return hmac.new(key, spoken.encode(), hashlib.sha256).hexdigest()


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(row.id, row.at, row.actor, row.action, row.subject, row.detail)
