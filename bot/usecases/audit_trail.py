"""The audit as the console writes it: what was read, and what was refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.facts.audit import AuditEntry
from bot.facts.staff import Account, Actor
from bot.usecases.access import Permission, check
from bot.usecases.ports import Records

AT_ONCE = 100  # entries on a page


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose entries, about whom, from when until before when, and older than which. None: all."""

    actor: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, the newest first, and the staff whose ids stand in them. `full`: there may be older ones."""

    entries: Sequence[AuditEntry]
    staff: Sequence[Account]
    full: bool


class AuditTrail:
    def __init__(self, records: Records, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._clock = clock

    def refused(self, actor: Actor, what: str) -> None:
        """Somebody asked for what they may not have."""
        self._record(actor.id, "refused", actor.id, what)

    def not_signed_in(self, email: str, place: str) -> None:
        """A wrong password or code. The audit knows whose by id only, and no address of anybody else."""
        with self._records.unit() as uow:
            known = uow.staff.signing_in_as(email)
            subject = known.id if known else "nobody"
            uow.audit.record(subject, "session.refused", subject, f"from {place}", self._clock())
            uow.commit()

    def read(self, actor: Actor, patient_id: str, what: str) -> None:
        """Somebody is shown what is kept about a patient; recorded before it is shown."""
        self._record(actor.id, "patient.read", patient_id, what)

    def entries(self, auditor: Actor, wanted: Wanted) -> AuditPage:
        """A page of the audit; looking at it is recorded too."""
        check(auditor, Permission.READ_AUDIT)
        self._record(auditor.id, "audit.read", auditor.id, "")
        with self._records.reading() as uow:
            found = uow.audit.entries(
                actor=wanted.actor,
                subject=wanted.subject,
                since=wanted.since,
                until=wanted.until,
                before=wanted.before,
                limit=AT_ONCE,
            )
            return AuditPage(found, uow.staff.list(), full=len(found) == AT_ONCE)

    def _record(self, who: str, action: str, subject: str, detail: str) -> None:
        with self._records.unit() as uow:
            uow.audit.record(who, action, subject, detail, self._clock())
            uow.commit()
