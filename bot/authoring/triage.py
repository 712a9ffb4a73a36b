"""`safecue triage`: what screening makes of a text, for authors and for measuring.

    safecue triage "my knee gave way"   level, urgency, signs, rules, question
    safecue triage --jsonl FILE|-       JSON lines: {"text": ..., "context": {"question": ...}?}; verdicts out
    safecue triage --explain "..."      the text with its spans, and which rule, cue and repair did it

A question is one of ours by its id (`ask_check`, `pain_now`), or anybody's in words ("Which leg went weak?").
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.assembly import open_second_voice
from bot.extraction import SecondVoice, build
from bot.extraction.extractor import BadVocabulary, Extractor
from bot.facts.clinical import History, Reason, SymptomFact, Verdict
from bot.library.library import ContentLibrary, load_library
from bot.library.reading import ContentFaults
from bot.library.screening_content import ScreeningContent, load_screening
from bot.settings import load
from bot.usecases.asked import read_with_question
from bot.usecases.reading import Answer, read_answer
from bot.usecases.screening import Screening
from bot.usecases.settle import CHECK_BECOMES

CONTENT = Path(__file__).resolve().parents[2] / "content"


class Bench:
    """Screening as it is assembled, with a way to ask why."""

    def __init__(
        self, content: ScreeningContent, voice: SecondVoice | None = None, root: Path = CONTENT
    ) -> None:
        self._content = content
        self._root = root
        self._extractor: Extractor = build(content.vocabulary, voice)
        self.screening = Screening(lambda: self._extractor, content.rules, content.version, content.names)

    @cached_property
    def _library(self) -> ContentLibrary:
        """Only read where a question of ours is named."""
        return load_library(self._root)

    def judge(self, text: str, question: str | None = None) -> Verdict:
        answer = self._answer(text, question)
        if answer is not None:
            return self._judge_answer(text, answer)
        facts = self.screening.read(text) if question is None else self._read_with(text, question)
        return self.screening.judge(facts, History(), datetime.now(UTC))

    def _judge_answer(self, text: str, answer: Answer) -> Verdict:
        """As on arrival: a sign that the answer names, words of its own, and what a check becomes by it."""
        sign = answer.option.sign if answer.option else None
        named = (self.screening.fact(sign, text, None),) if sign else self.screening.read(text)
        verdict = self.screening.judge(named, History(), datetime.now(UTC))
        urgency = CHECK_BECOMES.get(answer.value) if answer.slot == "check" else None
        return self.screening.confirmed(verdict, ["check"], urgency) if urgency else verdict

    def _read_with(self, text: str, question: str) -> tuple[SymptomFact, ...]:
        return read_with_question(text, question, self.screening.read)

    def _answer(self, text: str, question: str | None) -> Answer | None:
        """What the text answers to a question of ours."""
        if question is None or " " in question.strip():
            return None
        asked = self._library.question(question.strip())
        found = read_answer(asked, text, self._library.short_form(text)) if asked else None
        return found if isinstance(found, Answer) else None

    def record(self, text: str, question: str | None = None) -> dict[str, Any]:
        """The verdict as plain values."""
        verdict = self.judge(text, question)
        answer = self._answer(text, question)
        return {
            "answer": {"slot": answer.slot, "value": answer.value} if answer else None,
            "level": verdict.level.value,
            "urgency": verdict.urgency.value,
            "signs": [self._sign(reason) for reason in verdict.reasons],
            "rules": [reason.by or reason.rule for reason in verdict.reasons],
            "question": verdict.question,
            "care": verdict.care,
            "messages": list(self.screening.messages_for(verdict)),
            "version": self.screening.version,
        }

    def explain(self, text: str) -> Iterator[str]:
        reading = self._extractor.reading(text)
        yield text.replace("\n", " ")
        yield _underlined(text, [(e.start, e.end) for fact in reading.facts for e in fact.evidence])
        for fact in reading.facts:
            file, line = self._content.homes.get(fact.sign, ("", 0))
            words = " | ".join(e.text for e in fact.evidence)
            state = f"{fact.presence.value}, {fact.subject.value}, {fact.time.value}"
            yield f"  {fact.sign} ({file}:{line}): {words!r}: {state}"
            for cue in fact.cues:
                file, line = self._content.homes.get(f"cue:{cue}", ("", 0))
                yield f"    cue {cue} ({file}:{line})"
        for one in reading.heard:
            clause = text[reading.words[one.first].start : reading.words[one.last - 1].end]
            yield f"  likeness {one.likeness:.2f} to a sign, most to {one.sign}: {clause!r}"
        for word in reading.words:
            if word.raw is not None:
                yield f"  read {word.raw!r} as {word.text!r}"

    def _sign(self, reason: Reason) -> dict[str, Any]:
        return {
            "sign": reason.rule,
            "by": reason.by,
            "name": self._content.names.get(reason.rule, reason.rule),
            "version": reason.version,
            "level": reason.level.value,
            "urgency": reason.urgency.value,
            "region": reason.region,
            "spans": [{"start": e.start, "end": e.end, "text": e.text} for e in reason.evidence],
        }


def run(argv: Sequence[str]) -> int:
    """0: done; 1: the content has faults; 2: an input line that isn't as it should be."""
    arguments = _parser().parse_args(argv)
    try:
        content = load_screening(arguments.content)
        voice = open_second_voice(load(), content.bank, _to_stderr)
        bench = Bench(content, voice, arguments.content)
    except (ContentFaults, BadVocabulary) as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.jsonl is not None:
        return _each_line_of(bench, arguments.jsonl)
    text = " ".join(arguments.text)
    for line in _shown(bench.record(text)):
        print(line)
    if arguments.explain:
        print(*bench.explain(text), sep="\n")
    return 0


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="safecue triage", description="What screening makes of a text.")
    parser.add_argument("text", nargs="*")
    parser.add_argument("--jsonl", metavar="FILE", help="one JSON object a line; - reads standard input")
    parser.add_argument("--explain", action="store_true", help="say which rule, cue and repair did it")
    parser.add_argument("--content", type=Path, default=CONTENT, help=argparse.SUPPRESS)
    return parser


def _each_line_of(bench: Bench, name: str) -> int:
    if name == "-":
        return _each_line(bench, sys.stdin)
    try:
        with Path(name).open(encoding="utf-8") as lines:
            return _each_line(bench, lines)
    except (OSError, UnicodeDecodeError) as fault:
        print(f"{name} can't be read: {type(fault).__name__}", file=sys.stderr)
        return 2


def _each_line(bench: Bench, lines: Iterable[str]) -> int:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            text, question = str(given["text"]), (given.get("context") or {}).get("question")
            if not isinstance(question, str | None):
                raise TypeError
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
            print(
                f"line {number}: give a JSON object with a text, and a question in words or by its id if any",
                file=sys.stderr,
            )
            return 2
        print(json.dumps(bench.record(text, question), ensure_ascii=False), flush=True)
    return 0


def _shown(record: Mapping[str, Any]) -> Iterator[str]:
    yield f"{record['level']}, {record['urgency']}"
    for sign in record["signs"]:
        spans = ", ".join(repr(span["text"]) for span in sign["spans"])
        yield f"  {sign['sign']} ({sign['name']}), {sign['level']}, {sign['urgency']}: {spans}"
    for name in ("question", "care"):
        if record[name]:
            yield f"  {name}: {record[name]}"
    if record["messages"]:
        yield f"  says: {', '.join(record['messages'])}"


def _underlined(text: str, spans: Iterable[tuple[int, int]]) -> str:
    marks = [" "] * len(text)
    for start, end in spans:
        marks[start:end] = "^" * (end - start)
    return "".join(marks).rstrip()


if __name__ == "__main__":
    raise SystemExit(run(sys.argv[1:]))
