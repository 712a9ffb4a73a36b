"""How a patient's answer settles what stands open: a check, a stop, a crisis, an assess. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.facts.clinical import Level, Reason, Urgency, Verdict
from bot.usecases.ports import OpenAssessment
from bot.usecases.reading import Answer, Misfit

# What each answer to the check's question turns it into; an answer that isn't here closes it.
CHECK_BECOMES = {"now": Urgency.NOW, "unsure": Urgency.NOW, "passed": Urgency.SAME_DAY}


@dataclass(frozen=True, slots=True)
class Settlement:
    """Assessments that the answer closes, why, and what we say to it (content ids).

    `resumes`: an interrupted flow goes on by itself. After a stop it is only offered.
    """

    closes: tuple[int, ...] = ()
    reason: str = ""
    says: tuple[str, ...] = ()
    resumes: bool = False


def settle(
    verdict: Verdict,
    answer: Answer | Misfit | None,
    standing: Sequence[OpenAssessment],
    version: str,
    may_end_crisis: Callable[[OpenAssessment], bool],
) -> tuple[Verdict, Settlement]:
    """The verdict with the answer's weight, and what it closes. New signs in the same words go first.

    `may_end_crisis`: whether the person may end it alone (no clinician is named, and a new day began).
    """
    if not isinstance(answer, Answer):
        return verdict, Settlement()
    if answer.slot == "check":
        return _settle_check(verdict, answer.value, _of(standing, Level.CHECK), version)
    says = _ANSWERS.get((answer.slot, answer.value))
    if says is None or verdict.level.rank <= Level.CHECK.rank:
        return verdict, Settlement()
    level, closing, content_id = says
    open_ones = _of(standing, level)
    if not open_ones:
        return verdict, Settlement(says=("nothing_open",))
    if level is Level.CRISIS and closing and not all(map(may_end_crisis, open_ones)):
        return verdict, Settlement(says=("crisis_not_yet",))
    closes = tuple(a.id for a in open_ones) if closing else ()
    resumes = closing and level is Level.ASSESS
    return verdict, Settlement(closes, f"{answer.slot}: {answer.value}", (content_id,), resumes)


_ANSWERS = {
    ("care_sought", "yes_seen"): (Level.STOP, True, "stop_cleared"),
    ("care_sought", "not_yet"): (Level.STOP, False, "stop_still_open"),
    ("assess_settled", "settled"): (Level.ASSESS, True, "assess_cleared"),
    ("assess_settled", "still"): (Level.ASSESS, False, "assess_still_open"),
    ("assess_settled", "still_worse"): (Level.ASSESS, False, "assess_worse"),
    ("crisis_over", "safe"): (Level.CRISIS, True, "crisis_cleared"),
    ("crisis_over", "not_safe"): (Level.CRISIS, False, "say_crisis"),
}


def _settle_check(
    verdict: Verdict, value: str, checks: Sequence[OpenAssessment], version: str
) -> tuple[Verdict, Settlement]:
    closes = tuple(a.id for a in checks)
    reason = f"check: {value}"
    urgency = CHECK_BECOMES.get(value)
    if urgency is None:
        return verdict, Settlement(closes, reason, ("check_closed",), resumes=True)
    if verdict.level.rank <= Level.STOP.rank:
        return verdict, Settlement(closes, reason)
    rules = dict.fromkeys(rule for a in checks for rule in a.rules)
    reasons = tuple(Reason(rule, version, Level.STOP, urgency) for rule in rules)
    return Verdict(Level.STOP, urgency, reasons), Settlement(closes, reason)


def _of(standing: Sequence[OpenAssessment], level: Level) -> list[OpenAssessment]:
    return [a for a in standing if a.level is level]
