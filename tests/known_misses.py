"""`make known-misses`: lists anew which phrasings of `tests/cases/signs` aren't answered as their kind asks.

Only what is new is worth a look: it prints what begins to be missed, and what begins to work.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import yaml
from screening_bench import CASES, both_voices

from bot.facts.clinical import Level

LIST = CASES / "known_misses_signs.yml"
HEAD = """\
# Phrasings of tests/cases/signs that aren't answered as their kind asks. A test complains when one begins to
# work; `make known-misses` writes the list anew.
"""
URGENT = frozenset({Level.CRISIS, Level.STOP, Level.CHECK})
CALM = frozenset({Level.ASSESS, Level.CONTINUE, Level.NONE})
ALLOWED = {
    "urgent": URGENT,
    "assessed": frozenset({Level.ASSESS}),
    "denied": CALM,
    "past": CALM,
    "supposed": CALM,
    "somebody_else": CALM,
    "metaphor": CALM,
    "near_miss": CALM,
    "harmless": CALM,
}
BY_SIGN: dict[str, dict[str, list[str]]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((CASES / "signs").glob("*.yml"))
}


def known() -> frozenset[str]:
    return frozenset(yaml.safe_load(LIST.read_text(encoding="utf-8")))


def missed() -> Iterator[tuple[str, str, str, str]]:
    """Sign, kind, text, and the level it is answered by."""
    for sign, kinds in BY_SIGN.items():
        for kind, texts in kinds.items():
            for text in texts:
                level = both_voices().judge(text).level
                if level not in ALLOWED[kind]:
                    yield sign, kind, text, level.value


def written(found: list[tuple[str, str, str, str]]) -> str:
    lines, last = [HEAD], ""
    for sign, kind, text, level in found:
        if sign != last:
            lines.append(f"# {sign}\n")
        quoted = yaml.safe_dump([text], allow_unicode=True, width=sys.maxsize).rstrip()
        lines.append(f"{quoted}  # {kind}, answered {level}\n")
        last = sign
    return "".join(lines)


def main() -> int:
    before, found = known(), list(missed())
    now = {text for _, _, text, _ in found}
    LIST.write_text(written(found), encoding="utf-8")
    for _, kind, text, level in found:
        if text not in before:
            print(f"missed now: {text!r}: {kind}, answered {level}")
    for text in sorted(before - now):
        print(f"works now: {text!r}")
    fresh, mended = len(now - before), len(before - now)
    print(f"{len(before)} known misses before, {len(now)} now: {fresh} new, {mended} work")
    return 0


if __name__ == "__main__":
    sys.exit(main())
