"""How hard a text is to read: the Flesch-Kincaid grade, with syllables counted by rule, not by lists."""

from __future__ import annotations

import re

SHORTEST_GRADED = 10  # words; the measure means nothing on less
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_END = re.compile(r"[.!?]+(?=[\s\"')]|$)")
_GROUP = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(r"[^aeiouy]e[sd]?$")
_SPOKEN_END = re.compile(r"[^aeiouylr]le[sd]?$|(?:[sxzcg]|ch|sh)es$|[td]ed$")
_SILENT_INSIDE = re.compile(
    r"(?<=[aeiou][bcdfgkmnprstvz])e(?=(?:ment|ful|ly|time|thing|where|less|ness|one|body))"
)
_SPLIT = re.compile(
    r"(?<![tcsgx])i[ao]|(?<=c)ie(?=n)|area|idea|reali|creat|react|uou|uing|eing|ying|oing|yone|ui(?=n|e)|"
    r"diet|poem|yalg|lgia"
)


def syllables(word: str) -> int:
    """Spoken syllables of one English word, by rule; now and then one off."""
    plain = _SILENT_INSIDE.sub("", word.lower().replace("'", "")).replace("every", "evry")
    count = len(_GROUP.findall(plain)) + len(_SPLIT.findall(plain))
    if _SILENT_END.search(plain) and not _SPOKEN_END.search(plain):
        count -= 1
    return max(1, count)


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'"))


def grade(text: str) -> float:
    """US school grade of a text; 0.0 where it has fewer than `SHORTEST_GRADED` words."""
    words = words_of(text)
    if len(words) < SHORTEST_GRADED:
        return 0.0
    sentences = max(1, len(_END.findall(text + "\n")))
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
