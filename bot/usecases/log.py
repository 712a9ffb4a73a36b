"""The symptom log as the patient keeps it: one tap for pain, a few for a session, and a look back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from bot.facts.clinical import PainEntry, SessionEntry
from bot.usecases.amounts import minutes_in, pain_in
from bot.usecases.flow import SKIPPED, Answers, Outcome, QuietFlow, Step, Talk
from bot.usecases.ports import Library, Records
from bot.usecases.present_state import zone_of

ANY_ACTIVITY = "activity"


class LogPain(QuietFlow):
    """Pain 0-10, once for each message."""

    name = "log_form"
    steps: tuple[Step, ...] = (Step("pain_now", skippable=False),)

    def __init__(self, records: Records) -> None:
        self._records = records

    def answered(self, talk: Talk, question: str, value: str) -> Outcome:
        with self._records.unit() as uow:
            uow.log.add_pain(
                talk.patient.id,
                pain=int(value),
                region=talk.patient.profile.get("region"),
                message_id=talk.message_id,
                now=talk.now,
            )
            uow.commit()
        return Outcome(says=("pain_logged",))

    def told(self, text: str) -> Answers:
        return _as_answer("pain_now", pain_in(text))


class CorrectPain(QuietFlow):
    """Another value for the last pain entry of this talk. The change is audited, the values are not."""

    name = "correct_log_form"
    steps: tuple[Step, ...] = (Step("pain_again"),)

    def __init__(self, records: Records, library: Library) -> None:
        self._records = records
        self._library = library

    def answered(self, talk: Talk, question: str, value: str) -> Outcome:
        return Outcome(says=("left_unchanged" if value == SKIPPED else self.replace(talk, int(value)),))

    def replace(self, talk: Talk, pain: int) -> str:
        """The content id of what became of it."""
        since = talk.now - timedelta(hours=self._library.number("correct_within_hours"))
        with self._records.unit() as uow:
            entry = uow.log.correct_pain(talk.patient.id, pain=pain, since=since)
            if entry is None:
                return "nothing_to_correct"
            uow.audit.record("patient", "log.correct", talk.patient.id, f"pain entry {entry}", talk.now)
            uow.commit()
        return "pain_corrected"


class LogSession(QuietFlow):
    """What was done today: minutes, whether they are coping (#60), and pain after it (#142).

    What they did comes before how it felt (C32).
    """

    name = "session_form"
    steps: tuple[Step, ...] = (Step("session_minutes"), Step("session_coped"), Step("session_pain"))

    def __init__(self, records: Records) -> None:
        self._records = records

    def completed(self, talk: Talk) -> Outcome:
        coped = talk.answers.get("session_coped")
        entry = SessionEntry(
            at=talk.now,
            exercise=talk.patient.profile.get("movement") or ANY_ACTIVITY,
            minutes=_number(talk.answers.get("session_minutes")),
            region=talk.patient.profile.get("region"),
            pain_after=_number(talk.answers.get("session_pain")),
            coped={"yes": True, "no": False}.get(coped or ""),
        )
        with self._records.unit() as uow:
            uow.log.add_session(talk.patient.id, entry, message_id=talk.message_id)
            uow.commit()
        return Outcome(says=("session_not_coped" if entry.coped is False else "session_logged",), ends=True)

    def told(self, text: str) -> Answers:
        return _as_answer("session_minutes", minutes_in(text))


def _as_answer(question: str, amount: int | None) -> Answers:
    return {} if amount is None else {question: str(amount)}


def _number(answer: str | None) -> int | None:
    return int(answer) if answer and answer.isdigit() else None


class Progress:
    """The last days of the pain log, one line for a day."""

    def __init__(self, records: Records, library: Library) -> None:
        self._records = records
        self._library = library

    def days(self, patient_id: str, now: datetime) -> tuple[str, ...]:
        """`19 Nov: 4, 5` for each day with entries, in the patient's own zone, oldest first."""
        since = now - timedelta(days=self._library.number("progress_days"))
        with self._records.reading() as uow:
            patient = uow.patients.get(patient_id)
            pains = uow.log.pains(patient_id, since)
        return _by_day(pains, zone_of(patient, self._library))


def _by_day(pains: Sequence[PainEntry], zone: tzinfo) -> tuple[str, ...]:
    days: dict[str, list[str]] = {}
    for entry in sorted(pains, key=lambda pain: pain.at):
        at = entry.at.astimezone(zone)
        days.setdefault(f"{at.day} {at:%b}", []).append(str(entry.pain))
    return tuple(f"{day}: {', '.join(values)}" for day, values in days.items())
