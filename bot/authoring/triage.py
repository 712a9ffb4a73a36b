"""`safecue triage`: what screening makes of a text, for authors and for measuring.

safecue triage "my knee gave way"        level, urgency, signs, rules, question
    safecue triage --jsonl FILE|-            JSON lines in, {"text": ...}, and JSON lines out
safecue triage --explain "..."           the text with its spans, and which rule, cue and repair did it
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from bot.assembly import open_second_voice
from bot.extraction import BadVocabulary, Extractor, SecondVoice, build
from bot.facts.clinical import History, Reason, Verdict
from bot.library.reading import ContentFaults
from bot.library.screening_content import ScreeningContent, load_screening
from bot.settings import load
from bot.usecases.screening import Screening

CONTENT = Path(__file__).resolve().parents[2] / "content"


class Bench:
    """Screening as it is assembled, with a way to ask why."""

    def __init__(self, content: ScreeningContent, voice: SecondVoice | None = None) -> None:
        self._content = content
        self._extractor: Extractor = build(content.vocabulary, voice)
        self.screening = Screening(lambda: self._extractor, content.rules, content.version)

    def judge(self, text: str, question: str | None = None) -> Verdict:
        facts = self.screening.read(text, question)
        return self.screening.judge(facts, History(), datetime.now(UTC))

    def record(self, text: str, question: str | None = None) -> dict[str, Any]:
        """The verdict as plain values."""
        verdict = self.judge(text, question)
        return {
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
        bench = Bench(content, open_second_voice(load(), content.bank, _to_stderr))
    except (ContentFaults, BadVocabulary) as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.jsonl is not None:
        with ExitStack() as stack:
            lines: TextIO = sys.stdin
            if arguments.jsonl != "-":
                lines = stack.enter_context(Path(arguments.jsonl).open(encoding="utf-8"))
            return _each_line(bench, lines)
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


def _each_line(bench: Bench, lines: Iterable[str]) -> int:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            text, question = str(given["text"]), (given.get("context") or {}).get("question")
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
            print(f"line {number}: give a JSON object with a text", file=sys.stderr)
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
