"""Which intent a message has, and which entities: rules 1 to 7 of docs/architecture.md, first match wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FALLBACK = "nlu_fallback"
ENDS_THE_FLOW = frozenset({"crisis", "stop", "check"})


@dataclass(frozen=True)
class Guess:
    """One line of the classifier's ranking. `confidence` is from 0 to 1."""

    name: str
    confidence: float


@dataclass(frozen=True)
class Choice:
    """What the message is taken for. `entities` are (slot, value)."""

    name: str
    confidence: float = 1.0
    entities: tuple[tuple[str, Any], ...] = ()


def settled(metadata: Mapping[str, Any]) -> bool:
    """Whether rule 1, 2 or 4 decides and nobody asks what else the words may hold: no need to read them."""
    if (metadata.get("verdict") or {}).get("level") in ENDS_THE_FLOW:
        return True
    answer, question = metadata.get("answer"), metadata.get("question") or {}
    if answer:
        return (question.get("slot"), question.get("form")) != (answer["slot"], "text")
    return bool(metadata.get("intent"))


@dataclass(frozen=True)
class IntentRules:
    """`not_digressions` are beliefs, feelings and the like: said inside an open text question they're its
    answer. `asking` are the words that a question begins with."""

    act_at: float
    sure_at: float
    not_digressions: frozenset[str]
    asking: tuple[str, ...]

    def choose(self, text: str, metadata: Mapping[str, Any], ranking: Sequence[Guess]) -> Choice:
        level = (metadata.get("verdict") or {}).get("level")
        if level in ENDS_THE_FLOW:
            return Choice("safety_stop")
        answer = metadata.get("answer")
        if answer:
            return Choice("answer", entities=((answer["slot"], answer["value"]),))
        if level == "assess":
            return Choice("report_symptom")
        if metadata.get("intent"):
            return Choice(metadata["intent"], entities=tuple((metadata.get("slots") or {}).items()))
        question = metadata.get("question") or {}
        if question.get("form") == "text" and not self._digresses(text, ranking):
            return Choice("answer", entities=((question["slot"], text),))
        if level == "continue":
            return Choice("report_symptom")
        return self._classified(metadata, ranking)

    def _classified(self, metadata: Mapping[str, Any], ranking: Sequence[Guess]) -> Choice:
        best = ranking[0] if ranking else Guess(FALLBACK, 0.0)
        act_at = metadata.get("act_at")
        enough = best.confidence >= (self.act_at if act_at is None else float(act_at))
        return Choice(best.name if enough else FALLBACK, best.confidence)

    def _digresses(self, text: str, ranking: Sequence[Guess]) -> bool:
        if not ranking or ranking[0].confidence < self.sure_at:
            return False
        return ranking[0].name not in self.not_digressions and self._asks(text)

    def _asks(self, text: str) -> bool:
        said = " ".join(text.casefold().replace("’", "'").split()) + " "
        return "?" in said or any(said.startswith(f"{word} ") for word in self.asking)


def classifiers_own(ranking: Iterable[Mapping[str, Any]]) -> list[Guess]:
    """The ranking as the classifier gave it: FallbackClassifier puts its own name in front."""
    return [
        Guess(str(entry["name"]), float(entry["confidence"]))
        for entry in ranking
        if entry["name"] != FALLBACK
    ]


def told_ranking(chosen: Choice, ranking: Iterable[Guess]) -> list[Guess]:
    """What was chosen, and behind it the classifier's own order."""
    behind = [guess for guess in ranking if guess.name != chosen.name]
    return [Guess(chosen.name, chosen.confidence), *behind]
