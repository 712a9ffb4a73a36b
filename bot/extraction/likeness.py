"""The second voice: what sounds like a sign although no written phrase knows it.

Each clause is held against the bank of phrases in `content/triage/likeness.yml` in two ways: by what it
means (a sentence encoder's vectors) and by its words. Kernel ridge regression over both says how much it is
like each sign; what is like harmless talk counts against that.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.facts.vocabulary import Bank

if TYPE_CHECKING:
    from bot.extraction.normalise import Word

Vector = NDArray[np.float32]
Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Sequence[Vectors]]

LAYERS = (4, 6)
ENGINE_LAYERS = (6,)
SHORT = 40  # words; to read a longer text twice costs more than its vector saves
REMEMBERED = 64  # texts, those of the last seconds
SHARPNESS = np.float32(4)
WORDS_COUNT = np.float32(0.6)
RIDGE = np.float32(0.4)
ROUNDS = 100
CLOSE_ENOUGH = 1e-6
PART = 256  # phrases that one core works on at a time
KEPT = 3  # heads of the latest banks: the author's, the coach's, and the one before
_VERSION = 2
_SCRAP = 3
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Heard:
    """A clause of the message at [first, last) of its words, the sign it is most like, and how much (0-1)."""

    first: int
    last: int
    sign: str
    likeness: float


@dataclass(frozen=True, slots=True)
class Terms:
    """Texts as words and pairs of words: those of text t are `terms[starts[t]:]`, each with its weight."""

    terms: NDArray[np.intp]
    weights: Vectors
    starts: NDArray[np.intp]

    def gather(self, of_terms: Vectors) -> Vectors:
        """From a row for each term a row for each text."""
        rows: Vectors = np.add.reduceat(self.weights[:, None] * of_terms[self.terms], self.starts)
        return rows

    def spread(self, of_texts: Vectors, size: int) -> Vectors:
        """From a row for each text a row for each of `size` terms."""
        lengths = np.diff(self.starts, append=len(self.terms))
        rows = np.zeros((size, of_texts.shape[1]), dtype=np.float32)
        np.add.at(rows, self.terms, self.weights[:, None] * np.repeat(of_texts, lengths, axis=0))
        return rows


class Lexicon:
    """The bank's words and pairs of words; the rarer, the more they weigh. The empty one is in all texts."""

    def __init__(self, phrases: Sequence[str]) -> None:
        found = Counter(chain.from_iterable(map(_terms_of, phrases)))
        self._at = {term: number for number, term in enumerate(found)}
        counts = np.fromiter(found.values(), dtype=np.float32)
        self._weight = np.log((1 + len(phrases)) / (1 + counts)).astype(np.float32) + 1

    def __len__(self) -> int:
        return len(self._at)

    def read(self, texts: Sequence[str]) -> Terms:
        known = [[self._at[term] for term in _terms_of(text) if term in self._at] for text in texts]
        lengths = np.array([len(terms) for terms in known])
        starts = np.cumsum(lengths) - lengths
        terms = np.fromiter(chain.from_iterable(known), dtype=np.intp)
        weights = self._weight[terms]
        sizes = np.sqrt(np.add.reduceat(weights**2, starts))
        return Terms(terms, weights / np.repeat(sizes, lengths), starts)


def _terms_of(text: str) -> dict[str, None]:
    words = _WORD.findall(text.lower().replace("'", "").replace("’", ""))
    return dict.fromkeys(["", *words, *map(" ".join, pairwise(words))])


@dataclass(frozen=True, slots=True)
class Head:
    """What each phrase of the bank, and each of its terms, says for each sign (a column each)."""

    phrases: Vectors
    by_phrase: Vectors
    by_term: Vectors

    def likeness(self, vectors: Vectors, terms: Terms) -> Vectors:
        """A row for each text: how like it is to each sign; in all about 1 for a sign, else 0."""
        return _nearness(vectors, self.phrases) @ self.by_phrase + terms.gather(self.by_term)


class SecondVoice:
    """`encode` gives two rows per text: as the head compares it, and as the engine tells its intent by."""

    def __init__(self, bank: Bank, encode: Encode, head: Head) -> None:
        self._bank = bank
        self._encode = encode
        self._head = head
        self._meanings: OrderedDict[str, Vector] = OrderedDict()
        self._signs = tuple(bank.signs)
        self._lexicon = Lexicon(_phrases(bank))

    def hear(self, text: str, words: Sequence[Word], stands: Sequence[bool]) -> list[Heard]:
        """What each clause resembles. `stands`: for each word whether nothing takes back what it says."""
        spans = clauses(words, stands, self._bank.clause_words)[: self._bank.most_clauses]
        if not spans:
            return []
        said = [_storable(text[words[first].start : words[last - 1].end]) for first, last in spans]
        vectors = self._read(said, text if len(words) <= SHORT else None)
        signs, likeness = self._compare(self._head.likeness(vectors, self._lexicon.read(said)))
        return [
            Heard(first, last, self._signs[sign], float(alike))
            for (first, last), sign, alike in zip(spans, signs, likeness, strict=True)
        ]

    def meaning(self, text: str) -> Vector | None:
        """What the sentence model made of a short text that was heard a moment ago."""
        return self._meanings.get(text)

    def _read(self, said: Sequence[str], whole: str | None) -> Vectors:
        """The vectors of these clauses. The whole text is read along, which costs little here and as much
        as the clauses where the engine does it anew; nothing where it is one of them."""
        if whole is None:
            return self._encode(said)[0]
        in_one = _storable(whole)
        texts = list(dict.fromkeys([*said, in_one]))
        compared, meant = self._encode(texts)
        self._remember(whole, meant[texts.index(in_one)])
        return compared[[texts.index(clause) for clause in said]]

    def _remember(self, text: str, meaning: Vector) -> None:
        self._meanings[text] = meaning
        while len(self._meanings) > REMEMBERED:
            self._meanings.popitem(last=False)

    def _compare(self, each: Vectors) -> tuple[NDArray[np.intp], Vectors]:
        """For each clause the sign it is most like, and its likeness to any sign.

        A sign with a margin of its own is told where it passes that and no other sign is heard.
        """
        signs, likeness = each.argmax(axis=1), each.sum(axis=1).clip(0, 1)
        for sign, least in self._bank.least_of.items():
            column = self._signs.index(sign)
            alone = each[:, column].clip(0, 1)
            weighed = (likeness < self._bank.least) & ((signs == column) | (alone >= least))
            signs = np.where(weighed, column, signs)
            likeness = np.where(weighed, alone, likeness)
        return signs, likeness

    def alarming(self, heard: Sequence[Heard]) -> list[Heard]:
        """Those that are like a sign by the bank's margin, or by the sign's own."""
        least_of = self._bank.least_of
        return [one for one in heard if one.likeness >= least_of.get(one.sign, self._bank.least)]


def clauses(words: Sequence[Word], stands: Sequence[bool], most: int) -> list[tuple[int, int]]:
    """The words that stand, in clauses of about `most` words: cut at marks where there are any, else evenly.

    Scraps are left out: a word or three are like everything and nothing.
    """
    runs: list[tuple[int, int]] = []
    for first, last in _parts(words, stands):
        joins = runs and runs[-1][1] == first and last - runs[-1][0] <= most
        if joins:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    found = [part for first, last in runs for part in _evenly(first, last, most)]
    return [(a, b) for a, b in found if b - a > _SCRAP]


def _parts(words: Sequence[Word], stands: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Runs of standing words without a mark inside."""
    start: int | None = None
    for at, word in enumerate(words):
        if start is not None and (word.soft or word.hard or not stands[at]):
            yield start, at
            start = None
        if start is None and stands[at]:
            start = at
    if start is not None:
        yield start, len(words)


def _evenly(first: int, last: int, most: int) -> list[tuple[int, int]]:
    length = last - first
    if length <= most * 3 // 2:
        return [(first, last)]
    parts = -(-length // most)
    cuts = [first + length * n // parts for n in range(parts + 1)]
    return list(pairwise(cuts))


def second_voice(bank: Bank, encode: Encode, kept_in: Path) -> SecondVoice:
    """The voice for this bank; its head is fitted once and kept in the folder under the hash of the bank."""
    path = _place(bank, kept_in)
    head = _kept(path)
    if head is None:
        head = fit(bank, encode)
        _keep(path, head)
    return SecondVoice(bank, encode, head)


def is_kept(bank: Bank, kept_in: Path) -> bool:
    """Whether the head for this bank was fitted, and can be read whole."""
    return _kept(_place(bank, kept_in)) is not None


def _place(bank: Bank, kept_in: Path) -> Path:
    return kept_in / f"{fingerprint(bank)}.npz"


def fingerprint(bank: Bank) -> str:
    """The first 16 hex digits over the phrases and over how the head is fitted."""
    phrases = [[kind, list(several)] for kind, several in {**bank.signs, **bank.harmless}.items()]
    made_by = [_VERSION, LAYERS, float(SHARPNESS), float(WORDS_COUNT), float(RIDGE), ROUNDS]
    return hashlib.sha256(json.dumps([*made_by, phrases]).encode()).hexdigest()[:16]


def fit(bank: Bank, encode: Encode) -> Head:
    """Kernel ridge regression: 1 for the sign a phrase stands under, 0 for every other sign."""
    phrases = _phrases(bank)
    lexicon = Lexicon(phrases)
    terms = lexicon.read(phrases)
    parts = [slice(at, at + PART) for at in range(0, len(phrases), PART)]
    with ThreadPoolExecutor(os.cpu_count()) as cores:
        vectors = np.concatenate(list(cores.map(lambda part: encode(phrases[part])[0], parts)))
        near = [*cores.map(lambda part: _nearness(vectors[part], vectors), parts)]

        def answered(by_phrase: Vectors) -> Vectors:
            by_term = WORDS_COUNT * terms.spread(by_phrase, len(lexicon))
            rows = np.concatenate(list(cores.map(lambda part: part @ by_phrase, near)))
            return rows + terms.gather(by_term) + RIDGE * by_phrase

        by_phrase = _solved(answered, _wanted(bank))
    return Head(vectors, by_phrase, WORDS_COUNT * terms.spread(by_phrase, len(lexicon)))


def _wanted(bank: Bank) -> Vectors:
    """A row for each phrase: 1 for the sign it stands under, nothing where it is harmless."""

    sizes = [len(several) for several in bank.signs.values()]
    wanted = np.zeros((len(_phrases(bank)), len(sizes)), dtype=np.float32)
    wanted[np.arange(sum(sizes)), np.repeat(np.arange(len(sizes)), sizes)] = 1
    return wanted


def _solved(answered: Callable[[Vectors], Vectors], wanted: Vectors) -> Vectors:
    """What is answered by `wanted`, column by column, by conjugate gradients."""
    found, left, way = np.zeros_like(wanted), wanted, wanted
    size = (left**2).sum(axis=0)
    enough = CLOSE_ENOUGH * size
    for _ in range(ROUNDS):
        if (size <= enough).all():
            break
        ahead = answered(way)
        step = size / (way * ahead).sum(axis=0)
        found, left = found + step * way, left - step * ahead
        size, before = (left**2).sum(axis=0), size
        way = left + size / before * way
    return found


def _nearness(one: Vectors, other: Vectors) -> Vectors:
    """1 for vectors that point the same way, quickly less the farther apart."""
    near: Vectors = one @ other.T
    near -= 1
    near *= SHARPNESS
    np.exp(near, out=near)
    return near


def _phrases(bank: Bank) -> list[str]:
    """The signs' first."""
    return [*chain.from_iterable(bank.signs.values()), *chain.from_iterable(bank.harmless.values())]


def _storable(text: str) -> str:
    """Without halves of characters, which a phone may cut and the encoder refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _kept(path: Path) -> Head | None:
    """None where it isn't there, or can't be read whole (each part has a checksum)."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return Head(*(kept[field.name] for field in fields(Head)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _keep(path: Path, head: Head) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(draft, **{field.name: getattr(head, field.name) for field in fields(Head)})
    draft.replace(path)
    newest_first = sorted(path.parent.glob("*.npz"), key=lambda kept: kept.stat().st_mtime, reverse=True)
    for old in newest_first[KEPT:]:
        old.unlink(missing_ok=True)
