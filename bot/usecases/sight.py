"""Whose patients somebody sees, and how they open another's in need: with a reason, and for a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.facts.staff import Actor, BrokenGlass
from bot.usecases.access import Permission, Refused, can, can_see, check
from bot.usecases.ports import Records, UnitOfWork

OPEN_FOR = timedelta(hours=1)
LONGEST_REASON = 1000  # letters


class NotTheirs(Refused):
    """A patient of another team."""

    def __init__(self, patient_id: str) -> None:
        super().__init__("This is not a patient of your team.")
        self.patient_id = patient_id


def sees(uow: UnitOfWork, actor: Actor, patient_id: str, now: datetime) -> bool:
    """Whether the patient is theirs, or they have opened them in need."""
    if can_see(actor, uow.teams.of_patient(patient_id)):
        return True
    return can(actor, Permission.SEE_PATIENTS) and uow.glass.is_open(patient_id, actor.id, now)


def check_sees(uow: UnitOfWork, actor: Actor, patient_id: str, now: datetime) -> None:
    """Raises NotTheirs."""
    if not sees(uow, actor, patient_id, now):
        raise NotTheirs(patient_id)


@dataclass(frozen=True, slots=True)
class Notices:
    """What supervisors have yet to look at, and who the staff in it are."""

    notes: Sequence[BrokenGlass]
    names: Mapping[str, str]


class Sight:
    def __init__(self, records: Records, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._clock = clock

    def break_glass(self, actor: Actor, patient_id: str, reason: str) -> datetime:
        """Until when the patient is open to them. The reason stays with the patient; supervisors are told.

        ValueError: no reason, or too long a one. LookupError: no such patient.
        """
        check(actor, Permission.CARE)
        if not 0 < len(reason.strip()) <= LONGEST_REASON:
            raise ValueError(f"Write a reason of at most {LONGEST_REASON} letters.")
        now = self._clock()
        with self._records.unit() as uow:
            uow.patients.get(patient_id)
            note = uow.glass.note(patient_id, actor.id, reason=reason.strip(), now=now, until=now + OPEN_FOR)
            uow.audit.record(actor.id, "glass.break", patient_id, f"note {note}", now)
            uow.commit()
        return now + OPEN_FOR

    def notices(self, actor: Actor) -> Notices:
        check(actor, Permission.LEAD)
        with self._records.reading() as uow:
            return Notices(uow.glass.unseen(), {one.id: one.name for one in uow.staff.list()})

    def saw(self, actor: Actor, note_id: int) -> None:
        """A supervisor has looked at it; nobody looks at their own."""
        check(actor, Permission.LEAD)
        with self._records.unit() as uow:
            note = next((note for note in uow.glass.unseen() if note.id == note_id), None)
            if note is None:
                return
            if note.staff_id == actor.id:
                raise Refused("Another supervisor looks at what you opened, not you.")
            uow.glass.see(note_id, actor.id, self._clock())
            uow.audit.record(actor.id, "glass.seen", note.patient_id, f"note {note_id}", self._clock())
            uow.commit()
