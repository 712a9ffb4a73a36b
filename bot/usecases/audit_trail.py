"""The audit as the console writes it: what was read, and what was refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.facts.staff import Actor
from bot.usecases.ports import Records


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

    def _record(self, who: str, action: str, subject: str, detail: str) -> None:
        with self._records.unit() as uow:
            uow.audit.record(who, action, subject, detail, self._clock())
            uow.commit()
