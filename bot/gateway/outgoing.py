"""The coach's bubbles in Telegram's form. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import MessageLimit

from bot.gateway.incoming import INERT

LONGEST = int(MessageLimit.MAX_TEXT_LENGTH)
LONGEST_CAPTION = int(MessageLimit.CAPTION_LENGTH)
ROW_WIDTH = 28  # characters of titles that a narrow phone shows side by side
ROW_BUTTONS = 6
# Where a text may be cut, best first: between paragraphs, lines, sentences, words.
BORDERS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?])\s"), re.compile(r"\s"))


def split(text: str, longest: int = LONGEST) -> list[str]:
    """The text in pieces of at most `longest` characters, cut at the best border there is."""
    pieces = []
    while length(text) > longest:
        head, text = _cut(text, longest)
        pieces.append(head)
    return [*pieces, text]


def length(text: str) -> int:
    """As Telegram counts: in UTF-16 units."""
    return len(text) + sum(ord(char) > 0xFFFF for char in text)


def keyboard(buttons: Sequence[tuple[str, str]]) -> InlineKeyboardMarkup | None:
    """Buttons of (title, token), short ones side by side; None where there are none."""
    if not buttons:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(title, callback_data=token) for title, token in row] for row in _rows(buttons)]
    )


def chosen(title: str) -> InlineKeyboardMarkup:
    """What stays of the buttons once one was pressed, so that the talk can still be read."""
    return InlineKeyboardMarkup([[InlineKeyboardButton(f"✓ {title}", callback_data=INERT)]])


def _cut(text: str, longest: int) -> tuple[str, str]:
    room = _fitting(text, longest)
    for border in BORDERS:
        places = [found for found in border.finditer(text, 0, room + 1) if 0 < found.start() <= room]
        if places:
            return text[: places[-1].start()], text[places[-1].end() :]
    return text[:room], text[room:]


def _fitting(text: str, longest: int) -> int:
    """How many characters of the text fit."""
    count = min(len(text), longest)
    while length(text[:count]) > longest:
        count -= 1
    return count


def _rows(buttons: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    row: list[tuple[str, str]] = []
    for button in buttons:
        wide = sum(len(title) for title, _ in [*row, button]) > ROW_WIDTH
        if row and (wide or len(row) == ROW_BUTTONS):
            yield row
            row = []
        row.append(button)
    yield row
