"""Mends misspelt words against our own lexicon, and leaves every ordinary English word alone."""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 4
LONGEST = 24
LENIENT_FROM = 8
SHORTEST_SPLIT = 3


def ordinary_words() -> frozenset[str]:
    """The English words that symspellpy carries."""
    listed = files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt").read_text("utf-8-sig")
    return frozenset(line.split(" ", 1)[0] for line in listed.splitlines())


class Repair:
    """`lexicon` are the words screening looks for; all of `others` must stay as they are, too."""

    def __init__(self, lexicon: Collection[str], *others: Collection[str]) -> None:
        self._others = others
        self._lexicon = frozenset(w for w in lexicon if w.isalpha())
        self._targets: dict[tuple[str, int], list[str]] = {}
        for target in sorted(w for w in self._lexicon if len(w) >= SHORTEST):
            self._targets.setdefault((target[0], len(target)), []).append(target)

    def known(self, word: str) -> bool:
        return word in self._lexicon or any(word in some for some in self._others) or not word.isalpha()

    def mend(self, word: str) -> str | None:
        """The word that was meant (two words where a space is missing), or None.

        The first letter is taken to be right, or swapped with the second: people rarely miss it.
        """
        if len(word) < SHORTEST or len(word) > LONGEST or not word.isascii():
            return None
        allowed = 1 if len(word) < LENIENT_FROM else 2
        near = [
            (distance, target)
            for first in dict.fromkeys(word[:2])
            for length in range(len(word) - allowed, len(word) + allowed + 1)
            for target, distance, _ in process.extract(
                word,
                self._targets.get((first, length), ()),
                scorer=OSA.distance,
                score_cutoff=allowed,
                limit=3,
            )
        ]
        return min(near)[1] if near else self._split(word)

    def _split(self, word: str) -> str | None:
        for cut in range(SHORTEST_SPLIT, len(word) - SHORTEST_SPLIT + 1):
            left, right = word[:cut], word[cut:]
            if left in self._lexicon and right in self._lexicon:
                return f"{left} {right}"
        return None
