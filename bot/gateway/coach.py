"""What the Telegram door needs of the house, and how messages are handed over and answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Protocol

from anyio import to_thread

from bot.facts.talk import Reply
from bot.usecases import doors
from bot.usecases.ports import Parcel
from bot.usecases.post import Letter
from bot.usecases.receive_message import Arrival

DOOR = "telegram"
TYPING_AFTER, TYPING_AGAIN = 0.4, 4.5  # seconds; Telegram shows it for five

log = logging.getLogger(__name__)


class Delivers(Protocol):
    """See `bot.usecases.post.Post`."""

    def due(self, door: str, limit: int, under_way: Collection[int]) -> Sequence[Parcel]: ...
    def letter(self, parcel: Parcel) -> Letter | None: ...
    def sent(self, message_id: str, *, confirmed: bool = True) -> None: ...
    def put_off(self, parcel: Parcel, error: str, wait: timedelta | None = None) -> None: ...
    def give_up(self, parcel: Parcel, error: str) -> None: ...
    def refused(self, parcel: Parcel) -> None: ...
    def reach(self, door: str, address: str, *, open_to_us: bool) -> None: ...


class Knows(doors.Knows, Protocol):
    """See `bot.library.library.ContentLibrary`."""

    def say(self, content_id: str, /, **variables: str) -> tuple[Reply, ...]: ...
    def commands(self) -> Mapping[str, str]: ...


class House(doors.House, Protocol):
    """What every door needs, and the post that Telegram's messages go by."""

    @property
    def post(self) -> Delivers: ...
    @property
    def library(self) -> Knows: ...


class Coach:
    """`said` is called whenever the coach may have said something; `typing` shows a chat that it writes."""

    def __init__(
        self, receive: doors.Receives, said: Callable[[], None], typing: Callable[[str], Awaitable[None]]
    ) -> None:
        self._receive = receive
        self._said = said
        self._typing = typing
        self._unanswered: set[str] = set()
        self._answering: dict[str, asyncio.Task[None]] = {}

    async def hear(self, address: str, *, text: str, token: str | None, door_key: str) -> Arrival:
        """Keep the message (committed on return); its answer follows by itself."""
        arrive = partial(self._receive.arrive, DOOR, address, text=text, token=token, door_key=door_key)
        arrival = await to_thread.run_sync(arrive)
        self._said()
        self._unanswered.add(arrival.patient_id)
        if arrival.patient_id not in self._answering:
            answer = self._answer(arrival.patient_id, None if arrival.safety else address)
            self._answering[arrival.patient_id] = asyncio.create_task(answer)
        return arrival

    async def _answer(self, patient_id: str, address: str | None) -> None:
        """Until nothing of the patient is unanswered; what came meanwhile is answered in the same go."""
        typing = asyncio.create_task(self._show_typing(address)) if address else None
        try:
            while patient_id in self._unanswered:
                self._unanswered.discard(patient_id)
                await self._receive.answer(patient_id)
                self._said()
        except Exception as fault:
            log.error("a turn broke off (%s); the scheduler takes it up again", type(fault).__name__)
        finally:
            if typing:
                typing.cancel()
            del self._answering[patient_id]
            self._said()

    async def _show_typing(self, address: str) -> None:
        await asyncio.sleep(TYPING_AFTER)
        while True:
            with suppress(Exception):
                await self._typing(address)
            await asyncio.sleep(TYPING_AGAIN)

    async def leave(self) -> None:
        """Break off what still runs; unanswered messages are kept and taken up again later."""
        running = list(self._answering.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
