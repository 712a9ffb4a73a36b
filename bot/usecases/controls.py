"""What people decide about their own talk. What can't be undone is confirmed first."""

from __future__ import annotations

from collections.abc import Mapping

from bot.facts.flags import REQUEST, FlagKind
from bot.facts.talk import Standing
from bot.usecases.flow import SKIPPED, Outcome, QuietFlow, Step, Talk
from bot.usecases.ports import Library, Records
from bot.usecases.profile import Profiles


class AskForHuman:
    """Tell the clinician's side that somebody wants or needs a person (R9)."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def __call__(self, talk: Talk, topic: str) -> None:
        """One open flag for each topic."""
        with self._records.unit() as uow:
            raised = {flag.summary for flag in uow.flags.of_patient(talk.patient.id) if flag.open}
            if topic in raised:
                return
            uow.flags.raise_(
                talk.patient.id,
                level=REQUEST,
                urgency="soon",
                summary=topic,
                kind=FlagKind.REQUEST,
                assessment_id=None,
                now=talk.now,
            )
            uow.commit()


class AnswerToWish:
    """What is said to a wish for a person. A team names the time it answers in."""

    def __init__(self, records: Records, library: Library) -> None:
        self._records = records
        self._library = library

    def __call__(self, patient_id: str) -> tuple[str, Mapping[str, str]]:
        """Content id and variables."""
        with self._records.reading() as uow:
            looked_after = uow.teams.of_patient(patient_id)
        if not looked_after:
            return "chat_talk_to_clinician", {}
        return "chat_talk_to_clinician_team", {"days": f"{self._library.number('human_answer_days'):g}"}


class OneQuestion(QuietFlow):
    """A single answer that is kept in the profile."""

    def __init__(self, name: str, question: str, says: str, profiles: Profiles) -> None:
        self.name = name
        self.steps = (Step(question),)
        self._question = question
        self._says = says
        self._profiles = profiles

    def completed(self, talk: Talk) -> Outcome:
        value = talk.answers.get(self._question)
        if value is None or value == SKIPPED:
            return Outcome(says=("left_unchanged",), ends=True)
        self._profiles.remember(talk.patient.id, {self._question: value})
        return Outcome(says=(self._says,), ends=True)


class Confirmed(QuietFlow):
    """Something that is done only after a clear yes."""

    def __init__(self, topic: str, records: Records) -> None:
        self.name = f"confirm_{topic}_form"
        self.steps = (Step(f"confirm_{topic}"),)
        self._topic = topic
        self._records = records

    def completed(self, talk: Talk) -> Outcome:
        if talk.answers.get(f"confirm_{self._topic}") != "yes":
            return Outcome(says=("left_unchanged",), ends=True)
        self._do(talk)
        return Outcome(says=(f"{self._topic}_done",), ends=True)

    def _do(self, talk: Talk) -> None:
        raise NotImplementedError


class StopReminders(Confirmed):
    def _do(self, talk: Talk) -> None:
        with self._records.unit() as uow:
            uow.patients.remember(talk.patient.id, {"reminder": "none"})
            uow.commit()


class DeleteData(Confirmed):
    """Marks the person for erasure, which follows this turn's reply: the turn itself still writes."""

    def _do(self, talk: Talk) -> None:
        with self._records.unit() as uow:
            uow.patients.set_standing(talk.patient.id, Standing.LEAVING)
            uow.audit.record("patient", "erase_requested", talk.patient.id, "", talk.now)
            uow.commit()


class ExportData(Confirmed):
    """Writes down that they asked; the words that follow hand the file over."""

    def _do(self, talk: Talk) -> None:
        with self._records.unit() as uow:
            uow.audit.record("patient", "export_requested", talk.patient.id, "", talk.now)
            uow.commit()
