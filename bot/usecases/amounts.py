"""Amounts inside a sentence: "I did 10 minutes of stairs", "my pain is a six today". Pure.

Only what is said once and plainly counts. Two amounts, a range or a wish are asked about.
"""

from __future__ import annotations

import re

from bot.usecases.reading import NUMBER_WORDS

_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60}
_WORDS = {**NUMBER_WORDS, "eleven": 11, "twelve": 12, "fifteen": 15, **_TENS}
_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b")
_SPANS = {
    "three quarters of an hour": "45 minutes",
    "a quarter of an hour": "15 minutes",
    "quarter of an hour": "15 minutes",
    "an hour and a half": "90 minutes",
    "half an hour": "30 minutes",
    "an hour": "60 minutes",
}
_MINUTES = re.compile(r"\b(\d{1,3})[ -]?(?:m|min|mins|minute|minutes)\b")
_PAIN_IS = r"\bpain\b[^.,;?!\d]{0,30}?\b(?:is|was|at|as|to)\b[^.,;?!\d]{0,12}?(\d{1,2})\b"
_PAIN = re.compile(rf"\b(\d{{1,2}}) ?(?:/|out of) ?10\b|{_PAIN_IS}")
_NUMBER = re.compile(r"\d+")
_NOT_SO = re.compile(r"\b(?:not|never|no longer|want|will|going to|plan|should|could|if|goal|aim)\b|n't\b|\?")


def minutes_in(text: str) -> int | None:
    """The minutes that a sentence says were done."""
    said = _in_figures(text)
    found = {int(amount) for amount in _MINUTES.findall(said)}
    in_hours = re.search(r"\d ?(?:h|hours?)\b", said)
    return found.pop() if len(found) == 1 and not in_hours and _plain(said, allowed=3) else None


def pain_in(text: str) -> int | None:
    """The pain, 0-10, that a sentence says there is."""
    said = _in_figures(text)
    found = {int(one or other) for one, other in _PAIN.findall(said)}
    scale = re.sub(r"(?:/|out of) ?10\b", "", said)
    return found.pop() if len(found) == 1 and max(found) <= 10 and _plain(scale, allowed=1) else None


def _plain(said: str, allowed: int) -> bool:
    return len(_NUMBER.findall(said)) <= allowed and not _NOT_SO.search(said) and not _range(said)


def _range(said: str) -> bool:
    return re.search(r"\d ?(?:-|–|to|or) ?\d", said) is not None


def _in_figures(text: str) -> str:
    said = " ".join(text.casefold().replace("’", "'").split())
    for words, figures in _SPANS.items():
        said = said.replace(words, figures)
    return _WORD.sub(lambda found: str(_WORDS[found[0]]), said)
