"""The talk as a door shows it, and the report of what it delivered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta, tzinfo

from bot.facts.clinical import PainEntry
from bot.facts.talk import Answered, Message
from bot.usecases.ports import Library, Records
from bot.usecases.present_state import zone_of


class ReadTalk:
    def __init__(self, records: Records, library: Library, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._library = library
        self._clock = clock

    def transcript(self, door: str, address: str, *, after: int = 0) -> Sequence[Message]:
        """Both directions in order, from behind `after`; nothing for somebody who never wrote."""
        with self._records.reading() as uow:
            patient = uow.patients.at_door(door, address)
            return uow.messages.transcript(patient.id, after=after) if patient else ()

    def patient_id(self, door: str, address: str) -> str | None:
        with self._records.reading() as uow:
            patient = uow.patients.at_door(door, address)
            return patient.id if patient else None

    def answer_to(self, message_id: str) -> Answered:
        with self._records.reading() as uow:
            return Answered(uow.messages.replies_to(message_id), uow.messages.get(message_id).understanding)

    def delivered(self, message_ids: Collection[str]) -> None:
        with self._records.unit(redone=True) as uow:
            uow.outbox.sent(message_ids, self._clock())
            uow.commit()

    def progress(self, patient_id: str) -> Sequence[PainEntry]:
        """The pain values of the days that the progress picture shows."""
        days = timedelta(days=self._library.number("progress_days"))
        with self._records.reading() as uow:
            return uow.log.pains(patient_id, self._clock() - days)

    def zone(self, patient_id: str) -> tzinfo:
        """Whose midnights part the days of the progress picture: the patient's own, not this machine's."""
        with self._records.reading() as uow:
            return zone_of(uow.patients.get(patient_id), self._library)
