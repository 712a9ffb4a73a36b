"""What clinicians are told of at once."""

from __future__ import annotations

from datetime import datetime

from bot.facts.clinical import Level, Urgency, Verdict
from bot.usecases.ports import UnitOfWork


def raise_flag(uow: UnitOfWork, patient_id: str, verdict: Verdict, assessment: int, now: datetime) -> None:
    """Told to clinicians: each crisis and stop, and what must be seen soon."""
    urgent = verdict.level in {Level.CRISIS, Level.STOP}
    seen_soon = verdict.level is Level.ASSESS and verdict.urgency is not Urgency.NONE
    if urgent or seen_soon:
        uow.flags.raise_(
            patient_id,
            level=verdict.level.value,
            urgency=verdict.urgency.value,
            summary=", ".join(dict.fromkeys(reason.rule for reason in verdict.reasons)),
            assessment_id=assessment,
            now=now,
        )
