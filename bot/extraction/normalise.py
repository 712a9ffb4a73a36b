"""A message becomes plain words that still know where they stood.

Curly quotes, missing apostrophes, zero-width characters, elongations, emoji and number words are levelled;
fillers and repeats are passed over, so that "um my, my chest, like, hurts" reads "my chest hurts".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from spacy.tokenizer import Tokenizer
from spacy.vocab import Vocab

_HARD = frozenset(".!?\n")
_QUOTES = "'\u2019\u2018\u02bc\u0060\u00b4\u2032\uff07"
_INVISIBLE = frozenset({"Cf", "Cc", "Mn", "Me", "Cs", "Co"})
_SPLIT = re.compile(rf"[^\w{_QUOTES}]|_", re.UNICODE)
_RUN = re.compile(r"(.)\1{2,}")
_AUXILIARIES = frozenset(
    [
        "do",
        "does",
        "did",
        "have",
        "has",
        "had",
        "can",
        "could",
        "will",
        "would",
        "is",
        "are",
        "was",
        "were",
        "should",
        "must",
        "am",
        "might",
    ]
)
_LONGEST_WORD = 40
_SCRAP = 3
_POINTING = frozenset({"it", "they"})
_PAUSES = frozenset({"well"})
_RESTARTING = frozenset({"just", "only"})


@dataclass(frozen=True, slots=True)
class Word:
    """One plain word of the message. [start, end) are code points of the original; `soft` and `hard` tell of
    a comma or the end of a sentence before it, `restart` of a "just" or "only" that was passed over. `raw` is
    what stood there where it was repaired."""

    text: str
    start: int
    end: int
    soft: bool = False
    hard: bool = False
    raw: str | None = None
    restart: bool = False


def tokeniser() -> Tokenizer:
    """spaCy's tokeniser with rules of ours: every mark stands alone, apostrophes stay inside their word."""
    mark = re.compile(rf"^(?:[^\w]|_)|^[{_QUOTES}]")
    tail = re.compile(rf"(?:[^\w]|_)$|[{_QUOTES}]$")
    return Tokenizer(
        Vocab(),
        rules={},
        prefix_search=mark.search,
        suffix_search=tail.search,
        infix_finditer=_SPLIT.finditer,
    )


def plain(text: str) -> tuple[str, Sequence[int]]:
    """The text without invisible characters and marks on letters, and for each character its place before."""
    if text.isascii() and not any(c < " " and c not in "\n\t\r" for c in text):
        return text.lower(), range(len(text) + 1)
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character in "\n\t\r":
            letters.append(character)
            places.append(place)
            continue
        for part in unicodedata.normalize("NFKD", character).lower():
            if unicodedata.category(part) in _INVISIBLE and part not in "\n\t":
                continue
            letters.append("'" if part in _QUOTES else part)
            places.append(place)
    places.append(len(text))
    return "".join(letters), places


class Normaliser:
    """`forms` rewrites one word as one or more; `repair` mends what no list knows."""

    def __init__(
        self,
        forms: Mapping[str, str],
        fillers: Iterable[str],
        known: Callable[[str], bool],
        repair: Callable[[str], str | None],
    ) -> None:
        self._tokeniser = tokeniser()
        self._forms = {key: tuple(value.split()) for key, value in forms.items()}
        self._known = known
        self._repair = repair
        self._fillers: dict[str, list[tuple[str, ...]]] = {}
        for filler in fillers:
            words = tuple(w for part in filler.split() for w in self._forms.get(part, (part,)))
            self._fillers.setdefault(words[0], []).append(words)
        for several in self._fillers.values():
            several.sort(key=len, reverse=True)
        self._levelled: dict[str, tuple[tuple[str, ...], bool]] = {}

    def words(self, text: str) -> list[Word]:
        read = self._rejoined(self._joined(self._read(text)))
        return self._without_repeats(self._without_fillers(read))

    def phrase(self, text: str) -> tuple[str, ...]:
        """The words of a phrase of ours, levelled like a message (nothing is repaired)."""
        found: list[str] = []
        for part in text.lower().replace("'", "").split():
            found.extend(self._forms.get(part, (part,)))
        return tuple(found)

    def _read(self, text: str) -> list[Word]:
        lowered, places = plain(text)
        words: list[Word] = []
        soft = hard = False
        for token in self._tokens(lowered):
            piece, at = token
            if piece[0].isalnum():
                start, end = places[at], places[at + len(piece) - 1] + 1
                pieces, repaired = self._level(piece)
                for number, part in enumerate(pieces):
                    first = number == 0
                    words.append(
                        Word(part, start, end, soft and first, hard and first, piece if repaired else None)
                    )
                soft = hard = False
                continue
            if piece in self._forms:
                words.extend(Word(p, places[at], places[at] + 1, soft, hard) for p in self._forms[piece])
                soft = hard = False
                continue
            hard = hard or (piece in _HARD and not _trails_off(lowered, at))
            soft = True if not piece.isspace() or "\n" in piece else soft
            hard = hard or "\n" in piece
        return words

    def _tokens(self, text: str) -> list[tuple[str, int]]:
        """Tokens with their places. Very long unbroken runs are cut, so that cost stays linear."""
        tokens: list[tuple[str, int]] = []
        for chunk in re.finditer(r"\S+|\n+", text):
            piece, at = chunk.group(), chunk.start()
            if piece.isalpha():
                tokens.append((piece[:_LONGEST_WORD], at))
            elif piece[0] == "\n":
                tokens.append(("\n", at))
            else:
                for start in range(0, len(piece), 200):
                    doc = self._tokeniser(piece[start : start + 200])
                    tokens.extend((t.text[:_LONGEST_WORD], at + start + t.idx) for t in doc)
        return tokens

    def _level(self, piece: str) -> tuple[tuple[str, ...], bool]:
        cached = self._levelled.get(piece)
        if cached is None:
            cached = self._level_anew(piece)
            if len(self._levelled) > 20_000:
                self._levelled.clear()
            self._levelled[piece] = cached
        return cached

    def _level_anew(self, piece: str) -> tuple[tuple[str, ...], bool]:
        bare = piece.replace("'", "")
        for written in (piece, bare):
            if written in self._forms:
                return self._forms[written], False
        if piece.endswith("'s"):
            bare = piece[:-2].replace("'", "")
            if bare in self._forms:
                return self._forms[bare], False
        if self._known(bare):
            return (bare,), False
        shortened = self._without_runs(bare)
        if shortened is not None:
            return self._forms.get(shortened, (shortened,)), shortened != bare
        mended = self._repair(bare)
        if mended is None:
            return (bare,), False
        return tuple(w for part in mended.split() for w in self._forms.get(part, (part,))), True

    def _without_runs(self, bare: str) -> str | None:
        if not _RUN.search(bare):
            return None
        for keep in (r"\1\1", r"\1"):
            shorter = _RUN.sub(keep, bare)
            if self._known(shorter) or shorter in self._forms:
                return shorter
        return self._repair(_RUN.sub(r"\1", bare))

    def _joined(self, words: list[Word]) -> list[Word]:
        """ "could not" reads "couldnt", like its short form."""
        joined: list[Word] = []
        for word in words:
            if word.text == "not" and joined and joined[-1].text in _AUXILIARIES and not word.hard:
                before = joined[-1]
                text = {"can": "cant", "will": "wont", "am": "am not"}.get(before.text, before.text + "nt")
                if " " not in text:
                    joined[-1] = Word(text, before.start, word.end, before.soft, before.hard)
                    continue
            joined.append(word)
        return joined

    @staticmethod
    def _rejoined(words: list[Word]) -> list[Word]:
        """ "My chest. It hurts." is one saying: a scrap before "it" is no sentence of its own."""
        started = 0
        for at, word in enumerate(words):
            if word.hard:
                if word.text in _POINTING and at - started <= _SCRAP:
                    words[at] = Word(word.text, word.start, word.end, True, False, word.raw)
                started = at
        return words

    def _without_fillers(self, words: list[Word]) -> list[Word]:
        kept: list[Word] = []
        soft = hard = restart = False
        at = 0
        while at < len(words):
            word = words[at]
            length = self._filler_at(words, at)
            soft, hard = soft or word.soft, hard or word.hard
            if length:
                restart = restart or word.text in _RESTARTING
                rest = words[at + 1 : at + length]
                soft = soft or any(w.soft for w in rest)
                hard = hard or any(w.hard for w in rest)
                at += length
                continue
            if soft != word.soft or hard != word.hard or restart:
                word = Word(word.text, word.start, word.end, soft, hard, word.raw, restart)
            kept.append(word)
            soft = hard = restart = False
            at += 1
        return kept

    def _filler_at(self, words: list[Word], at: int) -> int:
        if words[at].text in _PAUSES and at + 1 < len(words) and (words[at].soft or words[at + 1].soft):
            return 1
        for filler in self._fillers.get(words[at].text, ()):
            if all(
                at + n < len(words) and words[at + n].text == part and not (n and words[at + n].hard)
                for n, part in enumerate(filler)
            ):
                return len(filler)
        return 0

    @staticmethod
    def _without_repeats(words: list[Word]) -> list[Word]:
        """ "I I had", "short of, short of breath": said twice, read once."""
        kept: list[Word] = []
        for word in words:
            if kept and kept[-1].text == word.text and not word.hard:
                kept[-1] = Word(word.text, word.start, word.end, kept[-1].soft, kept[-1].hard, word.raw)
                continue
            kept.append(word)
            if (
                len(kept) >= 4
                and kept[-4].text == kept[-2].text
                and kept[-3].text == kept[-1].text
                and not kept[-2].hard
                and not kept[-1].hard
            ):
                del kept[-2:]
        return kept


def _trails_off(text: str, at: int) -> bool:
    """Dots in a row are a pause, not the end of a sentence."""
    return text[at] == "." and (text[at + 1 : at + 2] == "." or text[max(0, at - 1) : at] == ".")
