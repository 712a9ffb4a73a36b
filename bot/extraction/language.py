"""Whether words are clearly in another language than English, so that no sign in them would be found.

It would rather let a foreign sentence pass than stop an English one: names, typing errors, dialects and the
English of people who learnt it late all count as English.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from functools import cached_property

from py3langid.langid import MODEL_FILE, LanguageIdentifier

FEWEST_WORDS = 3
# Scripts without spaces between words; so many of their letters are more than a name.
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
FEWEST_UNSPACED = 4
# In English at least half of the words are in an English dictionary, however the rest is spelt.
MOST_ENGLISH = 0.5
SURE = 0.6
# English, its next of kin, and Latin, in which only doctors name the parts of a body.
READ_AS_ENGLISH = frozenset({"en", "sco", "pcm", "jam", "la"})
# So much of a text tells its language.
LOOKED_AT = 1000


class Language:
    """`english` are the words of an English dictionary, in lower case."""

    def __init__(self, english: Collection[str]) -> None:
        self._english = english

    def is_english(self, text: str) -> bool:
        """False only where the words are clearly in another language."""
        told = unicodedata.normalize("NFKC", text[:LOOKED_AT]).replace("’", "'")
        words = [word for piece in told.split() if (word := _letters(piece))]
        if _in_other_script(words):
            return False
        if len(words) < FEWEST_WORDS or all(word.istitle() for word in words):
            return True
        known = sum(word.casefold() in self._english for word in words)
        return known / len(words) > MOST_ENGLISH or not self._surely_foreign(told)

    def _surely_foreign(self, text: str) -> bool:
        language, sure = self._identifier.classify(text.casefold())
        return language not in READ_AS_ENGLISH and sure >= SURE

    @cached_property
    def _identifier(self) -> LanguageIdentifier:
        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _letters(piece: str) -> str:
    """A word as the dictionary has it: without what stands around it and without apostrophes."""
    return "".join(char for char in piece if unicodedata.category(char)[0] in "LM")


def _in_other_script(words: Collection[str]) -> bool:
    """Whether most letters are of a script that English isn't written in, and more than a single word."""
    names = [unicodedata.name(char, "") for word in words for char in word if char.isalpha()]
    other = [name for name in names if not name.startswith(("LATIN", "MODIFIER", "FEMININE", "MASCULINE"))]
    if len(other) * 2 <= len(names):
        return False
    return len(words) > 1 or sum(name.startswith(UNSPACED) for name in other) >= FEWEST_UNSPACED
