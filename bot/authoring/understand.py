"""`safecue understand`: which topic each sentence is taken for, and how sure that is."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.library.library import ContentLibrary, load_library
from bot.settings import ROOT, Settings, load

UNSURE = "nlu_fallback"
ENGINE = ROOT / "engine" / ".venv" / "bin" / "python"


class EngineFault(Exception):
    """The engine's own environment is missing, or it failed; the words to show."""


def run(argv: Sequence[str]) -> int:
    """0: all answered; 1: the engine failed; 2: some lines can't be read, the others were answered."""
    options = _options(argv)
    settings = load()
    texts, faults = read_texts(_lines_of(options.jsonl))
    for fault in faults:
        print(fault, file=sys.stderr)
    try:
        for answer in understand(texts, load_library(settings.content_dir), settings):
            print(json.dumps(answer, ensure_ascii=False))
    except EngineFault as fault:
        print(fault, file=sys.stderr)
        return 1
    return 2 if faults else 0


def read_texts(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """The texts of a JSONL file, and a line for each that could not be read, with its number."""
    texts, faults = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            texts.append(_text_in(line))
        except ValueError as error:
            faults.append(f'line {number}: {error}; write {{"text": "..."}}')
    return texts, faults


def understand(texts: Sequence[str], library: ContentLibrary, settings: Settings) -> list[dict[str, object]]:
    """What each text is taken for: exact short forms first, then the classifier. Raises EngineFault.

    `does` tells what the coach would do so sure: act on it, offer the three likeliest, or show a short menu.
    """
    short = [library.short_form(text) for text in texts]
    asked = [text for text, known in zip(texts, short, strict=True) if known is None]
    classified = iter(classify(asked, settings) if asked else [])
    rankings = [[_sure(known)] if known else likeliest(next(classified)) for known in short]
    return [_told(ranking, library) for ranking in rankings]


def likeliest(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The topics of an answer, likeliest first, without the engine's name for being unsure."""
    return [entry for entry in answer["ranking"] if entry["name"] != UNSURE]


def _told(ranking: list[dict[str, Any]], library: ContentLibrary) -> dict[str, object]:
    best = ranking[0]
    return {
        "intent": best["name"],
        "confidence": best["confidence"],
        "does": _does(best["confidence"], library),
        "ranking": ranking,
    }


def _does(confidence: float, library: ContentLibrary) -> str:
    if confidence >= library.number("act_at"):
        return "act"
    return "offer" if confidence >= library.number("offer_at") else "menu"


def classify(texts: Sequence[str], settings: Settings) -> list[dict[str, Any]]:
    """The classifier's answers, in order; trains the model first unless it is current. Raises EngineFault."""
    _need_the_engine()
    environment = os.environ | settings.for_the_parts()
    _in_the_engine("engine.train", environment, "", tell=True)
    given = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    answered = _in_the_engine("engine.understand", environment, given)
    answers: list[dict[str, Any]] = [json.loads(line) for line in answered.splitlines() if line.strip()]
    if len(answers) != len(texts):
        raise EngineFault(f"The engine answered {len(answers)} of {len(texts)} sentences.")
    return answers


def _need_the_engine() -> None:
    if not ENGINE.exists():
        raise EngineFault("The engine's environment is missing; type: make setup")


def _in_the_engine(module: str, environment: dict[str, str], given: str, tell: bool = False) -> str:
    """Run a module of the engine; what it printed, or nothing if it tells that to the screen at once.

    Raises EngineFault with its last lines.
    """
    ended = subprocess.run(
        [str(ENGINE), "-m", module],
        input=given,
        stdout=sys.stderr if tell else subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    if ended.returncode != 0:
        last = "\n".join(f"    {line}" for line in ended.stderr.splitlines()[-8:])
        raise EngineFault(f"{module} failed (exit {ended.returncode}):\n{last}")
    return ended.stdout or ""


def _sure(intent: str) -> dict[str, Any]:
    return {"name": intent, "confidence": 1.0}


def _text_in(line: str) -> str:
    """Raises ValueError."""
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg} at column {error.colno})") from None
    text = found.get("text") if isinstance(found, dict) else None
    if not isinstance(text, str):
        raise ValueError("no text in it")
    return text


def _lines_of(path: str) -> list[str]:
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return content.decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SystemExit(f"safecue understand: {path} can't be read: {error}") from None


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="safecue understand", description=__doc__)
    parser.add_argument(
        "--jsonl", metavar="FILE", required=True, help='one {"text": "..."} per line; - is stdin'
    )
    return parser.parse_args(argv)
