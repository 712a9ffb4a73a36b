"""What a door needs of the house: the coach as the web page, the terminal and their tests use it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo
from typing import Protocol

from bot.facts.clinical import PainEntry
from bot.facts.talk import Answered, Document, Message
from bot.usecases.ports import Question
from bot.usecases.receive_message import Arrival


class Receives(Protocol):
    """See `bot.usecases.receive_message.ReceiveMessage`."""

    def arrive(
        self,
        door: str,
        address: str,
        *,
        text: str = "",
        token: str | None = None,
        door_key: str | None = None,
    ) -> Arrival: ...

    async def answer(self, patient_id: str) -> Mapping[str, Answered]: ...


class ShowsTalk(Protocol):
    """See `bot.usecases.read_talk.ReadTalk`."""

    def transcript(self, door: str, address: str, *, after: int = 0) -> Sequence[Message]: ...
    def answer_to(self, message_id: str) -> Answered: ...
    def delivered(self, message_ids: Collection[str]) -> None: ...
    def progress(self, patient_id: str) -> Sequence[PainEntry]: ...
    def zone(self, patient_id: str) -> tzinfo: ...


class HandsOver(Protocol):
    """See `bot.usecases.hand_over.HandOver`."""

    def document(self, door: str, address: str, message_id: str) -> Document | None: ...


class Knows(Protocol):
    """See `bot.usecases.ports.Library`."""

    def question(self, content_id: str) -> Question | None: ...
    def number(self, name: str) -> float: ...


class House(Protocol):
    """`bot.assembly.House` fulfils it."""

    @property
    def receive(self) -> Receives: ...
    @property
    def talk(self) -> ShowsTalk: ...
    @property
    def hand_over(self) -> HandsOver: ...
    @property
    def library(self) -> Knows: ...
