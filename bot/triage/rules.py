"""Facts and history become a verdict. Pure: the signs, their levels and what is said to them come as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.facts.clinical import (
    LIKENESS,
    History,
    Level,
    PastVerdict,
    Presence,
    Reason,
    Subject,
    SymptomFact,
    Time,
    Urgency,
    Verdict,
)
from bot.triage.history import EASING_MUSCLES, Limits, logged_reasons, raised_by_repetition

_URGENCIES = (Urgency.NOW, Urgency.SAME_DAY, Urgency.SOON, Urgency.NONE)
_URGENT = frozenset({Level.CRISIS, Level.STOP})
_MOST_SAID = 2
_SAID_IN_A_CRISIS = (Level.STOP, Level.CRISIS, Level.CHECK)


@dataclass(frozen=True, slots=True)
class SignRule:
    """How one sign is judged and answered. Message ids are content ids; `version` is that of its entry.

    `check` is said where the words leave the sign open, `check_urgency` how soon an unanswered check matters.
    `question` is the one question whose answer would change the level.
    """

    id: str
    version: str
    level: Level
    urgency: Urgency
    message: str | None
    check: str | None = None
    check_urgency: Urgency = Urgency.SAME_DAY
    question: str | None = None
    care: str | None = None
    care_other: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """Every sign, what is said by level and urgency where a sign has no words of its own, and the limits."""

    signs: Mapping[str, SignRule]
    said: Mapping[tuple[Level, Urgency], str]
    check_question: str
    limits: Limits
    logged: Mapping[str, SignRule]

    def judge(self, facts: Sequence[SymptomFact], history: History, now: datetime) -> Verdict:
        """The verdict on one message. Unknown signs count for nothing (their content was removed).

        Mere likeness to a sign counts only where the written rules leave the message at continue or none.
        """
        found = [reason for fact in facts if (reason := self._reason(fact))]
        reasons = [reason for reason in found if reason.by is None]
        if all(reason.level is Level.CONTINUE for reason in reasons):
            reasons = found
        if reasons:
            reasons += self._from_log(_with_told(history, reasons, now), now)
        verdict = self._verdict(reasons, history, now)
        return replace(verdict, care=self._care_beside(verdict.level, facts))

    def judge_log(self, history: History, now: datetime) -> Verdict:
        """What the log alone says, for the moment something new stands in it."""
        return self._verdict(self._from_log(history, now), history, now)

    def confirmed(self, verdict: Verdict, rules: Iterable[str], urgency: Urgency) -> Verdict:
        """The verdict together with the signs of a check that turned out to be meant.

        A sign of crisis is a crisis, however it came; every other one a stop of that urgency.
        """
        meant = [self._meant(rule, urgency) for rule in dict.fromkeys(rules)]
        return _joined(replace(verdict, question=None), meant)

    def unanswered(self, rules: Iterable[str]) -> Verdict:
        """What a check is taken for that nobody answers: what cannot wait is meant, the rest stays open."""
        open_signs = [self.signs[rule] for rule in dict.fromkeys(rules) if rule in self.signs]
        urgent = [sign for sign in open_signs if sign.check_urgency is Urgency.NOW]
        reasons = [self._meant(sign.id, Urgency.NOW) for sign in urgent] or [
            Reason(sign.id, sign.version, Level.CHECK, Urgency.SOON) for sign in open_signs
        ]
        asked_again = Verdict(Level.CHECK, Urgency.SOON, question=self.check_question)
        return _joined(asked_again, reasons)

    def _meant(self, rule_id: str, urgency: Urgency) -> Reason:
        rule = self.signs.get(rule_id)
        if rule is not None and rule.level is Level.CRISIS:
            return Reason(rule_id, rule.version, Level.CRISIS, Urgency.NOW)
        return Reason(rule_id, rule.version if rule else "", Level.STOP, urgency)

    def _from_log(self, history: History, now: datetime) -> list[Reason]:
        return [
            self._logged(rule, level, urgency)
            for rule, level, urgency in logged_reasons(history, now, self.limits)
        ]

    def _verdict(self, reasons: list[Reason], history: History, now: datetime) -> Verdict:
        reasons = _sorted(raised_by_repetition(_once(reasons), history, now, self.limits))
        if not reasons:
            return Verdict(Level.NONE, Urgency.NONE)
        top = reasons[0]
        return Verdict(top.level, top.urgency, tuple(reasons), self._question(top))

    def messages_for(self, verdict: Verdict) -> tuple[str, ...]:
        """Content ids of what to say, in order: the body's emergency first, then crisis; a question last."""
        levels = _SAID_IN_A_CRISIS if verdict.level is Level.CRISIS else (verdict.level,)
        said = [content_id for level in levels for content_id in self._said(verdict, level)]
        said += [content_id for content_id in (verdict.care, verdict.question) if content_id]
        return tuple(dict.fromkeys(said))

    def _said(self, verdict: Verdict, level: Level) -> list[str]:
        reasons = [r for r in verdict.reasons if r.level is level]
        if level is Level.CRISIS:
            reasons = reasons[:1]
        if level is Level.CONTINUE:
            reasons = reasons[:1]
        found = [m for r in reasons if (m := self._message(r))]
        return list(dict.fromkeys(found))[:_MOST_SAID]

    def _message(self, reason: Reason) -> str | None:
        rule = self.signs.get(reason.rule) or self.logged.get(reason.rule)
        general = self.said.get((reason.level, reason.urgency))
        if rule is None:
            return general
        if reason.level is Level.CHECK:
            return rule.check or general
        if rule.level is Level.CRISIS:
            return rule.message
        if reason.level is Level.STOP and reason.urgency is not rule.urgency:
            return general
        return rule.message or general

    def _reason(self, fact: SymptomFact) -> Reason | None:
        rule = self.signs.get(fact.sign)
        if rule is None or rule.level is Level.NONE or _taken_back(fact):
            return None
        level, urgency = rule.level, rule.urgency
        if fact.subject is Subject.OTHER:
            return None
        if fact.subject is Subject.OTHER_NOW:
            if level not in _URGENT:
                return None
        elif fact.presence is Presence.DOUBTFUL and level in _URGENT:
            level, urgency = Level.CHECK, rule.check_urgency
        by = LIKENESS if LIKENESS in fact.cues else None
        return Reason(rule.id, rule.version, level, urgency, fact.evidence, fact.region, by)

    def _care_beside(self, level: Level, facts: Sequence[SymptomFact]) -> str | None:
        """The gentle word that goes with a verdict; a past crisis is no matter beside a present one."""
        rules = [(self.signs[fact.sign], fact) for fact in facts if fact.sign in self.signs]
        beside = [(rule, fact) for rule, fact in rules if not rule.level is level is Level.CRISIS]
        return next((care for rule, fact in beside if (care := _care(rule, fact))), None)

    def _question(self, top: Reason) -> str | None:
        if top.level is Level.CHECK:
            return self.check_question
        rule = self.signs.get(top.rule) or self.logged.get(top.rule)
        return rule.question if rule and top.level is not Level.CRISIS else None

    def _logged(self, rule_id: str, level: Level, urgency: Urgency) -> Reason:
        return Reason(rule_id, self.logged[rule_id].version, level, urgency)


def _with_told(history: History, reasons: Sequence[Reason], now: datetime) -> History:
    """The history with what this message tells: muscles that ease now are known to the rules over the log."""
    told = [r for r in reasons if r.rule == EASING_MUSCLES]
    verdicts = tuple(PastVerdict(now, r.level, r.urgency, (r.rule,)) for r in told)
    return replace(history, verdicts=history.verdicts + verdicts)


def _taken_back(fact: SymptomFact) -> bool:
    return fact.presence in {Presence.DENIED, Presence.SUPPOSED} or fact.time is Time.PAST


def _care(rule: SignRule, fact: SymptomFact) -> str | None:
    """Due where a crisis is denied, past or another's, and where a sign calls for nothing but care."""
    if fact.subject is Subject.OTHER:
        return rule.care_other
    return rule.care if _taken_back(fact) or rule.level is Level.NONE else None


def _joined(verdict: Verdict, reasons: Sequence[Reason]) -> Verdict:
    """The verdict with further reasons, as urgent as the most urgent of all."""
    together = _once(_sorted([*verdict.reasons, *reasons]))
    if not together:
        return verdict
    return replace(verdict, level=together[0].level, urgency=together[0].urgency, reasons=tuple(together))


def _sorted(reasons: Iterable[Reason]) -> list[Reason]:
    """Most urgent first."""
    return sorted(reasons, key=lambda r: (r.level.rank, _URGENCIES.index(r.urgency)))


def _once(reasons: Iterable[Reason]) -> list[Reason]:
    """One reason for each rule and level; a sign that is asserted isn't also asked about."""
    kept: dict[tuple[str, Level], Reason] = {}
    for reason in reasons:
        key = (reason.rule, reason.level)
        if key in kept:
            before = kept[key]
            kept[key] = replace(
                before, evidence=before.evidence + reason.evidence, region=before.region or reason.region
            )
        else:
            kept[key] = reason
    asserted = {rule for rule, level in kept if level in _URGENT}
    return [r for (rule, level), r in kept.items() if not (level is Level.CHECK and rule in asserted)]
