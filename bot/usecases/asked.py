"""A short reply read with the words of the question before it: "yes", "none of those", "the left one"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.facts.clinical import Evidence, Presence, Subject, SymptomFact

# More words than these say something of their own, and are read by themselves.
MOST_WORDS = 7
_WORD = re.compile(r"[\w'’]+")
_NONE_OF_THEM = re.compile(
    r"^(no+|nope|nah|none|neither|never|nothing|not (at all|any|really|that i know))\b"
)
_UNSURE = re.compile(
    r"^((i am |i'?m )?not sure|unsure|maybe|perhaps|(i )?don'?t know|dunno|possibly|sort of|kind of)\b"
)
_AFFIRMED = re.compile(
    r"^(yes|yeah|yep|yup|ya|aye|sure|correct|definitely|sometimes|a (bit|little)|all of (them|those)|both)\b"
)
_NAMING = re.compile(r"^(which|where|when|how (long|often|many)|since when|what side)\b")


def meaning_of(text: str, question: str) -> Presence | None:
    """What a short reply says to the question; None where it says something of its own."""
    said = " ".join(_WORD.findall(text.casefold().replace("’", "'")))
    if not said or len(said.split()) > MOST_WORDS:
        return None
    for pattern, presence in (
        (_UNSURE, Presence.DOUBTFUL),
        (_NONE_OF_THEM, Presence.DENIED),
        (_AFFIRMED, Presence.PRESENT),
    ):
        if pattern.match(said):
            return presence
    return Presence.PRESENT if _NAMING.match(question.strip().casefold()) else None


def read_with_question(
    text: str, question: str, read: Callable[[str], Sequence[SymptomFact]]
) -> tuple[SymptomFact, ...]:
    """The facts of a reply. Signs in its own words come first; a short one speaks of those in the question.

    A question that takes a sign for given ("which leg went weak?") is confirmed by naming a side or a time.
    """
    own = tuple(read(text))
    meant = meaning_of(text, question)
    if own or meant is None:
        return own
    asked = [fact for fact in read(question) if fact.subject is not Subject.OTHER]
    evidence = (Evidence(0, len(text), text),)
    return tuple(replace(fact, presence=meant, evidence=evidence) for fact in asked)
