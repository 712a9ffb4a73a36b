"""Text becomes facts: what, present or denied, whose, since when, and the words that said so."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.extraction.context import FAR, Standing, Surroundings, is_sign
from bot.extraction.hints import MEANT, Hint, hinted_at, is_hint, weights
from bot.extraction.language import Language
from bot.extraction.likeness import Heard, SecondVoice
from bot.extraction.normalise import Normaliser, Word
from bot.extraction.phrases import BadPhrase, Match, Phrase, Phrasebook
from bot.extraction.repair import LENIENT_FROM, Repair, ordinary_words
from bot.facts.clinical import LIKENESS, Evidence, Level, Presence, Subject, SymptomFact, Time
from bot.facts.vocabulary import SignWords, Vocabulary

_MOST_EVIDENCE = 4
_ANY_SIGN = SignWords("", Level.STOP, ())


class BadVocabulary(ValueError):
    """Phrases that can't be read: (owner, why) for each."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{owner}: {why}" for owner, why in faults))


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a sign's words stand, and how they stand."""

    sign: str
    open: bool
    standing: Standing
    match: Match


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was seen in a message, for those who ask why. `heard`: what the second voice made of it."""

    words: tuple[Word, ...]
    mentions: tuple[Mention, ...]
    facts: tuple[SymptomFact, ...]
    heard: tuple[Heard, ...] = ()


class Extractor:
    def __init__(self, vocabulary: Vocabulary, voice: SecondVoice | None = None) -> None:
        self._vocabulary = vocabulary
        self._voice = voice
        self._signs = {sign.id: sign for sign in vocabulary.signs}
        self._cues = {f"cue:{cue.id}": cue for cue in vocabulary.cues}
        english = ordinary_words()
        bare = Normaliser(vocabulary.forms, vocabulary.fillers, lambda word: True, lambda word: None)
        self._book = Phrasebook(vocabulary.slots, bare.phrase, self._stripper())
        self._regions = {f"region:{region}": region for region in vocabulary.regions}
        self._compile()
        repair = Repair(
            self._book.lexicon | {form for form in vocabulary.forms if len(form) >= LENIENT_FROM},
            *(english, vocabulary.never_repaired, vocabulary.forms.keys()),
        )
        self._normaliser = Normaliser(vocabulary.forms, vocabulary.fillers, repair.known, repair.mend)
        self._language = Language(english)

    def read(self, text: str) -> tuple[SymptomFact, ...]:
        """The facts of a message."""
        return self.reading(text).facts

    def meaning(self, text: str) -> bytes | None:
        """What the sentence model made of a text that was read a moment ago; None where it didn't read it."""
        vector = self._voice.meaning(text) if self._voice else None
        return None if vector is None else vector.tobytes()

    def is_english(self, text: str) -> bool:
        """False only where the words are clearly in another language: no sign in them would be found."""
        return self._language.is_english(text)

    def fact(self, sign: str, text: str, region: str | None) -> SymptomFact:
        """A present sign named by a pressed button. KeyError: no such sign."""
        found = self._signs[sign]
        evidence = (Evidence(0, len(text), text),) if text else ()
        return SymptomFact(found.id, Presence.PRESENT, Subject.SELF, Time.NOW, evidence, region)

    def reading(self, text: str) -> Reading:
        words = self._normaliser.words(text)
        matches = self._book.find(words, self._vocabulary.blockers)
        surroundings = Surroundings(text, words, matches, self._cues, self._vocabulary)
        mentions = [self._mention(m, surroundings) for m in matches if is_sign(m)]
        mentions = self._with_hints(self._weighed(mentions), matches, surroundings)
        regions = [m for m in matches if m.owner in self._regions]
        facts = self._facts(text, words, mentions, regions, surroundings)
        if self._voice is None or any(map(self._answered, facts)):
            return Reading(tuple(words), tuple(mentions), facts)
        heard = self._voice.hear(text, words, [_stands(surroundings, n) for n in range(len(words))])
        alarming = [one for one in self._voice.alarming(heard) if not self._explained(one, mentions)]
        alike = tuple(_alike(text, words, one) for one in alarming)
        return Reading(tuple(words), tuple(mentions), facts + alike, tuple(heard))

    def _explained(self, heard: Heard, mentions: Sequence[Mention]) -> bool:
        """Whether a more exact sign takes for itself what a clause is like: "puffed, as anyone would be"."""
        clause = Match("", heard.first, heard.last)
        return any(
            heard.sign in self._signs[m.sign].outweighs
            and m.standing.presence is Presence.PRESENT
            and _overlap(m.match, clause)
            for m in mentions
        )

    def _answered(self, fact: SymptomFact) -> bool:
        """Whether a fact makes a verdict above continue by itself, so that mere likeness adds nothing."""
        taken_back = fact.presence in (Presence.DENIED, Presence.SUPPOSED) or fact.time is Time.PAST
        above = self._signs[fact.sign].level.rank < Level.CONTINUE.rank
        return above and not taken_back and fact.subject is not Subject.OTHER

    def _mention(self, match: Match, surroundings: Surroundings) -> Mention:
        kind, sign, *_ = match.owner.split(":")
        return Mention(sign, kind != "sign", surroundings.of(match, self._signs[sign]), match)

    def _weighed(self, mentions: Sequence[Mention]) -> list[Mention]:
        """Without what idioms cover, and without what a more exact sign takes for itself."""
        meant = [m for m in mentions if m.standing.meant]
        ruling = [m for m in meant if self._signs[m.sign].outweighs]
        firsts = [m.match.first for m in ruling]
        return [m for m in meant if not self._outweighed(m, ruling, firsts)]

    def _with_hints(
        self, mentions: Sequence[Mention], matches: Sequence[Match], surroundings: Surroundings
    ) -> list[Mention]:
        """The mentions, where hints and open phrases that stand together are meant."""
        hints = [self._mention(m, surroundings) for m in matches if is_hint(m)]
        hinting = [m for m in (*hints, *mentions) if m.open and self._signs[m.sign].hints]
        veiled = [m for m in hinting if _counts(m.standing)]
        told = weights([Hint(m.match, hinted_at(m.match)) for m in veiled])
        meant = {m.match for m, weight in zip(veiled, told, strict=True) if weight >= MEANT}
        return [
            replace(m, open=False) if m.match in meant else m
            for m in (*mentions, *hints)
            if m.match in meant or not is_hint(m.match)
        ]

    def _outweighed(self, mention: Mention, ruling: Sequence[Mention], firsts: Sequence[int]) -> bool:
        low = bisect_left(firsts, mention.match.first - FAR)
        high = bisect_left(firsts, mention.match.last)
        return any(
            mention.sign in self._signs[winner.sign].outweighs and _overlap(mention.match, winner.match)
            for winner in ruling[low:high]
        )

    def _facts(
        self,
        text: str,
        words: Sequence[Word],
        mentions: Sequence[Mention],
        regions: Sequence[Match],
        surroundings: Surroundings,
    ) -> tuple[SymptomFact, ...]:
        grouped: dict[tuple[object, ...], list[Mention]] = {}
        for mention in mentions:
            standing = mention.standing
            presence = _presence(mention)
            key = (mention.sign, presence, standing.subject, standing.time)
            grouped.setdefault(key, []).append(mention)
        return tuple(
            SymptomFact(
                several[0].sign,
                _presence(several[0]),
                several[0].standing.subject,
                several[0].standing.time,
                _evidence(text, words, [m.match for m in several]),
                self._region(several[0].match, regions, surroundings),
                tuple(dict.fromkeys(cue for m in several for cue in m.standing.cues)),
            )
            for several in grouped.values()
        )

    def _region(self, match: Match, regions: Sequence[Match], surroundings: Surroundings) -> str | None:
        """The body region named in the mention, else the nearest in its sentence."""
        first, end = surroundings.sentence_of(match.first)
        firsts = [r.first for r in regions]
        low = bisect_left(firsts, max(first, match.first - FAR))
        high = bisect_left(firsts, min(end, match.last + FAR))
        near = regions[low:high]
        if not near:
            return None
        nearest = min(near, key=lambda r: (not _overlap(r, match), abs(r.first - match.first)))
        return self._regions[nearest.owner]

    def _compile(self) -> None:
        faults: list[tuple[str, str]] = []
        for owner, phrase in self._phrases():
            try:
                self._book.add(owner, phrase)
            except BadPhrase as error:
                faults.append((owner, str(error)))
        if faults:
            raise BadVocabulary(faults)
        self._book.seal()

    def _phrases(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for sign in self._vocabulary.signs:
            found.extend((f"sign:{sign.id}", phrase) for phrase in sign.phrases)
            found.extend((f"open:{sign.id}", phrase) for phrase in sign.open_phrases)
            for kind, phrases in sign.hints.items():
                found.extend((f"hint:{sign.id}:{kind}", phrase) for phrase in phrases)
        for owner, cue in self._cues.items():
            found.extend((owner, phrase) for phrase in cue.phrases)
        for region, names in self._vocabulary.regions.items():
            found.extend((f"region:{region}", phrase) for phrase in names)
        return found

    def _stripper(self) -> Callable[[Phrase], Phrase]:
        by_first: dict[str, list[Phrase]] = {}
        for filler in sorted((tuple(f.split()) for f in self._vocabulary.fillers), key=len, reverse=True):
            by_first.setdefault(filler[0], []).append(filler)
        return lambda words: _without(words, by_first)


def _without(words: Phrase, fillers: Mapping[str, Sequence[Phrase]]) -> Phrase:
    if fillers.keys().isdisjoint(words):
        return words
    kept: list[str] = []
    at = 0
    while at < len(words):
        passed = next((f for f in fillers.get(words[at], ()) if words[at : at + len(f)] == f), None)
        if passed is None:
            kept.append(words[at])
        at += len(passed) if passed else 1
    return tuple(kept)


def _presence(mention: Mention) -> Presence:
    if mention.open and mention.standing.presence is Presence.PRESENT:
        return Presence.DOUBTFUL
    return mention.standing.presence


def _counts(standing: Standing) -> bool:
    """Whether veiled words are the writer's own, and of now."""
    undenied = standing.meant and standing.presence is not Presence.DENIED
    return undenied and standing.time is not Time.PAST and standing.subject is Subject.SELF


def _stands(surroundings: Surroundings, at: int) -> bool:
    """Whether a sign at this word would stand: not denied, supposed or long ago."""
    standing = surroundings.of(Match("", at, at + 1), _ANY_SIGN)
    taken_back = standing.presence in (Presence.DENIED, Presence.SUPPOSED) or standing.time is Time.PAST
    return standing.meant and not taken_back


def _alike(text: str, words: Sequence[Word], heard: Heard) -> SymptomFact:
    evidence = _evidence(text, words, [Match("", heard.first, heard.last)])
    return SymptomFact(heard.sign, Presence.DOUBTFUL, Subject.SELF, Time.UNDATED, evidence, None, (LIKENESS,))


def _overlap(one: Match, other: Match) -> bool:
    return one.first < other.last and other.first < one.last


def _evidence(text: str, words: Sequence[Word], matches: Sequence[Match]) -> tuple[Evidence, ...]:
    spans: list[tuple[int, int]] = []
    for match in sorted(matches, key=lambda m: (m.first, m.last)):
        start, end = words[match.first].start, words[match.last - 1].end
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(Evidence(start, end, text[start:end]) for start, end in spans[:_MOST_EVIDENCE])
