"""One talk at the terminal: what is typed goes in at once, what the coach says is shown when it comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from anyio import to_thread

from bot.facts.talk import Direction, Message
from bot.pictures import draw_days, is_progress, last_days
from bot.terminal.looks import Looks, wrapped
from bot.usecases.doors import House

DOOR = "terminal"
SHOWN_AT_START = 6
SOON, CALM = 0.2, 2.0
LAST_WAIT = 30.0

log = logging.getLogger(__name__)


class Session:
    """`out` writes to the screen as it is; `width` tells how wide the screen is now, in characters.

    Stored pictures lie in `pictures`; those drawn for this talk go into `drawn`, its documents into `handed`.
    """

    def __init__(
        self,
        house: House,
        address: str,
        *,
        out: Callable[[str], None],
        width: Callable[[], int],
        looks: Looks,
        words: Mapping[str, str],
        pictures: Path,
        drawn: Path,
        handed: Path,
    ) -> None:
        self._house = house
        self._address = address
        self._out = out
        self._width = width
        self._looks = looks
        self._words = words
        self._pictures = pictures
        self._drawn = drawn
        self._handed = handed
        self._last = 0
        self._offered: Message | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._showing = asyncio.Lock()

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Talk until the lines end; answers still on their way are waited for."""
        self._tell("intro")
        await self._show_history()
        self._prompt()
        watch = asyncio.create_task(self._watch())
        try:
            async for line in lines:
                await self._hear(line.strip())
            if self._answering:
                await asyncio.wait(self._answering, timeout=LAST_WAIT)
            await self._show_new()
        finally:
            for task in (watch, *self._answering):
                task.cancel()
            await asyncio.gather(watch, *self._answering, return_exceptions=True)

    async def _hear(self, line: str) -> None:
        if not line:
            self._tell("empty")
            self._prompt()
            return
        token = self._chosen(line)
        said = {"token": token} if token else {"text": line}
        try:
            arrival = await to_thread.run_sync(
                partial(self._house.receive.arrive, DOOR, self._address, **said)
            )
        except Exception as fault:
            log.error("a message could not be kept: %s", type(fault).__name__)
            self._tell("unsent")
            self._prompt()
            return
        self._offered = None
        task = asyncio.create_task(self._answer(arrival.patient_id))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        await self._show_new()

    async def _answer(self, patient_id: str) -> None:
        try:
            await self._house.receive.answer(patient_id)
        except Exception as fault:
            log.error("a turn broke off (%s); the scheduler takes it up again", type(fault).__name__)
        await self._show_new()

    async def _watch(self) -> None:
        """Show what comes by itself: late answers, check-ins."""
        while True:
            await asyncio.sleep(SOON if self._answering else CALM)
            try:
                await self._show_new()
            except Exception as fault:
                log.error("the talk could not be read: %s", type(fault).__name__)

    async def _show_history(self) -> None:
        talk = await self._new_messages()
        if talk:
            self._tell("earlier")
        for message in talk[-SHOWN_AT_START:]:
            await self._show(message)
        await self._delivered(talk[-SHOWN_AT_START:])

    async def _show_new(self) -> None:
        async with self._showing:
            said = [m for m in await self._new_messages() if m.direction is Direction.OUT]
            if not said:
                return
            self._out("\n")
            for message in said:
                await self._show(message)
            self._prompt()
            await self._delivered(said)

    async def _new_messages(self) -> list[Message]:
        return await to_thread.run_sync(self._read_new)

    def _read_new(self) -> list[Message]:
        new: list[Message] = []
        while batch := self._house.talk.transcript(DOOR, self._address, after=self._last):
            new.extend(batch)
            self._last = batch[-1].seq
        return new

    async def _delivered(self, messages: Sequence[Message]) -> None:
        ids = [message.id for message in messages if message.direction is Direction.OUT]
        await to_thread.run_sync(self._house.talk.delivered, ids)

    async def _show(self, message: Message) -> None:
        files = await to_thread.run_sync(self._files_of, message)
        self._offered = message if message.direction is Direction.OUT and message.buttons else None
        shown = self._looks.message(message, self._width(), numbered=self._numbered(message), files=files)
        self._out(shown + "\n\n")

    def _files_of(self, message: Message) -> dict[str, Path]:
        """Where the files that belong to the message lie, by the label they are shown under."""
        found = {"picture": self._picture_of(message), "document": self._document_of(message)}
        return {label: path for label, path in found.items() if path is not None}

    def _document_of(self, message: Message) -> Path | None:
        """Where the document lies; it is made when it isn't there yet, for this user's eyes only."""
        if message.document is None:
            return None
        path = self._handed / message.id / message.document
        if not path.exists():
            made = self._house.hand_over.document(DOOR, self._address, message.id)
            if made is None:
                return None
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = path.with_suffix(".part")
            draft.touch(mode=0o600)
            draft.write_bytes(made.content)
            draft.replace(path)
        return path

    def _picture_of(self, message: Message) -> Path | None:
        """Where the message's picture lies; the progress picture is drawn anew."""
        if message.image is None:
            return None
        if not is_progress(message.image):
            return self._pictures / message.image
        pains = self._house.talk.progress(message.patient_id)
        zone = self._house.talk.zone(message.patient_id)
        today = datetime.now(UTC).astimezone(zone).date()
        days = last_days(pains, today, int(self._house.library.number("progress_days")), zone)
        self._drawn.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._drawn / "progress.png"
        path.touch(mode=0o600)
        path.write_bytes(draw_days(days))
        return path

    def _numbered(self, message: Message) -> bool:
        """Where a number can itself be the answer, typing one must never press another button."""
        question = self._house.library.question(message.asks) if message.asks else None
        if question is not None and question.form in {"number", "time"}:
            return False
        return not any(title.strip().isdigit() for title, _ in message.buttons)

    def _chosen(self, line: str) -> str | None:
        """The token of the answer that was chosen by its words or its number."""
        if self._offered is None:
            return None
        by_title = {title.casefold(): token for title, token in self._offered.buttons}
        if token := by_title.get(line.casefold()):
            return token
        number = int(line) if line.isascii() and line.isdigit() and len(line) < 4 else 0
        if self._numbered(self._offered) and 1 <= number <= len(self._offered.buttons):
            return self._offered.buttons[number - 1][1]
        return None

    def _tell(self, label: str) -> None:
        self._out(wrapped(self._words[label], self._width()) + "\n\n")

    def _prompt(self) -> None:
        self._out(self._looks.prompt)
