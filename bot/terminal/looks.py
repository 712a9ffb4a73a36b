"""How a talk looks in a terminal: marks instead of colours, wrapped to its width."""

from __future__ import annotations

import textwrap
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.facts.talk import Direction, Kind, Message

NARROWEST, WIDEST = 24, 88
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def labels() -> Mapping[str, str]:
    return tomllib.loads(Path(__file__).with_name("labels.toml").read_text("utf-8"))


def harmless(text: str) -> str:
    """Without characters that steer a terminal or turn the direction of what follows."""
    return "".join(c for c in text if c == "\n" or (unicodedata.category(c) != "Cc" and c not in _TURNING))


def wrapped(text: str, width: int, first: str = "", later: str = "") -> str:
    """`text` in lines of at most `width`; its own line breaks are kept."""
    lines: list[str] = []
    for paragraph in harmless(text).split("\n"):
        lines += textwrap.wrap(
            paragraph,
            max(NARROWEST, min(width, WIDEST)),
            initial_indent=later if lines else first,
            subsequent_indent=later,
        ) or [later if lines else first]
    return "\n".join(line.rstrip() for line in lines)


class Looks:
    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words
        self._margin = max(len(words["you"]), len(words["coach"])) + 2

    @property
    def prompt(self) -> str:
        return f"{self._words['you']:<{self._margin - 2}}> "

    def message(self, message: Message, width: int, *, numbered: bool, files: Mapping[str, Path]) -> str:
        """One message with the files beside it, by their label, and its answers to choose from."""
        parts = [self._said(message, width)]
        indent = " " * self._margin
        parts += [indent + self._words[label].format(path=path) for label, path in files.items()]
        if message.buttons:
            parts.append(self._answers([title for title, _ in message.buttons], width, numbered))
        return "\n".join(parts)

    def _said(self, message: Message, width: int) -> str:
        text = self._words["erased"] if message.text is None else message.text
        ours = message.direction is Direction.OUT
        who = f"{self._words['coach' if ours else 'you']:<{self._margin - 2}}{': ' if ours else '> '}"
        if message.kind is not Kind.SAFETY:
            return wrapped(text, width, who, " " * self._margin)
        rule = "!" * max(NARROWEST, min(width, WIDEST))
        mark = f"{self._words['coach']}: {self._words['important']}"
        return "\n".join([rule, mark, "", wrapped(text, width, "  ", "  "), rule])

    def _answers(self, titles: Sequence[str], width: int, numbered: bool) -> str:
        indent = " " * self._margin
        if not numbered:
            return wrapped("  ".join(f"[{title}]" for title in titles), width, indent, indent)
        lines = [
            wrapped(title, width, f"{indent}{number}. ", f"{indent}   ")
            for number, title in enumerate(titles, start=1)
        ]
        return "\n".join(lines)
