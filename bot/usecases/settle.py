"""How a patient's answer settles what stands open: a check, a stop, a crisis, an assess. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.facts.clinical import Level, Urgency, Verdict
from bot.usecases.ports import OpenAssessment
from bot.usecases.reading import Answer, Misfit

# What each answer to the check's question turns it into; an answer that isn't here closes it.
CHECK_BECOMES = {"now": Urgency.NOW, "unsure": Urgency.NOW, "passed": Urgency.SAME_DAY}
# The question that tells worked muscles from a joint, and why an assess is closed by the first (C1).
AFTER_24H = "after_24h"
EASING = "after_24h: muscles"


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
    confirmed: Callable[[Verdict, Iterable[str], Urgency], Verdict],
    crisis_stays: Callable[[OpenAssessment], Sequence[str]],
) -> tuple[Verdict, Settlement]:
    """The verdict with the answer's weight, and what it closes. New signs in the same words go first.

    `confirmed` joins the signs of a check that are meant to the verdict. `crisis_stays`: what we say
    (content ids) where the person may not end that crisis; nothing where they may.
    """
    if not isinstance(answer, Answer):
        return verdict, Settlement()
    if answer.slot == "check":
        return _settle_check(verdict, answer.value, _of(standing, Level.CHECK), confirmed)
    if f"{answer.slot}: {answer.value}" == EASING:
        return verdict, _settle_soreness(verdict, standing)
    says = _ANSWERS.get((answer.slot, answer.value))
    if says is None or verdict.level.rank <= Level.CHECK.rank:
        return verdict, Settlement()
    level, closing, content_id = says
    open_ones = _of(standing, level)
    if not open_ones:
        return verdict, Settlement(says=("nothing_open",))
    stays = [words for a in open_ones if (words := crisis_stays(a))] if _ends_crisis(level, closing) else []
    if stays:
        return verdict, Settlement(says=tuple(stays[0]))
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


def _ends_crisis(level: Level, closing: bool) -> bool:
    return level is Level.CRISIS and closing


def _settle_check(
    verdict: Verdict,
    value: str,
    checks: Sequence[OpenAssessment],
    confirmed: Callable[[Verdict, Iterable[str], Urgency], Verdict],
) -> tuple[Verdict, Settlement]:
    closes = tuple(a.id for a in checks)
    reason = f"check: {value}"
    urgency = CHECK_BECOMES.get(value)
    if urgency is None:
        return verdict, Settlement(closes, reason, ("check_closed",), resumes=True)
    return confirmed(verdict, [rule for a in checks for rule in a.rules], urgency), Settlement(closes, reason)


def _settle_soreness(verdict: Verdict, standing: Sequence[OpenAssessment]) -> Settlement:
    """Worked muscles that ease are no matter for a clinician; how they do is asked again (C1, C2)."""
    asked = [a for a in standing if a.level is Level.ASSESS and a.question == f"ask_{AFTER_24H}"]
    if not asked or verdict.level.rank < Level.CONTINUE.rank:
        return Settlement()
    closes = tuple(a.id for a in asked)
    return Settlement(closes, EASING, ("say_continue_easing_muscles",), resumes=True)


def _of(standing: Sequence[OpenAssessment], level: Level) -> list[OpenAssessment]:
    return [a for a in standing if a.level is level]
