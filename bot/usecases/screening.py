"""A message becomes facts, and facts a verdict: extraction and triage joined. Fulfils `ports.Screen`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Protocol

from bot.facts.clinical import History, SymptomFact, Urgency, Verdict
from bot.triage.history import soreness_asked_again_at
from bot.triage.rules import Rules


class Extractor(Protocol):
    def read(self, text: str) -> tuple[SymptomFact, ...]: ...
    def meaning(self, text: str) -> bytes | None: ...
    def is_english(self, text: str) -> bool: ...
    def fact(self, sign: str, text: str, region: str | None) -> SymptomFact: ...


class Screening:
    """`make_extractor` is called once, when words are first read: who never reads pays nothing for it.

    `names`: what each sign is called, in words for clinicians.
    """

    def __init__(
        self,
        make_extractor: Callable[[], Extractor],
        rules: Rules,
        version: str,
        names: Mapping[str, str],
    ) -> None:
        self._make_extractor = make_extractor
        self._rules = rules
        self.version = version
        self.names = names

    def make_ready(self) -> None:
        """Read the first words sooner. Raises what is wrong with the vocabulary."""
        _ = self._extractor

    @cached_property
    def _extractor(self) -> Extractor:
        return self._make_extractor()

    def read(self, text: str) -> tuple[SymptomFact, ...]:
        return self._extractor.read(text)

    def meaning(self, text: str) -> bytes | None:
        return self._extractor.meaning(text)

    def is_english(self, text: str) -> bool:
        """False only where the words are clearly in another language: no sign in them would be found."""
        return self._extractor.is_english(text)

    def fact(self, sign: str, text: str, region: str | None) -> SymptomFact:
        """A present sign named by a pressed button. KeyError: no such sign."""
        return self._extractor.fact(sign, text, region)

    def judge(self, facts: Sequence[SymptomFact], history: History, now: datetime) -> Verdict:
        return self._rules.judge(facts, history, now)

    def judge_log(self, history: History, now: datetime) -> Verdict:
        return self._rules.judge_log(history, now)

    def confirmed(self, verdict: Verdict, rules: Iterable[str], urgency: Urgency) -> Verdict:
        """The verdict together with the signs of a check that turned out to be meant."""
        return self._rules.confirmed(verdict, rules, urgency)

    def unanswered(self, rules: Iterable[str]) -> Verdict:
        """What a check is taken for that nobody answers."""
        return self._rules.unanswered(rules)

    def soreness_asked_again_at(self, history: History, told_at: datetime) -> datetime:
        """When sore muscles that eased at `told_at` are asked about again."""
        return soreness_asked_again_at(history, told_at, self._rules.limits)

    def messages_for(self, verdict: Verdict) -> tuple[str, ...]:
        """Content ids of what to say to a verdict, in order; its question last."""
        return self._rules.messages_for(verdict)
