"""One letter to Telegram: as many messages as it needs, a picture as a photo."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from anyio import to_thread
from telegram import Bot, InlineKeyboardMarkup
from telegram.error import BadRequest, NetworkError

from bot.facts.talk import Kind
from bot.gateway.coach import DOOR, House
from bot.gateway.outgoing import LONGEST_CAPTION, keyboard, length, split
from bot.pictures import draw_days, is_progress, last_days
from bot.usecases.post import Letter

log = logging.getLogger(__name__)

# Seconds to wait for Telegram's answer. Whoever gives up early doesn't know whether it was sent: safety words
# are then rather said twice; the others are given time, and said once.
PATIENCE, PATIENCE_OF_SAFETY = 20.0, 5.0
# The request has left whole by then. What fails earlier was surely not sent.
UNANSWERED = (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError)

Call = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """One message of a letter. `words`: its words alone (None: it has none), where the whole isn't taken."""

    whole: Call
    words: Call | None


class Sender:
    """A letter that broke off between two of its messages goes on with the next.

    Safety words are sent until Telegram confirms them. Others whose answer never came aren't sent again.
    """

    def __init__(self, bot: Bot, house: House, pictures: Path) -> None:
        self._bot = bot
        self._house = house
        self._pictures = pictures
        self._begun: dict[str, int] = {}
        self._unconfirmed: set[str] = set()

    async def send(self, letter: Letter) -> bool:
        """Whether Telegram confirmed all of it. Raises TelegramError."""
        message = letter.message
        steps = await self._steps(letter)
        for place in range(self._begun.get(message.id, 0), len(steps)):
            last = place == len(steps) - 1
            await self._take_once(steps[place], letter, keyboard(message.buttons) if last else None)
            self._begun[message.id] = place + 1
        self._begun.pop(message.id, None)
        confirmed = message.id not in self._unconfirmed
        self._unconfirmed.discard(message.id)
        return confirmed

    async def _take_once(self, step: Step, letter: Letter, markup: InlineKeyboardMarkup | None) -> None:
        try:
            await self._take(step, letter, markup)
        except NetworkError as fault:
            if letter.message.kind is Kind.SAFETY or not isinstance(fault.__cause__, UNANSWERED):
                raise
            log.warning("nobody knows whether a message was delivered: %s", type(fault.__cause__).__name__)
            self._unconfirmed.add(letter.message.id)

    async def _steps(self, letter: Letter) -> list[Step]:
        """The words, with their picture; the buttons hang on the last. A document goes before them."""
        document = await to_thread.run_sync(self._document, letter)
        return document + await self._in_words_and_picture(letter)

    async def _in_words_and_picture(self, letter: Letter) -> list[Step]:
        text = letter.message.text or ""
        picture = await to_thread.run_sync(self._picture, letter)
        if picture is None:
            return self._in_words(text)
        if length(text) <= LONGEST_CAPTION:
            words = partial(self._bot.send_message, text=text)
            return [Step(partial(self._bot.send_photo, photo=picture, caption=text), words)]
        return [Step(partial(self._bot.send_photo, photo=picture), None), *self._in_words(text)]

    def _in_words(self, text: str) -> list[Step]:
        calls = [partial(self._bot.send_message, text=piece) for piece in split(text)]
        return [Step(call, call) for call in calls]

    async def _take(self, step: Step, letter: Letter, markup: InlineKeyboardMarkup | None) -> None:
        patience = PATIENCE_OF_SAFETY if letter.message.kind is Kind.SAFETY else PATIENCE
        chat_id = int(letter.address)
        try:
            await step.whole(chat_id=chat_id, reply_markup=markup, read_timeout=patience)
        except BadRequest:
            if step.words is not None:
                await step.words(chat_id=chat_id, read_timeout=patience)

    def _document(self, letter: Letter) -> list[Step]:
        if letter.message.document is None:
            return []
        made = self._house.hand_over.document(DOOR, letter.address, letter.message.id)
        if made is None:
            return []
        return [Step(partial(self._bot.send_document, document=made.content, filename=made.name), None)]

    def _picture(self, letter: Letter) -> bytes | None:
        """The words go without it where it can't be read."""
        image = letter.message.image
        if image is None:
            return None
        if is_progress(image):
            return self._progress(letter)
        try:
            return (self._pictures / image).read_bytes()
        except OSError as fault:
            log.error("a picture could not be read: %s", type(fault).__name__)
            return None

    def _progress(self, letter: Letter) -> bytes:
        days = int(self._house.library.number("progress_days"))
        today = datetime.now(UTC).astimezone(letter.zone).date()
        pains = self._house.talk.progress(letter.message.patient_id)
        return draw_days(last_days(pains, today, days, letter.zone))
