"""The second voice: what sounds like a sign although no written phrase knows it.

A sentence encoder turns each clause into a vector. Two things are asked of it: what a small head says that
was fitted to the bank of phrases in `content/triage/likeness.yml`, and whether the nearest phrase of the bank
is one of a sign or of harmless talk. Together they catch more than either alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.extraction.normalise import Word
from bot.facts.vocabulary import Bank

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]

SCALE = np.float32(5.5)
PENALTY = 3.0
PULL = 10.0
ROUNDS = 300
_VERSION = 1
_SCRAP = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """A clause of the message at [first, last) of its words, the sign it is most like, and how much (0-1)."""

    first: int
    last: int
    sign: str
    likeness: float


@dataclass(frozen=True, slots=True)
class Head:
    """Multinomial logistic regression, a column of weights for each kind of phrase; the phrases' vectors."""

    weights: Vectors
    bias: Vectors
    phrases: Vectors

    def shares(self, vectors: Vectors) -> Vectors:
        """For each vector how likely each kind of phrase is; rows sum to 1."""
        return _shares(vectors @ self.weights + self.bias)


class SecondVoice:
    def __init__(self, bank: Bank, embed: Embed, head: Head) -> None:
        self._bank = bank
        self._embed = embed
        self._head = head
        self._signs = tuple(bank.signs)
        sizes = [len(several) for several in (*bank.signs.values(), *bank.harmless.values())]
        self._starts = np.cumsum([0, *sizes[:-1]])

    def hear(self, text: str, words: Sequence[Word], stands: Sequence[bool]) -> list[Heard]:
        """What each clause resembles. `stands`: for each word whether nothing takes back what it says."""
        spans = clauses(words, stands, self._bank.clause_words)[: self._bank.most_clauses]
        if not spans:
            return []
        said = [_storable(text[words[first].start : words[last - 1].end]) for first, last in spans]
        signs, likeness = self._compare(self._embed(said))
        return [
            Heard(first, last, self._signs[sign], float(alike))
            for (first, last), sign, alike in zip(spans, signs, likeness, strict=True)
        ]

    def _compare(self, vectors: Vectors) -> tuple[NDArray[np.intp], NDArray[Any]]:
        """For each vector the sign it is most like, and its likeness to any sign.

        A sign with a margin of its own is told where it passes that and no other sign is heard.
        """
        known = len(self._signs)
        shares = self._head.shares(vectors).clip(1e-9, 1)
        nearest = np.maximum.reduceat(vectors @ self._head.phrases.T, self._starts, axis=1)
        harmless = np.log(shares[:, known:].sum(axis=1)) + PULL * nearest[:, known:].max(axis=1)
        each = (np.log(shares) + PULL * nearest)[:, :known]
        any_sign = np.log(shares[:, :known].sum(axis=1)) + PULL * nearest[:, :known].max(axis=1)
        signs, likeness = each.argmax(axis=1), _likeness(any_sign - harmless)
        for sign, least in self._bank.least_of.items():
            column = self._signs.index(sign)
            alone = _likeness(each[:, column] - harmless)
            heard = (alone >= least) & ((signs == column) | (likeness < self._bank.least))
            signs = np.where(heard, column, signs)
            likeness = np.where(heard, alone, likeness)
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


def second_voice(bank: Bank, embed: Embed, kept_in: Path) -> SecondVoice:
    """The voice for this bank; its head is fitted once and kept in the folder under the hash of the bank."""
    path = kept_in / f"{fingerprint(bank)}.npz"
    head = _kept(path)
    if head is None:
        head = fit(bank, embed)
        _keep(path, head)
    return SecondVoice(bank, embed, head)


def fingerprint(bank: Bank) -> str:
    """The first 16 hex digits over the phrases and over how the head is fitted."""
    phrases = [[kind, list(several)] for kind, several in {**bank.signs, **bank.harmless}.items()]
    made_from: list[Any] = [_VERSION, float(SCALE), PENALTY, ROUNDS, phrases]
    return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]


def fit(bank: Bank, embed: Embed) -> Head:
    """Fit the head to the bank by accelerated gradient descent; kinds with few phrases weigh more in each."""
    kinds = [*bank.signs.values(), *bank.harmless.values()]
    truth = np.repeat(np.arange(len(kinds)), [len(several) for several in kinds])
    phrases = embed([phrase for several in kinds for phrase in several])
    vectors = phrases.astype(np.float64) * SCALE
    weight = np.sqrt(1 / np.bincount(truth)[truth])
    weight = (weight / weight.mean())[:, None]
    wanted = np.eye(len(kinds))[truth]
    step = 1 / (0.25 * np.linalg.norm(vectors, 2) ** 2 * weight.max() + PENALTY)
    held = np.zeros((vectors.shape[1] + 1, len(kinds)))
    ahead = held
    for number in range(ROUNDS):
        wrong = (_shares(vectors @ ahead[:-1] + ahead[-1]) - wanted) * weight
        slope = np.vstack([vectors.T @ wrong + PENALTY * ahead[:-1], wrong.sum(axis=0)])
        moved = ahead - step * slope
        ahead = moved + number / (number + 3) * (moved - held)
        held = moved
    return Head((held[:-1] * SCALE).astype(np.float32), held[-1].astype(np.float32), phrases)


def _storable(text: str) -> str:
    """Without halves of characters, which a phone may cut and the encoder refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _likeness(odds: NDArray[Any]) -> NDArray[Any]:
    likeness: NDArray[Any] = 1 / (1 + np.exp(-odds))
    return likeness


def _shares(scores: NDArray[Any]) -> NDArray[Any]:
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: NDArray[Any] = grown / grown.sum(axis=1, keepdims=True)
    return shares


def _kept(path: Path) -> Head | None:
    """None where it isn't there, or can't be read whole (each part has a checksum)."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return Head(kept["weights"], kept["bias"], kept["phrases"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _keep(path: Path, head: Head) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(draft, weights=head.weights, bias=head.bias, phrases=head.phrases)
    draft.replace(path)
