"""What the web door needs of the house, and how it hands a message over without waiting too long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial

from anyio import to_thread

from bot.facts.clinical import PainEntry
from bot.facts.talk import Answered, Direction, Document, Message
from bot.usecases.doors import House
from bot.usecases.receive_message import Arrival

DOOR = "web"
GATHERED = 0.1  # seconds

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """What came through the door: typed words, or the token of a pressed button.

    `door_key` tells a form that was sent twice from a message that was written twice.
    """

    text: str = ""
    token: str | None = None
    door_key: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """`answered` is None where it took too long, or somebody else answers."""

    arrival: Arrival
    answered: Answered | None


class Coach:
    """The house, as the web door uses it. Answers that nobody waits for any more still run to their end."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._answering: set[asyncio.Task[Mapping[str, Answered]]] = set()
        self._shown: list[str] = []
        self._reporting: asyncio.Task[None] | None = None

    async def hear(self, address: str, said: Said, patience: float) -> Heard:
        """Hand the message over; wait at most `patience` seconds for the answer, not at all after our own."""
        arrival = await to_thread.run_sync(
            partial(
                self._house.receive.arrive,
                DOOR,
                address,
                text=said.text,
                token=said.token,
                door_key=said.door_key,
            )
        )
        task = asyncio.create_task(self._answer(arrival.patient_id))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        done: set[asyncio.Task[Mapping[str, Answered]]] = set()
        if not arrival.safety and patience > 0:
            done, _ = await asyncio.wait({task}, timeout=patience)
        return Heard(arrival, task.result().get(arrival.message_id) if done else None)

    async def _answer(self, patient_id: str) -> Mapping[str, Answered]:
        try:
            return await self._house.receive.answer(patient_id)
        except Exception as fault:
            log.error("a turn broke off (%s); the scheduler takes it up again", type(fault).__name__)
            return {}

    async def leave(self) -> None:
        """Break off what still runs; unanswered messages are kept and taken up again later."""
        running = list(self._answering)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def talk_since(self, address: str, after: int) -> list[Message]:
        return await to_thread.run_sync(self._since, address, after)

    def _since(self, address: str, after: int) -> list[Message]:
        talk: list[Message] = []
        while batch := self._house.talk.transcript(DOOR, address, after=talk[-1].seq if talk else after):
            talk.extend(batch)
        return talk

    async def answer_to(self, heard: Heard) -> Answered:
        """As it is known already, or as the records have it by now."""
        if heard.answered is not None:
            return heard.answered
        return await to_thread.run_sync(self._house.talk.answer_to, heard.arrival.message_id)

    async def document(self, address: str, message_id: str) -> Document | None:
        """What that message hands over to whom it was said; None for everybody else."""
        return await to_thread.run_sync(self._house.hand_over.document, DOOR, address, message_id)

    async def progress(self, patient_id: str) -> Sequence[PainEntry]:
        return await to_thread.run_sync(self._house.talk.progress, patient_id)

    async def zone(self, patient_id: str) -> tzinfo:
        return await to_thread.run_sync(self._house.talk.zone, patient_id)

    def progress_days(self) -> int:
        return int(self._house.library.number("progress_days"))

    async def delivered(self, messages: Sequence[Message]) -> None:
        """What is shown to several people at about the same time is reported in one go."""
        self._shown += [message.id for message in messages if message.direction is Direction.OUT]
        if self._shown and self._reporting is None:
            self._reporting = asyncio.create_task(self._report())
        if self._reporting is not None:
            await asyncio.shield(self._reporting)

    async def _report(self) -> None:
        await asyncio.sleep(GATHERED)
        shown, self._shown, self._reporting = self._shown, [], None
        await to_thread.run_sync(self._house.talk.delivered, shown)
