"""`make triage-report`: what screening finds, misses and alarms about needlessly; prints and keeps it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from statistics import median, quantiles

import yaml
from screening_bench import CASES, ROOT, bench, both_voices

from bot.facts.clinical import Verdict

PAGE = ROOT / "docs" / "triage-report.md"
SHARED = Path(os.environ.get("SAFECUE_SHARED_DATA", ROOT.parent / "shared" / "data"))
NINETY_FIVE = 1.96
LONGEST_TIMED = 300
URGENT = frozenset({"crisis", "stop"})
ASKED = URGENT | {"check"}
# What the kinds of tests/cases/signs ask for.
KINDS = {"urgent": "stop", "assessed": "assess"}
TOLD = """\
# What screening finds and misses

Written by `make triage-report`. **Missed**: urgent (stop, crisis), answered by less than a check.
**Alarmed**: harmless (continue, none), answered by stop or crisis. **Asked**: harmless, answered by a
check. In brackets the 95 % interval (Wilson). The first figure is that of both voices, *alone* that of
the written rules without the second.

`tests/cases/signs` was written without sight of the rules, `tests/cases` beside them; what is known to
be missed counts as missed. Authors have seen all of our own sets since: on new words expect worse.
`topics` are ordinary messages to the coach, kept out of training. `consultation_turns` and
`unrelated_talk` are other people's words; their licences are told where they lie, and no row of them is
kept here.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """`sign` where the set is ordered by signs. `acceptable`: further levels that are right for it."""

    of: str
    expected: str
    text: str
    sign: str | None = None
    acceptable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Judged:
    """A case and what it was answered by: by both voices, and by the rules alone."""

    case: Case
    level: str
    alone: str


Answer = Callable[[Judged], str]


def both(judged: Judged) -> str:
    return judged.level


def alone(judged: Judged) -> str:
    return judged.alone


def interval(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson), 0 to 1."""
    if of == 0:
        return 0.0, 1.0
    square = NINETY_FIVE**2
    middle = hits / of + square / (2 * of)
    spread = NINETY_FIVE * sqrt(hits * (of - hits) / of**3 + square / (4 * of**2))
    return max(0.0, (middle - spread) / (1 + square / of)), min(1.0, (middle + spread) / (1 + square / of))


def cases() -> Iterator[Case]:
    """Of every set that is present."""
    for path in sorted((CASES / "signs").glob("*.yml")):
        for kind, texts in _read(path).items():
            level = "crisis" if path.stem == "crisis" and kind == "urgent" else KINDS.get(kind, "none")
            yield from (Case("tests/cases/signs", level, str(text), path.stem) for text in texts)
    for path in sorted(CASES.glob("*.yml")):
        groups = [_read(path)] if "known_misses" not in path.stem else _causes(path)
        for group in groups:
            for level, texts in group.items():
                expected = "stop" if level == "at_least_check" else level
                yield from (Case("tests/cases", expected, str(text)) for text in texts)
    for row in _rows(ROOT / "tests/held_out/topics.jsonl"):
        yield Case("topics", "none", str(row["text"]))
    for row in _rows(SHARED / "consultation_turns.jsonl"):
        acceptable = frozenset(map(str, row["acceptable"]))
        yield Case("consultation_turns", str(row["expected"]), str(row["text"]), acceptable=acceptable)
    for row in _rows(SHARED / "unrelated_talk.jsonl"):
        yield Case("unrelated_talk", "none", str(row["text"]))


def _read(path: Path) -> dict[str, list[str]]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def _causes(path: Path) -> list[dict[str, list[str]]]:
    """By cause; the list of texts that stand in `signs` too is counted there."""
    known = yaml.safe_load(path.read_text(encoding="utf-8"))
    return list(known.values()) if isinstance(known, dict) else []


def _rows(path: Path) -> Iterator[dict[str, object]]:
    if path.exists():
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def missed(answered: str, case: Case) -> bool:
    return case.expected in URGENT and answered not in ASKED | case.acceptable


def alarmed(answered: str, case: Case) -> bool:
    return answered in URGENT - case.acceptable


def told_apart(answered: str, case: Case) -> bool:
    return answered in case.acceptable | {case.expected}


def signs_table(judged: Sequence[Judged]) -> Iterator[str]:
    yield "| Sign | Urgent phrasings | At least asked about | 95 % | By the rules alone |"
    yield "|---|---|---|---|---|"
    for sign in sorted({j.case.sign for j in judged if j.case.sign}):
        urgent = [j for j in judged if j.case.sign == sign and j.case.expected in URGENT]
        if urgent:
            found, by_rules = (sum(not missed(a(j), j.case) for j in urgent) for a in (both, alone))
            low, high = interval(found, len(urgent))
            yield f"| {sign} | {len(urgent)} | {found} | {low:.0%} to {high:.0%} | {by_rules} |"


def sets_table(judged: Sequence[Judged]) -> Iterator[str]:
    heads = ("Set", "Urgent: missed", "Crisis: missed; as crisis", "Harmless: alarmed, per 1,000")
    yield f"| {' | '.join(heads)} | Asked, per 1,000 | Assess, continue: right |"
    yield "|---|---|---|---|---|---|"
    for of in dict.fromkeys(j.case.of for j in judged):
        yield f"| {of} | {' | '.join(_cells([j for j in judged if j.case.of == of]))} |"


def _cells(judged: Sequence[Judged]) -> Iterator[str]:
    urgent = [j for j in judged if j.case.expected in URGENT]
    crisis = [j for j in urgent if j.case.expected == "crisis"]
    harmless = [j for j in judged if j.case.expected in {"continue", "none"}]
    apart = [j for j in judged if j.case.expected in {"assess", "continue"}]
    yield _share(urgent, missed)
    yield f"{_share(crisis, missed)}; {_share(crisis, lambda a, _: a == 'crisis')}" if crisis else "-"
    yield _share(harmless, alarmed, per=1000)
    yield _share(harmless, lambda a, case: a == "check" and a not in case.acceptable, per=1000)
    yield _share(apart, told_apart)


def _share(judged: Sequence[Judged], holds: Callable[[str, Case], bool], per: int = 100) -> str:
    if not judged:
        return "-"
    count, without = (sum(holds(a(j), j.case) for j in judged) for a in (both, alone))
    low, high = interval(count, len(judged))
    unit = " %" if per == 100 else ""
    figure = f"{per * count / len(judged):.1f}{unit} ({per * low:.1f} to {per * high:.1f})"
    return f"{count} of {len(judged)}: {figure}; alone {without}"


def second_voice(judged: Sequence[Judged]) -> str:
    """What it finds and what it costs, over all sets."""
    raised = [j for j in judged if j.level != j.alone]
    found = sum(j.case.expected in URGENT for j in raised)
    harmless = [j for j in judged if j.case.expected in {"continue", "none"}]
    asked = sum(j.case.expected in {"continue", "none"} for j in raised)
    return (
        f"The second voice asks about {found} urgent messages that the rules leave below a check, "
        f"and about {asked} of {len(harmless)} harmless ones ({1000 * asked / len(harmless):.1f} of 1,000)."
    )


def speed(texts: Sequence[str], by_rules: Sequence[float], by_both: Sequence[float]) -> str:
    """How long judging took; the machine's load tells how quiet it was."""
    short = [n for n, text in enumerate(texts) if 0 < len(text) <= LONGEST_TIMED]
    lines = [
        f"{name}: median {median(each):.2f} ms, 99th percentile {quantiles(each, n=100)[98]:.2f} ms"
        for name, took in (("rules alone", by_rules), ("both voices", by_both))
        if (each := [took[n] for n in short])
    ]
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    loading = (
        f"Loading took {_loading(False):.1f} s for the rules alone, {_loading(True):.1f} s for both voices"
    )
    told = f"Over {len(short)} messages of up to {LONGEST_TIMED} characters: {'; '.join(lines)}."
    return f"{told} {loading}. Load of the machine for each core: {load:.1f}."


def answered(judge: Callable[[str], Verdict], texts: Sequence[str]) -> tuple[list[str], list[float]]:
    """The level of each, and the milliseconds it took."""
    judge("warm up")
    levels, took = [], []
    for text in texts:
        began = time.perf_counter()
        levels.append(judge(text).level.value)
        took.append((time.perf_counter() - began) * 1000)
    return levels, took


def _loading(voice: bool) -> float:
    """In a process of its own, without the start of Python itself."""
    which = "both_voices" if voice else "bench"
    code = (
        "import time; began = time.perf_counter(); "
        f"from screening_bench import {which}; {which}().judge('hello'); print(time.perf_counter() - began)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return float(ended.stdout)


def commit() -> str:
    """The commit, and whether anything was changed since."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--", "bot", "content", "tests")
    return git("rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


def page(judged: Sequence[Judged], measured_on: str, timing: str) -> str:
    absent = [n for n in ("consultation_turns", "unrelated_talk") if all(j.case.of != n for j in judged)]
    missing = f"\nAbsent at this run: {', '.join(absent)}.\n" if absent else ""
    around = f"Commit {measured_on}, {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}."
    sets, signs = "\n".join(sets_table(judged)), "\n".join(signs_table(judged))
    return (
        f"{TOLD}\n{around}\n{missing}\n## By set\n\n{sets}\n\n{second_voice(judged)}\n\n"
        f"## By sign, on tests/cases/signs\n\n{signs}\n\n## Speed\n\n{timing}\n"
    )


def main() -> int:
    every = list(cases())
    texts = [case.text for case in every]
    by_rules, rules_took = answered(bench().judge, texts)
    by_both, both_took = answered(both_voices().judge, texts)
    judged = [Judged(*found) for found in zip(every, by_both, by_rules, strict=True)]
    text = page(judged, commit(), speed(texts, rules_took, both_took))
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
