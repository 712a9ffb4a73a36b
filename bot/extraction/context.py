"""What the words around a mention say of it: denied, doubted, long ago, only supposed, somebody else's.

A mention is taken back only on positive evidence near it; where nothing speaks against it, it stands.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.extraction.normalise import Word
from bot.extraction.phrases import Match
from bot.facts.clinical import Level, Presence, Subject, Time
from bot.facts.vocabulary import Cue, CueKind, Reach, SignWords, Vocabulary

_BACK_DOWN = frozenset({"though", "tho", "although"})
_SELF = frozenset({"i", "me", "my", "myself", "mine"})
_PRESENT_TENSE = frozenset(
    [
        "have",
        "am",
        "is",
        "are",
        "get",
        "gets",
        "getting",
        "feel",
        "feels",
        "feeling",
        "cant",
        "keep",
        "keeps",
        "having",
        "hurts",
        "aches",
        "goes",
        "gives",
        "spins",
        "want",
        "wish",
        "hope",
        "think",
        "wont",
    ]
)
_PAST_TENSE = frozenset(
    [
        "had",
        "was",
        "were",
        "happened",
        "did",
        "got",
        "felt",
        "went",
        "came",
        "fainted",
        "collapsed",
        "passed",
        "took",
    ]
)
_BEGINNING = frozenset(
    [
        "i",
        "it",
        "he",
        "she",
        "they",
        "we",
        "you",
        "there",
        "that",
        "this",
        "my",
        "the",
        "his",
        "her",
        "our",
        "their",
        "a",
        "mine",
        "somebody",
        "everybody",
    ]
)
_TAKING_UP = frozenset(
    [
        "it",
        "that",
        "this",
        "they",
        "same",
        "happens",
        "happened",
        "happening",
        "comes",
        "came",
        "coming",
        "started",
        "starts",
        "keeps",
        "kept",
        "gets",
        "got",
        "get",
        "getting",
        "feels",
        "feel",
        "feeling",
        "felt",
        "have",
        "having",
        "has",
        "had",
        "is",
        "are",
        "am",
        "was",
        "were",
        "do",
        "does",
        "did",
        "doing",
        "worse",
        "bad",
        "back",
        "there",
        "goes",
        "returned",
        "hurts",
        "aches",
    ]
)
_STILL = frozenset(
    ["still", "now", "again", "only", "all", "then", "today", "always", "the", "and", "but", "so"]
)
_POINTING = frozenset({"it", "that", "this", "they", "i"})
_DATED = frozenset({"it", "that", "this", "they", "there"})
_ONCE_COULD = (["couldnt"], ["didnt"])
_PERFECT = frozenset({"had", "been", "ever", "never"})
_PARTING = frozenset({"but", "however", "though", "although"})
_PERSONS = frozenset(
    [
        "he",
        "she",
        "they",
        "his",
        "her",
        "their",
        "who",
        "woman",
        "man",
        "girl",
        "boy",
        "people",
        "patient",
        "patients",
        "hero",
        "heroine",
        "villain",
        "detective",
        "character",
        "someone",
        "somebody",
        "husband",
        "wife",
        "mum",
        "dad",
        "brother",
        "sister",
        "uncle",
        "aunt",
        "grandma",
        "grandad",
        "friend",
        "guy",
        "bloke",
        "lady",
        "nurse",
        "captain",
        "killer",
        "victim",
    ]
)
_LONELY = 3
_OPENING = 2
_ECHO = 5
_STORY_SENTENCES = 4
FAR = 40
SIGN_KINDS = ("sign:", "open:")
_TAKEN_BACK_BY_NOW = (CueKind.PAST, CueKind.CHECKED, CueKind.SUPPOSED)


def is_sign(match: Match) -> bool:
    """Whether a phrase found in a message names a sign, for certain or perhaps."""
    return match.owner.startswith(SIGN_KINDS)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a mention stands, and the cues that say so. `meant` is False where an idiom covers it."""

    meant: bool
    presence: Presence
    subject: Subject
    time: Time
    cues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    cue: Cue
    first: int
    last: int


class Surroundings:
    """The cues of one message; asked once for each mention."""

    def __init__(
        self,
        text: str,
        words: Sequence[Word],
        matches: Iterable[Match],
        cues: Mapping[str, Cue],
        vocabulary: Vocabulary,
    ) -> None:
        self._text = text
        self._words = words
        self._vocabulary = vocabulary
        self._starts = [0, *(n for n, w in enumerate(words) if w.hard and n)]
        self._clauses = [0, *(n for n in range(1, len(words)) if self._begins_clause(n))]
        self._by_kind: dict[CueKind, list[_Found]] = {}
        self._signs: list[int] = []
        for match in matches:
            if match.owner in cues:
                cue = cues[match.owner]
                self._by_kind.setdefault(cue.kind, []).append(_Found(cue, match.first, match.last))
            elif is_sign(match):
                self._signs.append(match.first)
        self._cancel_false_denials()
        self._firsts = {kind: [f.first for f in several] for kind, several in self._by_kind.items()}

    def of(self, mention: Match, sign: SignWords) -> Standing:
        if idiom := self._idiom_over(mention, sign):
            return Standing(False, Presence.PRESENT, Subject.SELF, Time.UNDATED, (idiom,))
        cues: list[str] = []
        present = self._present(mention)
        time = self._time(mention, present, cues)
        subject = self._subject(mention, cues)
        presence = self._presence(mention, sign, present, cues)
        return Standing(True, presence, subject, time, tuple(cues))

    def sentence_of(self, index: int) -> tuple[int, int]:
        number = bisect_right(self._starts, index)
        end = self._starts[number] if number < len(self._starts) else len(self._words)
        return self._starts[number - 1], end

    def _presence(self, mention: Match, sign: SignWords, present: str | None, cues: list[str]) -> Presence:
        if denied := self._reached(CueKind.DENIED, mention):
            cues.append(denied)
            return Presence.DENIED
        supposed = self._reached(CueKind.SUPPOSED, mention)
        if supposed and not present and not sign.stands_if_supposed:
            cues.append(supposed)
            return Presence.SUPPOSED
        doubtful = self._reached(CueKind.DOUBTFUL, mention)
        doubtful = doubtful or self._in_a_story(mention)
        if not present and not self._speaks_of_now(mention, CueKind.PAST):
            doubtful = doubtful or self._dated_beside(mention)
        if doubtful and sign.level is not Level.CRISIS:
            cues.append(doubtful)
            return Presence.DOUBTFUL
        return Presence.PRESENT

    def _present(self, mention: Match) -> str | None:
        """The cue that says "now" of a mention: not one that belongs to something else in its sentence.

        "I fainted years ago and my mother still talks about it": what her clause says of now, it says of her.
        """
        settled = any(self._in_its_clause(kind, mention) for kind in _TAKEN_BACK_BY_NOW)
        for found in self._near(CueKind.PRESENT, mention):
            if self._reaches(found, mention) and not (settled and self._of_something_else(found, mention)):
                return found.cue.id
        return None

    def _in_its_clause(self, kind: CueKind, mention: Match) -> bool:
        """Whether a cue reaches a mention without a new subject in between."""
        for found in self._near(kind, mention):
            low, high = sorted((found.first, mention.first))
            anew = any(self._has_subject(n) for n in self._clauses_between(low, high))
            if self._reaches(found, mention) and not anew:
                return True
        return False

    def _of_something_else(self, found: _Found, mention: Match) -> bool:
        """Whether a cue stands in a clause that neither holds the mention nor takes it up."""
        if found.cue.reach is not Reach.SENTENCE:
            return False
        first, end = self._clause_of(found.first)
        if first < mention.last and mention.first < end:
            return False
        if self._names_a_sign(first, end):
            return True
        said = [word for word in self._said_beside(found, first, end) if word not in _STILL]
        if len(said) > 1 and said[0] in _POINTING:
            return said[1] not in _TAKING_UP
        return bool(said) and said[0] not in _TAKING_UP

    def _dated_beside(self, mention: Match) -> str | None:
        """The date of something else: "my leg went numb, I had surgery two years ago"."""
        dated = [f for f in self._near(CueKind.PAST, mention) if self._reaches(f, mention)]
        if dated and all(self._dates_something_else(found, mention) for found in dated):
            return dated[0].cue.id
        return None

    def _dates_something_else(self, found: _Found, mention: Match) -> bool:
        first, end = self._clause_of(found.first)
        together = first < mention.last and mention.first < end
        if together or found.first - first <= _OPENING:
            return False
        low, high = sorted((found.first, mention.first))
        parted = any(self._has_subject(n) for n in self._clauses_between(low, high))
        said = self._said_beside(found, first, end)
        return parted and len(said) > _OPENING and _DATED.isdisjoint(said)

    def _said_beside(self, found: _Found, first: int, end: int) -> list[str]:
        """The words of a clause without those of a cue in it."""
        return [w.text for w in (*self._words[first : found.first], *self._words[found.last : end])]

    def _clause_of(self, index: int) -> tuple[int, int]:
        number = bisect_right(self._clauses, index)
        end = self._clauses[number] if number < len(self._clauses) else len(self._words)
        return self._clauses[number - 1], end

    def _clauses_between(self, low: int, high: int) -> list[int]:
        return self._clauses[bisect_right(self._clauses, low) : bisect_right(self._clauses, high)]

    def _has_subject(self, clause: int) -> bool:
        """Whether the clause that begins here names somebody or something anew; "when" goes on telling."""
        told_on = clause > 0 and self._words[clause - 1].text == "when"
        return self._words[clause].text in _BEGINNING and not told_on

    def _begins_clause(self, at: int) -> bool:
        """At a mark, and behind "and" or "but", something new may begin."""
        word, before = self._words[at], self._words[at - 1].text
        joined = before in self._vocabulary.joiners or before in self._vocabulary.enders
        return word.soft or word.hard or joined

    def _time(self, mention: Match, present: str | None, cues: list[str]) -> Time:
        if present:
            cues.append(present)
            return Time.NOW
        for kind in (CueKind.PAST, CueKind.CHECKED):
            past = self._reached(kind, mention)
            if past and self._dated_beside(mention):
                return Time.UNDATED
            if past and not self._speaks_of_now(mention, kind):
                cues.append(past)
                return Time.PAST
        return Time.UNDATED

    def _speaks_of_now(self, mention: Match, kind: CueKind) -> bool:
        """The verb beside a mention is in the present; or, where it was only checked, not in the past."""
        first, _ = self.sentence_of(mention.first)
        anew = (n for n in self._clauses_between(mention.first, mention.last - 1) if self._has_subject(n))
        end = next(anew, mention.last)
        begin = max(first, mention.first - 3)
        said = [w.text for w in self._words[first:end]]
        for at, word in enumerate(said[begin - first :], begin - first):
            following = said[at + 1] if at + 1 < len(said) else ""
            once = said[max(0, at - 2) : at] == ["used", "to"] or said[max(0, at - 1) : at] in _ONCE_COULD
            if word in _PRESENT_TENSE and following not in _PERFECT and not once:
                return True
        return kind is CueKind.CHECKED and not _PAST_TENSE.intersection(said[begin - first :])

    def _subject(self, mention: Match, cues: list[str]) -> Subject:
        if (story := self._in_a_story(mention)) and self._of_somebody(mention):
            cues.append(story)
            return Subject.OTHER_NOW if self._reached(CueKind.OTHER_NOW, mention) else Subject.OTHER
        other = self._reached(CueKind.OTHER, mention)
        if not other or any(w.text in _SELF for w in self._words[mention.first : mention.last]):
            return Subject.SELF
        cues.append(other)
        if now := self._reached(CueKind.OTHER_NOW, mention):
            cues.append(now)
            return Subject.OTHER_NOW
        return Subject.OTHER

    def _in_a_story(self, mention: Match) -> str | None:
        """The cue of a story that the mention belongs to, where the writer hasn't come in again."""
        first, _ = self.sentence_of(mention.first)
        number = bisect_right(self._starts, first)
        since = self._starts[max(0, number - 1 - _STORY_SENTENCES)]
        told = [f for f in self._near(CueKind.STORY, mention) if since <= f.first and f.last <= mention.first]
        if not told:
            return None
        start = max(first, told[-1].last)
        writer = any(w.text in _SELF for w in self._words[start : mention.last])
        return None if writer else told[-1].cue.id

    def _of_somebody(self, mention: Match) -> bool:
        first, _ = self.sentence_of(mention.first)
        return any(w.text in _PERSONS for w in self._words[first : mention.last])

    def _reached(self, kind: CueKind, mention: Match) -> str | None:
        for found in self._near(kind, mention):
            if self._reaches(found, mention):
                return found.cue.id
        return None

    def _near(self, kind: CueKind, mention: Match) -> Sequence[_Found]:
        """Cues that stand near enough to be asked; keeps the cost linear in a long message."""
        firsts = self._firsts.get(kind)
        if not firsts:
            return ()
        low = bisect_left(firsts, mention.first - FAR)
        high = bisect_right(firsts, mention.last + FAR)
        return self._by_kind[kind][low:high]

    def _idiom_over(self, mention: Match, sign: SignWords) -> str | None:
        """The idiom that covers a mention. Words of crisis that go on behind it mean what they say."""
        for found in self._near(CueKind.IDIOM, mention):
            goes_on = found.first < mention.first and found.last < mention.last
            if goes_on and sign.level is Level.CRISIS:
                continue
            if found.first < mention.last and mention.first < found.last:
                return found.cue.id
        return None

    def _reaches(self, found: _Found, mention: Match) -> bool:
        reach = found.cue.reach
        if reach is Reach.OVER:
            return found.first < mention.last and mention.first < found.last
        if reach is Reach.OPENING:
            return self._opens(found, mention)
        if reach is Reach.ANSWER:
            return self._answers(found, mention)
        if reach is Reach.SENTENCE_BEFORE:
            return self._takes_up(found, mention)
        if found.cue.kind is CueKind.OTHER_NOW and reach is Reach.AFTER:
            first, end = self.sentence_of(mention.first)
            return first <= found.first <= mention.last and mention.first - found.last <= found.cue.words
        if reach is Reach.AFTER:
            return found.last <= mention.first and self._open_road(found, mention)
        if reach is Reach.BEFORE:
            return (
                mention.last <= found.first
                and found.first - mention.last <= found.cue.words
                and not any(w.hard for w in self._words[mention.last : found.first])
                and not any(
                    w.text in self._vocabulary.enders for w in self._words[mention.last : found.first]
                )
            )
        first, end = self.sentence_of(mention.first)
        if reach is Reach.NEAR and not first <= found.first < end and self._alone(found):
            first = self.sentence_of(first - 1)[0] if first else first
            end = self.sentence_of(end)[1] if end < len(self._words) else end
        if found.cue.kind in (CueKind.PAST, CueKind.CHECKED) and self._parted(found, mention):
            return False
        if not first <= found.first < end:
            return False
        far = min(abs(found.first - mention.last), abs(mention.first - found.last))
        opens = found.cue.kind is CueKind.PAST and found.first - first <= _OPENING
        return far <= found.cue.words or not found.cue.words or opens

    def _opens(self, found: _Found, mention: Match) -> bool:
        first, end = self.sentence_of(mention.first)
        return found.first == first and not any(w.text in _SELF for w in self._words[first:end])

    def _answers(self, found: _Found, mention: Match) -> bool:
        """ "Chest pain? No." : a question of few words, and an answer that stands alone behind it."""
        first, end = self.sentence_of(mention.first)
        if found.first != end or end - first > _ECHO:
            return False
        alone = found.last >= len(self._words) or self._words[found.last].hard or self._words[found.last].soft
        return alone and "?" in self._text[self._words[end - 1].end : self._words[end].start]

    def _takes_up(self, found: _Found, mention: Match) -> bool:
        """ "My chest went tight years ago. It is back." : the next sentence names no sign of its own."""
        _, end = self.sentence_of(mention.first)
        if end >= len(self._words):
            return False
        first, last = self.sentence_of(end)
        return first <= found.first < last and not self._names_a_sign(first, last)

    def _names_a_sign(self, first: int, last: int) -> bool:
        return bisect_left(self._signs, first) < bisect_left(self._signs, last)

    def _open_road(self, found: _Found, mention: Match) -> bool:
        """Whether nothing between the cue and the mention ends what the cue reaches."""
        if mention.first - found.last > found.cue.words:
            return False
        for at in range(found.last, mention.first + 1):
            word = self._words[at]
            if word.hard:
                return False
            if found.cue.kind is CueKind.OTHER:
                if word.text in _SELF:
                    return False
            elif self._closes(at, at == found.last, at == mention.first):
                return False
        return True

    def _closes(self, at: int, first: bool, at_mention: bool) -> bool:
        word, vocabulary = self._words[at], self._vocabulary
        if word.text in vocabulary.enders and not at_mention:
            return True
        if word.text in vocabulary.subjects and not (at_mention and first and word.text not in {"i", "it"}):
            return True
        if first:
            return False
        if word.restart:
            return True
        anew = word.soft or self._words[at - 1].text in vocabulary.joiners
        if anew and word.text in vocabulary.restarts and self._words[at - 1].text not in {"or", "nor"}:
            return True
        return word.soft and self._backs_down(at)

    def _backs_down(self, at: int) -> bool:
        """ "no chest pain, bit dizzy though": what follows the comma isn't denied."""
        for n in range(at, min(at + 8, len(self._words))):
            if n > at and (self._words[n].hard or self._words[n].soft):
                return False
            if self._words[n].text in _BACK_DOWN:
                return True
        return False

    def _parted(self, found: _Found, mention: Match) -> bool:
        """A "but" between a date and a mention in one sentence keeps them apart."""
        low, high = sorted((found.first, mention.first))
        between = self._words[low + 1 : high]
        return found.cue.kind is CueKind.PAST and any(w.text in _PARTING for w in between)

    def _alone(self, found: _Found) -> bool:
        """A date that is a sentence of its own, or a check-up: it may speak of the sentence beside it.

        "I was suicidal ten years ago. I want to die": a date beside a sign speaks of that one only.
        """
        first, end = self.sentence_of(found.first)
        if found.cue.kind is CueKind.PAST and self._names_a_sign(first, end):
            return False
        return found.cue.kind is CueKind.CHECKED or (end - first) - (found.last - found.first) <= _LONELY

    def _cancel_false_denials(self) -> None:
        """Drop cues that a longer phrase takes for itself: "can't work out why", "fine ever since"."""
        self._leave_out_within(self._by_kind.get(CueKind.PAST, ()), CueKind.OTHER)
        false = self._by_kind.get(CueKind.FALSE_DENIAL, ())
        for kind in (CueKind.DENIED, CueKind.SUPPOSED, CueKind.CHECKED, CueKind.PAST, CueKind.PRESENT):
            if false and kind in self._by_kind:
                self._by_kind[kind] = [
                    f for f in self._by_kind[kind] if not any(_cancels(x, f) for x in false)
                ]
        settled = [*self._by_kind.get(CueKind.CHECKED, ()), *self._by_kind.get(CueKind.PAST, ())]
        self._leave_out_within(settled, CueKind.PRESENT)
        self._leave_out_within(false, CueKind.OTHER_NOW)

    def _leave_out_within(self, wider: Iterable[_Found], kind: CueKind) -> None:
        """Drop cues that are part of others: "she is fine now" is no emergency, "as a girl" nobody else."""
        spans = [(x.first, x.last) for x in wider]
        self._by_kind[kind] = [
            f
            for f in self._by_kind.get(kind, ())
            if not any(first <= f.first and f.last <= last for first, last in spans)
        ]


def _cancels(false: _Found, denial: _Found) -> bool:
    """They share words; but "not going to" is more than the "not going" inside it, and stands."""
    inside = denial.first <= false.first and false.last < denial.last
    return false.first < denial.last and denial.first < false.last and not inside
