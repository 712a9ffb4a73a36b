"""Carries the outbox to Telegram: chats in parallel, each in order, alarms past everything."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial

from anyio import to_thread
from telegram.error import BadRequest, Forbidden, RetryAfter

from bot.facts.talk import Kind
from bot.gateway.asking import seconds_asked_for
from bot.gateway.coach import DOOR, Delivers
from bot.gateway.pace import Pace
from bot.gateway.sender import Sender
from bot.usecases.ports import Parcel

EVERY_SECONDS = 1.0
AT_ONCE, SPARE = 100, 20
KEEP_AGAIN = 0.5  # seconds
LAST_WAIT = 5.0  # seconds

log = logging.getLogger(__name__)


class Postman:
    """One for the whole bot. Which parcel may go, the outbox decides; when, the pace."""

    def __init__(self, post: Delivers, sender: Sender, pace: Pace | None = None) -> None:
        self._post = post
        self._sender = sender
        self._pace = pace or Pace()
        self._poked = asyncio.Event()
        self._out: dict[int, asyncio.Task[None]] = {}

    def poke(self) -> None:
        """There may be something new to carry."""
        self._poked.set()

    async def run(self) -> None:
        while True:
            self._poked.clear()
            await self._round()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._poked.wait()

    async def leave(self) -> None:
        """Wait a moment for what is under way, so that nothing is sent without being kept as sent."""
        if self._out:
            await asyncio.wait(self._out.values(), timeout=LAST_WAIT)

    async def _round(self) -> None:
        """Ordinary words while there is room; there always is for safety words."""
        room = AT_ONCE - len(self._out)
        try:
            due = partial(self._post.due, DOOR, max(room, SPARE), [*self._out])
            parcels = await to_thread.run_sync(due)
        except Exception as fault:
            log.error("the outbox could not be read: %s", type(fault).__name__)
            return
        for place, parcel in enumerate(parcels):
            if place < room or parcel.message.kind is Kind.SAFETY:
                self._out[parcel.id] = asyncio.create_task(self._carry(parcel))

    async def _carry(self, parcel: Parcel) -> None:
        try:
            if parcel.message.kind is not Kind.SAFETY:
                await self._pace.turn()
            await self._keep(await self._deliver(parcel))
            self.poke()
        except Exception as fault:
            log.error("a message could not be carried: %s", type(fault).__name__)
        finally:
            del self._out[parcel.id]

    async def _deliver(self, parcel: Parcel) -> Callable[[], None]:
        """Send it; what is to be kept about that. Raises where the records can't say what to send."""
        letter = await to_thread.run_sync(self._post.letter, parcel)
        if letter is None:
            return _nothing
        try:
            confirmed = await self._sender.send(letter)
        except RetryAfter as fault:
            return partial(self._post.put_off, parcel, "RetryAfter", self._held(parcel, fault))
        except Forbidden:
            return partial(self._post.refused, parcel)
        except BadRequest as fault:
            log.error("Telegram can't take the message %s", parcel.message.content_id)
            return partial(self._post.give_up, parcel, fault.message)
        except Exception as fault:
            log.warning("a message was not delivered: %s", type(fault).__name__)
            return partial(self._post.put_off, parcel, type(fault).__name__)
        return partial(self._post.sent, parcel.message.id, confirmed=confirmed)

    def _held(self, parcel: Parcel, fault: RetryAfter) -> timedelta:
        seconds = seconds_asked_for(fault)
        self._pace.refused(parcel.patient_id, seconds)
        return timedelta(seconds=seconds)

    async def _keep(self, keep: Callable[[], None]) -> None:
        """What happened must be kept, or it would happen again: tried until it is."""
        began = time.monotonic()
        while True:
            try:
                return await to_thread.run_sync(keep)
            except LookupError:
                return None  # the patient was erased meanwhile
            except Exception as fault:
                log.error(
                    "what became of a message could not be kept for %.0f s: %s",
                    time.monotonic() - began,
                    type(fault).__name__,
                )
            await asyncio.sleep(KEEP_AGAIN)


def _nothing() -> None:
    """A letter that may not leave was kept as such already."""
