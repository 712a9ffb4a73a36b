"""Patients' words as a page shows them: harmless, and nothing in them hidden."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from markupsafe import Markup, escape

from bot.facts.clinical import Evidence

LONG = 1500  # characters: more is folded away
# Characters that turn the direction of what follows, that no one sees, or that a page can't hold.
_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: str) -> Markup:
    """Escaped; in the place of each hidden character stands its number."""
    pieces: list[Markup] = []
    end = 0
    for found in _HIDDEN.finditer(text):
        pieces += [escape(text[end : found.start()]), _shown(found[0])]
        end = found.end()
    return Markup().join([*pieces, escape(text[end:])])


def marked(text: str, evidence: Iterable[Evidence]) -> Markup:
    """As `visible`, with what was found in it marked."""
    return Markup().join(
        Markup("<mark>{}</mark>").format(visible(piece)) if inside else visible(piece)
        for piece, inside in _pieces(text, evidence)
    )


def folded(text: str) -> tuple[str, str]:
    """The beginning of a text, and what is folded away behind it."""
    return (text, "") if len(text) <= LONG else (text[:LONG], text[LONG:])


def _pieces(text: str, evidence: Iterable[Evidence]) -> Iterator[tuple[str, bool]]:
    at = 0
    for start, end in sorted((piece.start, piece.end) for piece in evidence):
        if end <= max(at, start):
            continue
        yield text[at:start], False
        yield text[max(at, start) : end], True
        at = end
    yield text[at:], False


def _shown(character: str) -> Markup:
    name = unicodedata.name(character, "control character").lower()
    return Markup('<span class="hidden-char" title="{}">[U+{:04X}]</span>').format(name, ord(character))
