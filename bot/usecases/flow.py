"""What a guided talk is: questions in order, what each answer changes, and what is said to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.facts.talk import Patient

SKIPPED = "skipped"
Answers = Mapping[str, str | None]


def _always(talk: Talk) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Talk:
    """Where a patient stands in a flow: their profile, what they answered in it, and what is true just now.

    `ranking` holds the topics the latest message may be about, likeliest first, with confidence 0-1.
    """

    patient: Patient
    answers: Answers
    now: datetime
    message_id: str
    green_today: bool = False
    ranking: Sequence[tuple[str, float]] = ()

    def said(self, question: str) -> str | None:
        """The answer in this flow, else the lasting one of the profile."""
        return self.answers.get(question) or self.patient.profile.get(question)


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a flow. `lasting`: an answer the profile holds needn't be asked again."""

    question: str
    when: Callable[[Talk], bool] = _always
    lasting: bool = False
    skippable: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer leads to: content ids to say, answers that change, whether it ends, what follows.

    `waits`: the flow is left for something that comes first, and offered again.
    """

    says: tuple[str, ...] = ()
    changes: Answers = field(default_factory=dict)
    ends: bool = False
    waits: bool = False
    leads_to: str | None = None


# A sign check that isn't green: which sign it is comes first, then the check again.
WHICH_SIGN = Outcome(says=("ask_which_sign",), changes={"sign_check": None}, ends=True, waits=True)


class Flow(Protocol):
    name: str
    steps: tuple[Step, ...]
    closed_by_alarm: bool

    def answered(self, talk: Talk, question: str, value: str) -> Outcome:
        """Keep the answer. Doing it twice keeps it once."""

    def before(self, talk: Talk, question: str) -> tuple[str, ...]:
        """Content ids said once, before a question is put for the first time."""

    def completed(self, talk: Talk) -> Outcome: ...

    def told(self, text: str) -> Answers:
        """What the words that begin the flow answer already."""


class QuietFlow:
    """Answers that stay in the talk, nothing said in between."""

    name: str
    steps: tuple[Step, ...]
    closed_by_alarm = False

    def answered(self, talk: Talk, question: str, value: str) -> Outcome:
        return Outcome()

    def before(self, talk: Talk, question: str) -> tuple[str, ...]:
        return ()

    def completed(self, talk: Talk) -> Outcome:
        return Outcome(ends=True)

    def told(self, text: str) -> Answers:
        return {}


def asked(step: Step, talk: Talk) -> bool:
    """Whether this step still has to be asked."""
    known = talk.said(step.question) if step.lasting else talk.answers.get(step.question)
    return known is None and step.when(talk)


def next_question(flow: Flow, talk: Talk) -> str | None:
    return next((step.question for step in flow.steps if asked(step, talk)), None)


def previous_question(flow: Flow, talk: Talk, question: str | None) -> str | None:
    """The question answered last before this one, in this flow's order."""
    before: list[str] = []
    for step in flow.steps:
        if step.question == question:
            break
        if talk.answers.get(step.question) is not None and step.when(talk):
            before.append(step.question)
    return before[-1] if before else None


def step_of(flow: Flow, question: str | None) -> Step | None:
    return next((step for step in flow.steps if step.question == question), None)
