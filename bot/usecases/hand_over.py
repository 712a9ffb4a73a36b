"""A person's own file: everything kept about them, made at the moment it is handed over and kept nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from bot.facts.talk import MY_DATA, Document
from bot.usecases.ports import Library, Records, UnitOfWork

THE_PERSON = "patient"


class HandOver:
    def __init__(self, records: Records, library: Library, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._library = library
        self._clock = clock

    def everything(self, patient_id: str, *, by: str) -> str:
        """All that is kept, as JSON a person can read; times in UTC. LookupError: nobody of that id.

        It is in the audit before anything is read, so that the file tells of its own making too.
        """
        now = self._clock()
        with self._records.unit() as uow:
            uow.patients.get(patient_id)
            uow.audit.record(by, "patient.export", patient_id, "", now)
            uow.commit()
        about = [reply.text for reply in self._library.say("about_my_data")]
        kept = {"about": about, "made_at": now.isoformat(), **self._records.export(patient_id)}
        return json.dumps(kept, ensure_ascii=False, indent=2)

    def document(self, door: str, address: str, message_id: str) -> Document | None:
        """What this message hands over; None where it is another's, or hands nothing over."""
        with self._records.reading() as uow:
            patient = uow.patients.at_door(door, address)
            if patient is None or not _hands_over(uow, patient.id, message_id):
                return None
        return Document(MY_DATA, self.everything(patient.id, by=THE_PERSON).encode())


def _hands_over(uow: UnitOfWork, patient_id: str, message_id: str) -> bool:
    try:
        message = uow.messages.get(message_id)
    except LookupError:
        return False
    return message.patient_id == patient_id and message.document == MY_DATA
