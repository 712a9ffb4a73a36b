"""Staff read talks: the list, a stretch of one, and the file of one. Reading stands in the audit first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from bot.facts.clinical import PainEntry
from bot.facts.review import Conversation, Line, Margin, Place, Stretch, Wanted
from bot.facts.staff import Actor
from bot.facts.talk import Message, Patient
from bot.usecases.access import Permission, can
from bot.usecases.ports import Library, Records, UnitOfWork
from bot.usecases.present_state import zone_of
from bot.usecases.sight import check_sees

A_PAGE_OF_TALKS = 50
A_PAGE_OF_LINES = 50
SHOWN_BEFORE = 10  # lines before the one that a link leads to


@dataclass(frozen=True, slots=True)
class Shown:
    """A stretch of a patient's talk with what stands beside it. `zone`: the patient's own clock."""

    patient: Patient
    zone: tzinfo
    stretch: Stretch
    margin: Margin


def seen_patient(uow: UnitOfWork, actor: Actor, patient_id: str, now: datetime) -> Patient:
    """The patient, if they see them. LookupError: no such patient. Raises NotTheirs."""
    patient = uow.patients.get(patient_id)
    check_sees(uow, actor, patient_id, now)
    return patient


class ReadConversations:
    def __init__(self, records: Records, library: Library, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._library = library
        self._clock = clock

    def listed(
        self, actor: Actor, wanted: Wanted, behind: Place | None
    ) -> tuple[Sequence[Conversation], bool]:
        """A page of those they may see, and whether there are more. It holds no patient's words."""
        with self._records.reading() as uow:
            found = uow.conversations.listed(
                wanted,
                staff_id=actor.id,
                teams=actor.teams,
                teamless=can(actor, Permission.LEAD),
                behind=behind,
                limit=A_PAGE_OF_TALKS + 1,
            )
        return found[:A_PAGE_OF_TALKS], len(found) > A_PAGE_OF_TALKS

    def known_tags(self) -> Sequence[str]:
        with self._records.reading() as uow:
            return uow.margins.known_tags()

    def around(self, actor: Actor, patient_id: str, message_id: str) -> Shown:
        """From a little before that message. LookupError: it is none of this talk."""
        self._audit(actor, patient_id, f"around message {message_id}")
        with self._records.reading() as uow:
            message = message_of(uow, patient_id, message_id)
            return self._shown(uow, actor, patient_id, behind=max(0, message.seq - 1 - SHOWN_BEFORE))

    def at_date(self, actor: Actor, patient_id: str, day: date) -> Shown:
        """From the patient's own midnight of that day on; the newest where nothing came since."""
        self._audit(actor, patient_id, f"from {day}")
        with self._records.reading() as uow:
            midnight = datetime.combine(day, time(), zone_of(uow.patients.get(patient_id), self._library))
            seq = uow.conversations.seq_at(patient_id, midnight)
            return self._shown(uow, actor, patient_id, behind=None if seq is None else seq - 1)

    def next(self, actor: Actor, patient_id: str) -> Shown:
        """Where they stopped reading, if more came since than a page holds; else the newest."""
        self._audit(actor, patient_id, "what is new")
        with self._records.reading() as uow:
            read = uow.margins.of(patient_id, staff_id=actor.id).upto_seq
            newest = self._shown(uow, actor, patient_id)
            lines = newest.stretch.lines
            if not read or not lines or lines[0].message.seq <= read + 1:
                return newest
            return self._shown(uow, actor, patient_id, behind=max(0, read - SHOWN_BEFORE))

    def stretch(
        self, actor: Actor, patient_id: str, *, behind: int | None = None, before: int | None = None
    ) -> Shown:
        """See `Conversations.stretch`."""
        self._audit(actor, patient_id, _told(behind, before))
        with self._records.reading() as uow:
            return self._shown(uow, actor, patient_id, behind=behind, before=before)

    def whole(self, actor: Actor, patient_id: str) -> Shown:
        self._audit(actor, patient_id, "everything")
        with self._records.reading() as uow:
            lines = tuple(uow.conversations.whole(patient_id))
            return self._with_margin(uow, actor, patient_id, Stretch(lines, before=False, behind=False))

    def export(self, actor: Actor, patient_id: str, form: str) -> tuple[Sequence[Line], tzinfo]:
        """Every line for a file of that form, and the patient's own clock."""
        self._audit(actor, patient_id, form, action="conversation.export")
        with self._records.reading() as uow:
            return [*uow.conversations.whole(patient_id)], zone_of(
                uow.patients.get(patient_id), self._library
            )

    def pains_shown(
        self, actor: Actor, patient_id: str, message_id: str
    ) -> tuple[Message, Sequence[PainEntry], tzinfo]:
        """A message, and the pain values of the days that its progress picture showed."""
        self._audit(actor, patient_id, f"the picture of message {message_id}")
        days = timedelta(days=self._library.number("progress_days"))
        with self._records.reading() as uow:
            message = message_of(uow, patient_id, message_id)
            pains = uow.log.pains(patient_id, message.at - days)
            zone = zone_of(uow.patients.get(patient_id), self._library)
        return message, [pain for pain in pains if pain.at <= message.at], zone

    def _audit(self, actor: Actor, patient_id: str, detail: str, action: str = "conversation.read") -> None:
        """Before anything is read. LookupError: no such patient. Raises NotTheirs."""
        with self._records.unit() as uow:
            seen_patient(uow, actor, patient_id, self._clock())
            uow.audit.record(actor.id, action, patient_id, detail, self._clock())
            uow.commit()

    def _shown(
        self,
        uow: UnitOfWork,
        actor: Actor,
        patient_id: str,
        *,
        behind: int | None = None,
        before: int | None = None,
    ) -> Shown:
        found = uow.conversations.stretch(patient_id, behind=behind, before=before, limit=A_PAGE_OF_LINES)
        return self._with_margin(uow, actor, patient_id, found)

    def _with_margin(self, uow: UnitOfWork, actor: Actor, patient_id: str, stretch: Stretch) -> Shown:
        patient = uow.patients.get(patient_id)
        margin = uow.margins.of(patient_id, staff_id=actor.id)
        return Shown(patient, zone_of(patient, self._library), stretch, margin)


def message_of(uow: UnitOfWork, patient_id: str, message_id: str) -> Message:
    """LookupError: it is none of this patient's."""
    message = uow.messages.get(message_id)
    if message.patient_id != patient_id:
        raise LookupError("no such message in this talk")
    return message


def _told(behind: int | None, before: int | None) -> str:
    if behind is not None:
        return f"behind message number {behind}"
    return "the newest" if before is None else f"before message number {before}"
