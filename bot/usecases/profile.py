"""What the coach remembers of a person between talks."""

from __future__ import annotations

from collections.abc import Mapping

from bot.facts.talk import Patient, Standing
from bot.usecases.flow import SKIPPED
from bot.usecases.ports import Library, Records

INTERRUPTED = "interrupted_flow"
NO_LIMITS = "none"
# What suggests that the nervous system is more easily set off (#108): a question for tailoring, no diagnosis.
SENSITISATION = ("sens_spread", "sens_focus", "sens_tired", "sens_stress", "sens_senses")
ANSWERED = frozenset({"yes", "no", "unsure"})


class Profiles:
    def __init__(self, records: Records) -> None:
        self._records = records

    def of(self, patient_id: str) -> Patient:
        with self._records.reading() as uow:
            return uow.patients.get(patient_id)

    def remember(self, patient_id: str, changes: Mapping[str, str | None]) -> None:
        """Merge into the profile; None removes. Nothing is kept of somebody who has not consented."""
        with self._records.unit() as uow:
            patient = uow.patients.hold(patient_id)
            new = {key: value for key, value in changes.items() if patient.profile.get(key) != value}
            if not new or not consented(patient):
                return
            uow.patients.remember(patient_id, new)
            uow.commit()

    def interrupt(self, patient_id: str, flow: str | None) -> None:
        """Remember the flow that was left, so that it can be offered again; None forgets it.

        A flow's name says nothing about a person, so it is kept before consent too.
        """
        with self._records.unit() as uow:
            if uow.patients.hold(patient_id).profile.get(INTERRUPTED) != flow:
                uow.patients.remember(patient_id, {INTERRUPTED: flow})
                uow.commit()


def consented(patient: Patient) -> bool:
    return patient.standing is Standing.ACTIVE or "consent" in patient.profile


def limits_of(patient: Patient, library: Library) -> str | None:
    """What their clinician told them to leave out (C30), in their own words; None where there is nothing."""
    said = patient.profile.get("limits")
    if said is None or library.short_form(said) == "deny":
        return None
    return None if said.casefold().strip(" .!") in (SKIPPED, NO_LIMITS) else said


def has_clinician(patient: Patient) -> bool:
    """Whether a clinician looks after them by name (C13)."""
    return patient.profile.get("clinician") == "yes"


def sensitised(answers: Mapping[str, str], noes_from: float) -> bool:
    """Whether to start lower and go up slower (C8, C24): until #108 is answered, mostly with no."""
    given = [answers.get(question) for question in SENSITISATION]
    return not ANSWERED.issuperset(given) or given.count("no") < noes_from


def goes_slowly(patient: Patient, library: Library) -> bool:
    return sensitised(patient.profile, library.number("sensitisation_noes_from"))
