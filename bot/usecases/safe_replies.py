"""Words that a clinician sends by hand: approved templates only, and only what may be said now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.facts.staff import Actor
from bot.facts.talk import Patient, Reply, Standing
from bot.triage.guarantee import PresentState, may_say
from bot.usecases.access import Permission, check
from bot.usecases.conversations import seen_patient
from bot.usecases.deliver import numbers_of
from bot.usecases.ports import Library, Records, UnitOfWork
from bot.usecases.present_state import present_state

NOT_ON_BOARD = "The patient does not take part now."
STANDS = "It may not be said while a crisis, stop, check or assess stands open."


class MayNotBeSaid(Exception):
    """The guarantee forbids these words at this moment. The words of the fault say why."""


@dataclass(frozen=True, slots=True)
class Template:
    """One of the approved texts as this patient would read it. `refusal`: why it may not be said now."""

    id: str
    title: str
    replies: tuple[Reply, ...]
    refusal: str | None


class SafeReplies:
    def __init__(self, records: Records, library: Library, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._library = library
        self._clock = clock

    def templates(self, actor: Actor, patient_id: str) -> Sequence[Template]:
        """Raises Refused. LookupError: no such patient."""
        with self._records.reading() as uow:
            patient = seen_patient(uow, actor, patient_id, self._clock())
            state = present_state(uow, patient, self._clock(), self._library)
        return [self._template(name, actor, patient, state) for name in self._library.safe_replies()]

    def send(self, actor: Actor, patient_id: str, template_id: str) -> str:
        """Put it into the outbox; the id of its last message.

        Raises MayNotBeSaid, Refused. LookupError: no such patient or template.
        """
        check(actor, Permission.CARE)
        if template_id not in self._library.safe_replies():
            raise LookupError("no such template")
        with self._records.unit() as uow:
            seen_patient(uow, actor, patient_id, self._clock())
            patient = uow.patients.hold(patient_id)
            state = present_state(uow, patient, self._clock(), self._library)
            template = self._template(template_id, actor, patient, state)
            if template.refusal:
                raise MayNotBeSaid(template.refusal)
            sent = [self._say(uow, actor, patient_id, reply) for reply in template.replies]
            version = template.replies[0].version
            uow.audit.record(
                actor.id, "reply.send", patient_id, f"{template_id}, version {version}", self._clock()
            )
            uow.commit()
        return sent[-1]

    def _template(self, name: str, actor: Actor, patient: Patient, state: PresentState) -> Template:
        numbers = numbers_of(patient, self._library)
        replies = self._library.say(name, clinician=actor.name, **numbers)
        return Template(name, self._library.safe_replies()[name], replies, _refusal(patient, replies, state))

    def _say(self, uow: UnitOfWork, actor: Actor, patient_id: str, reply: Reply) -> str:
        message = uow.messages.say(patient_id, reply, in_reply_to=None, now=self._clock())
        uow.margins.sent_by_hand(patient_id, message.id, by=actor.id, by_name=actor.name)
        return message.id


def _refusal(patient: Patient, replies: Sequence[Reply], state: PresentState) -> str | None:
    if patient.standing is not Standing.ACTIVE:
        return NOT_ON_BOARD
    return None if all(may_say(r.kind, r.region, state) for r in replies) else STANDS
