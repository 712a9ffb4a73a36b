"""The words that screening knows, as read from `content/triage` and `content/context`. Everyone's words.

Phrases are written in the small language of `bot/extraction/phrases.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from bot.facts.clinical import Level


class CueKind(str, Enum):
    """What a context cue says about the mentions it reaches."""

    IDIOM = "idiom"  # the words mean something else
    FALSE_DENIAL = "false_denial"  # looks like a denial and is none
    DENIED = "denied"
    DOUBTFUL = "doubtful"
    PAST = "past"  # long ago
    CHECKED = "checked"  # somebody has looked at it and it is settled
    PRESENT = "present"  # now, again: cancels past and supposed
    SUPPOSED = "supposed"
    OTHER = "other"  # somebody else's
    OTHER_NOW = "other_now"  # somebody else's, and now
    STORY = "story"  # a film, a course, a family tale: who has it must be said


class Reach(str, Enum):
    """Where the mentions stand that a cue speaks of."""

    AFTER = "after"
    BEFORE = "before"
    SENTENCE = "sentence"
    NEAR = "near"  # its own sentence and the ones beside it
    OVER = "over"  # the words of the cue themselves
    OPENING = "opening"  # the sentence that the cue begins, where the writer isn't spoken of
    SENTENCE_BEFORE = "sentence_before"  # what a cue in the next sentence takes up: "It is back."
    ANSWER = "answer"  # the few words before a cue that is a sentence or clause of its own


@dataclass(frozen=True, slots=True)
class SignWords:
    """How people say one sign. `open_phrases` leave it open whether the sign is meant; `hints`, by what they
    speak of, do so only beside others.

    `outweighs`: signs whose mention is taken for this one where the two overlap. `stands_if_supposed`: an
    "if" does not take it back.
    """

    id: str
    level: Level
    phrases: tuple[str, ...]
    open_phrases: tuple[str, ...] = ()
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outweighs: tuple[str, ...] = ()
    stands_if_supposed: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """`words`: how many words may stand between the cue and what it speaks of."""

    id: str
    kind: CueKind
    reach: Reach
    phrases: tuple[str, ...]
    words: int


@dataclass(frozen=True, slots=True)
class Bank:
    """What the second voice compares with: phrases of each sign, and of each kind of harmless talk.

    `least`: likeness to all signs together (0 to 1) from which it speaks up. `clause_words`: about how many
    words are heard at once. `most_clauses`: how many of a message's clauses are heard. `least_of`: for a sign
    that is weighed by itself too, its own likeness from which it is spoken of.
    """

    signs: Mapping[str, tuple[str, ...]]
    harmless: Mapping[str, tuple[str, ...]]
    least: float
    clause_words: int
    most_clauses: int
    least_of: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All of it. `slots` are named lists of phrases; `forms` rewrites single words (contractions, slang).

    `fillers` are phrases that are passed over; `blockers` are words no gap runs across; `enders` and
    `subjects` end what a cue reaches, `restarts` only behind a comma or an "and".
    """

    signs: tuple[SignWords, ...]
    cues: tuple[Cue, ...]
    slots: Mapping[str, tuple[str, ...]]
    forms: Mapping[str, str]
    fillers: tuple[str, ...]
    blockers: frozenset[str]
    enders: frozenset[str]
    subjects: frozenset[str]
    restarts: frozenset[str]
    joiners: frozenset[str]
    regions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    never_repaired: frozenset[str] = frozenset()
