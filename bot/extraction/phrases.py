"""The small language of phrases, and a matcher that looks at each word of a message once.

    numb          that word            numb*         any word beginning so
    <leg>         a slot               (a|b c)       either
    word?         may be left out      #             a number
    ..            up to 3 words between; ... up to 7, never across a sentence's end or a blocker ("not")

Slots are lists of phrases without gaps; they may use slots themselves.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product

from bot.extraction.normalise import Word

GAPS = {"..": 3, "...": 7}
_PIECE = re.compile(r"\.\.\.|\.\.|<[a-z_0-9]+>\??|[^\s()<>|]+")
_MOST_PHRASES = 60_000

Phrase = tuple[str, ...]


class BadPhrase(ValueError):
    """A phrase that can't be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One element of a pattern: a slot, and how many words may stand before it."""

    slot: int
    gap: int


@dataclass(frozen=True, slots=True)
class Pattern:
    owner: str
    steps: tuple[Step, ...]
    needs: frozenset[int]


@dataclass(frozen=True, slots=True)
class Match:
    """`owner` was found in words [first, last)."""

    owner: str
    first: int
    last: int


def pieces_of(phrase: str) -> list[str]:
    """The elements of a phrase: words, slots, gaps and whole groups. Raises BadPhrase."""
    pieces: list[str] = []
    at = 0
    while at < len(phrase):
        if phrase[at].isspace():
            at += 1
            continue
        if phrase[at] == "(":
            end = _closing(phrase, at)
            end += phrase[end : end + 1] == "?"
        else:
            match = _PIECE.match(phrase, at)
            if match is None:
                raise BadPhrase(f"`{phrase}` can't be read at `{phrase[at:]}`")
            end = match.end()
        pieces.append(phrase[at:end])
        at = end
    return pieces


def alternatives_of(group: str) -> list[str]:
    """What stands between the bars of "(a|b c|(d|e) f)"."""
    inner, depth, start = group[1:-1], 0, 0
    parts: list[str] = []
    for at, character in enumerate(inner):
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            parts.append(inner[start:at])
            start = at + 1
    return [*parts, inner[start:]]


def _closing(phrase: str, opening: int) -> int:
    depth = 0
    for at in range(opening, len(phrase)):
        depth += (phrase[at] == "(") - (phrase[at] == ")")
        if depth == 0:
            return at + 1
    raise BadPhrase(f"`{phrase}`: a bracket stays open")


class _Node:
    __slots__ = ("next", "slots")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = _NOWHERE
        self.slots: tuple[int, ...] = ()

    def go(self, word: str) -> _Node:
        if self.next is _NOWHERE:
            self.next = {}
        return self.next.setdefault(word, _Node())


_NOWHERE: dict[str, _Node] = {}  # most nodes are the last of their phrase, and there are many


# slot -> start -> ends, in one message
_Hits = dict[int, dict[int, list[int]]]


def _hits(places: Mapping[_Node, list[tuple[int, int]]], wanted: frozenset[int]) -> _Hits:
    """Where the wanted slots stand; few are, so the rest isn't looked at."""
    found: _Hits = {slot: {} for slot in wanted}
    for node, standing in places.items():
        for slot in wanted.intersection(node.slots):
            for start, end in standing:
                found[slot].setdefault(start, []).append(end)
    return found


class Phrasebook:
    """Compiles phrases once; `find` then costs about the same for every word of a message."""

    def __init__(
        self,
        slots: Mapping[str, Sequence[str]],
        level: Callable[[str], Phrase],
        fillers: Callable[[Phrase], Phrase],
    ) -> None:
        self._sources = slots
        self._level = level
        self._strip = fillers
        self._expanded: dict[str, frozenset[Phrase]] = {}
        self._pieces: dict[str, frozenset[Phrase]] = {}
        self._numbers: dict[frozenset[Phrase], int] = {}
        self._root = _Node()
        self._patterns: list[Pattern] = []
        self._by_rarest: dict[int, list[Pattern]] = {}
        self._prefixes: dict[int, set[str]] = {}
        self._keys: dict[str, tuple[str, ...]] = {}
        self.lexicon: set[str] = set()
        self._of_signs: set[int] = set()
        self._owner_is_sign = False

    def add(self, owner: str, phrase: str) -> None:
        """Raises BadPhrase."""
        self._owner_is_sign = owner.startswith(("sign:", "open:", "hint:"))
        for variant in self._variants(phrase):
            steps = self._steps(variant)
            if not steps:
                raise BadPhrase(f"`{phrase}` may be empty")
            self._patterns.append(Pattern(owner, steps, frozenset(s.slot for s in steps)))

    def seal(self) -> None:
        """Index each pattern by the slot that the fewest messages will hold; nothing is added afterwards.

        A word that stands in many slots ("to", "my") is taken for common; a phrase is as common as its
        rarest word, a slot as common as its phrases together.
        """
        common = Counter(word for choices in self._numbers for word in {w for p in choices for w in p})
        often = {
            number: sum(min(common[word] for word in phrase) for phrase in choices)
            for choices, number in self._numbers.items()
        }
        for pattern in self._patterns:
            rarest = min(pattern.needs, key=lambda slot: (often[slot], slot))
            self._by_rarest.setdefault(rarest, []).append(pattern)
        del self._patterns, self._numbers, self._expanded, self._pieces, self._of_signs

    def find(self, words: Sequence[Word], blockers: frozenset[str]) -> list[Match]:
        places = self._places(words)
        present: frozenset[int] = frozenset().union(*(node.slots for node in places))
        possible = [
            pattern
            for slot in present & self._by_rarest.keys()
            for pattern in self._by_rarest[slot]
            if pattern.needs <= present
        ]
        hits = _hits(places, frozenset().union(*(pattern.needs for pattern in possible)))
        walls = [n for n, w in enumerate(words) if w.hard]
        shut = [n for n, w in enumerate(words) if w.text in blockers]
        found: set[Match] = set()
        for pattern in possible:
            self._match(pattern, hits, walls, shut, found)
        return sorted(found, key=lambda m: (m.first, m.last, m.owner))

    def _match(
        self,
        pattern: Pattern,
        hits: _Hits,
        walls: Sequence[int],
        shut: Sequence[int],
        found: set[Match],
    ) -> None:
        steps = pattern.steps
        for first, ends in hits[steps[0].slot].items():
            wall = bisect_left(walls, first + 1)
            limit = walls[wall] if wall < len(walls) else 1 << 30
            reached = {end for end in ends if end <= limit}
            for step in steps[1:]:
                starts = hits[step.slot]
                following: set[int] = set()
                for end in reached:
                    stop = min(end + step.gap, limit)
                    if step.gap:
                        block = bisect_left(shut, end)
                        if block < len(shut):
                            stop = min(stop, shut[block])
                    for start in range(end, stop + 1):
                        if start in starts:
                            following.update(e for e in starts[start] if e <= limit)
                reached = following
                if not reached:
                    break
            if reached:
                found.add(Match(pattern.owner, first, min(reached)))

    def _places(self, words: Sequence[Word]) -> dict[_Node, list[tuple[int, int]]]:
        """Where each known phrase stands: its node, with starts and ends."""
        keys = [self._keys_of(word.text) for word in words]
        places: dict[_Node, list[tuple[int, int]]] = {}
        root = self._root.next
        for start in range(len(words)):
            nodes = [root[key] for key in keys[start] if key in root]
            end = start + 1
            while nodes:
                for node in nodes:
                    if node.slots:
                        places.setdefault(node, []).append((start, end))
                if end >= len(words) or words[end].hard:
                    break
                nodes = [node.next[key] for node in nodes for key in keys[end] if key in node.next]
                end += 1
        return places

    def _keys_of(self, text: str) -> tuple[str, ...]:
        keys = self._keys.get(text)
        if keys is None:
            found = [text]
            if text.isdigit():
                found.append("#")
            for length, beginnings in self._prefixes.items():
                if text[:length] in beginnings:
                    found.append(text[:length] + "*")
            keys = tuple(found)
            if len(self._keys) > 20_000:
                self._keys.clear()
            self._keys[text] = keys
        return keys

    # Compiling

    def _variants(self, phrase: str) -> Iterator[tuple[str, ...]]:
        """Every way to take and leave out what is optional; a group that holds a gap is written out."""
        choices = [self._choices(piece) for piece in pieces_of(phrase)]
        for choice in product(*choices):
            yield self._strip(tuple(chain.from_iterable(choice)))

    def _choices(self, piece: str) -> list[tuple[str, ...]]:
        optional = piece.endswith("?") and len(piece) > 1
        bare = piece[:-1] if optional else piece
        choices: list[tuple[str, ...]] = [(bare,)]
        if bare.startswith("(") and ".." in bare:
            choices = [v for part in alternatives_of(bare) for v in self._variants(part)]
        return [*choices, ()] if optional else choices

    def _steps(self, pieces: Sequence[str]) -> tuple[Step, ...]:
        steps: list[Step] = []
        gap = 0
        for piece in pieces:
            if piece in GAPS:
                gap = max(gap, GAPS[piece])
                continue
            choices = self._phrases_of(piece)
            if not choices:
                continue
            steps.append(Step(self._number(choices), gap if steps else 0))
            gap = 0
        return tuple(steps)

    def _phrases_of(self, piece: str) -> frozenset[Phrase]:
        if piece not in self._pieces:
            self._pieces[piece] = self._read(piece)
        return self._pieces[piece]

    def _read(self, piece: str) -> frozenset[Phrase]:
        if piece.startswith("<"):
            return self._slot(piece[1:-1])
        if piece.startswith("("):
            found: set[Phrase] = set()
            for part in alternatives_of(piece):
                found |= self._expand(part)
            return frozenset(found)
        words = self._strip(self._level(piece))
        return frozenset({words}) if words else frozenset()

    def _slot(self, name: str) -> frozenset[Phrase]:
        if name not in self._expanded:
            if name not in self._sources:
                raise BadPhrase(f"no slot is called <{name}>")
            self._expanded[name] = frozenset()
            found: set[Phrase] = set()
            for source in self._sources[name]:
                found |= self._expand(str(source))
                if len(found) > _MOST_PHRASES:
                    raise BadPhrase(f"<{name}> has too many phrases")
            self._expanded[name] = frozenset(found)
        return self._expanded[name]

    def _expand(self, source: str) -> frozenset[Phrase]:
        found: set[Phrase] = set()
        for pieces in self._variants(source):
            if any(piece in GAPS for piece in pieces):
                raise BadPhrase(f"`{source}`: a slot can't hold a gap")
            parts = [self._phrases_of(piece) or frozenset({()}) for piece in pieces]
            for chosen in product(*parts):
                found.add(tuple(chain.from_iterable(chosen)))
        return frozenset(found - {()})

    def _number(self, choices: frozenset[Phrase]) -> int:
        number = self._numbers.get(choices)
        if number is None:
            number = len(self._numbers)
            self._numbers[choices] = number
            for phrase in choices:
                self._plant(phrase, number)
        if self._owner_is_sign and number not in self._of_signs:
            self._of_signs.add(number)
            self.lexicon.update(w for phrase in choices for w in phrase if w.isalpha())
        return number

    def _plant(self, phrase: Phrase, number: int) -> None:
        node = self._root
        for word in phrase:
            if word.endswith("*"):
                self._prefixes.setdefault(len(word) - 1, set()).add(word[:-1])
            node = node.go(word)
        node.slots += (number,)
