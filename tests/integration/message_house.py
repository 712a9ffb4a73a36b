"""The path of a message over real records, words and screening; only the engine is played by hand."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kept_database import KeptDatabase

from bot.facts.clinical import Level
from bot.facts.flags import Flag
from bot.facts.staff import Actor, Role
from bot.facts.talk import Direction, Message, Patient, Reply, Standing, TurnState
from bot.library.library import ContentLibrary
from bot.usecases.deliver import Words
from bot.usecases.due import Due
from bot.usecases.flag_moves import MoveFlags
from bot.usecases.hand_over import HandOver
from bot.usecases.ports import (
    EngineFailed,
    EngineSilent,
    EngineTurn,
    OpenAssessment,
    Parcel,
    Screen,
    UnitOfWork,
)
from bot.usecases.post import Post
from bot.usecases.read_talk import ReadTalk
from bot.usecases.receive_message import Arrival, ReceiveMessage
from bot.usecases.sight import NotTheirs

DOOR = "web"
MORNING = datetime(2026, 6, 10, 9, 0, tzinfo=UTC)
DEADLINE = 8.0
RETENTION = timedelta(days=365)


CLINICIAN = Actor("s1", "Dr. Ng", frozenset({Role.CLINICIAN}), frozenset({"knees"}))


def looks_after(_uow: UnitOfWork, actor: Actor, patient_id: str, _now: datetime) -> None:
    if "knees" not in actor.teams:
        raise NotTheirs(patient_id)


class Clock:
    """Runs like a real one from `start`; `skip` lets time pass, `set` goes to a moment."""

    def __init__(self, start: datetime = MORNING) -> None:
        self.set(start)

    def set(self, moment: datetime) -> None:
        self._start, self._since = moment, time.monotonic()

    def skip(self, span: timedelta) -> None:
        self.set(self() + span)

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._since)


@dataclass(frozen=True)
class Heard:
    patient_id: str
    message_id: str
    text: str
    metadata: Mapping[str, object]


class ScriptedEngine:
    """Answers what the test says. `script` by text, `default` else; `slow` in seconds, `held` until set."""

    def __init__(self, default: Sequence[Reply]) -> None:
        self.default = tuple(default)
        self.script: dict[str, Sequence[Reply]] = {}
        self.slow: dict[str, float] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.silent = False
        self.broken_by: set[str] = set()
        self.heard: list[Heard] = []
        self.working: dict[str, int] = defaultdict(int)
        self.most_at_once: dict[str, int] = defaultdict(int)
        self.persons_at_once = 0
        self.erased: list[str] = []
        self.rows = 5

    async def turn(
        self, patient_id: str, message_id: str, text: str, metadata: Mapping[str, object]
    ) -> EngineTurn:
        self.heard.append(Heard(patient_id, message_id, text, metadata))
        self.working[patient_id] += 1
        self.most_at_once[patient_id] = max(self.most_at_once[patient_id], self.working[patient_id])
        self.persons_at_once = max(self.persons_at_once, sum(1 for n in self.working.values() if n))
        try:
            await asyncio.sleep(self.slow.get(text, 0.0))
            if text in self.held:
                await self.held[text].wait()
        finally:
            self.working[patient_id] -= 1
        if self.silent:
            raise EngineSilent("played dead")
        if text in self.broken_by:
            raise EngineFailed("broke in the turn")
        replies = tuple(self.script.get(text, self.default))
        return EngineTurn(replies, "greet", 0.9, (("greet", 0.9),), None)

    async def erase(self, patient_id: str) -> int:
        if self.silent:
            raise EngineSilent("played dead")
        self.erased.append(patient_id)
        return self.rows

    @property
    def texts(self) -> list[str]:
        return [heard.text for heard in self.heard]


class House:
    """`door`: the one that everybody here comes through."""

    def __init__(
        self, database: KeptDatabase, library: ContentLibrary, screen: Screen, door: str = DOOR
    ) -> None:
        self.database = database
        self.door = door
        self.records = database.records
        self.library = library
        self.clock = Clock()
        self.engine = ScriptedEngine(library.say("chat_greet"))
        self.talk = ReadTalk(self.records, library, self.clock)
        self.hand_over = HandOver(self.records, library, self.clock)
        self.post = Post(self.records, library, self.clock)
        self.moves = MoveFlags(
            self.records,
            Words(library, screen),
            {"resolve": ["spoke"], "dismiss": ["past"]},
            looks_after,
            self.clock,
        )
        self.screen_with(screen)

    def screen_with(self, screen: Screen) -> None:
        """A new process with this screen over the same records."""
        self.screen = screen
        self.receive = ReceiveMessage(self.records, screen, self.library, self.engine, self.clock, DEADLINE)
        self.due = Due(self.records, screen, self.library, self.engine, self.receive, self.clock, RETENTION)

    async def round(self) -> None:
        """Everything that the clock asks for now."""
        await asyncio.to_thread(self.due.on_time)
        await self.due.with_the_engine()

    def stranger(self, address: str = "anna") -> Person:
        return Person(self, address)

    def patient(self, address: str = "anna", standing: Standing = Standing.ACTIVE, **profile: str) -> Person:
        profile = {"consent": "yes", "country": "GB", **profile} if standing is Standing.ACTIVE else profile
        with self.records.unit() as uow:
            enrolled = uow.patients.enrol(self.door, address, self.clock())
            uow.patients.set_standing(enrolled.id, standing)
            uow.patients.remember(enrolled.id, profile)
            uow.commit()
        return Person(self, address)

    def cue(self, content_id: str = "cue_knee_squat") -> tuple[Reply, ...]:
        return self.library.say(content_id, goal="dance again")

    def flags(self) -> Sequence[Flag]:
        with self.records.unit() as uow:
            return uow.flags.list()

    def clears(self, flag: Flag, note: str = "spoke with them") -> None:
        """A clinician resolves it."""
        self.moves.end(CLINICIAN, flag.id, "resolve", outcome="spoke", note=note)

    def outbox(self) -> Sequence[Parcel]:
        """What would leave now, one after another; nothing of it is kept as sent."""
        line: list[Parcel] = []
        with self.records.unit() as uow:
            while parcels := uow.outbox.due(self.door, self.clock()):
                line.extend(parcels)
                for parcel in parcels:
                    uow.outbox.sent([parcel.message.id], self.clock())
        return line


class Person:
    """Somebody at the door, with what they did and heard."""

    def __init__(self, house: House, address: str) -> None:
        self._house = house
        self.address = address

    @property
    def id(self) -> str:
        found = self._house.talk.patient_id(self._house.door, self.address)
        assert found is not None, "this person never wrote"
        return found

    @property
    def record(self) -> Patient:
        with self._house.records.unit() as uow:
            return uow.patients.get(self.id)

    def arrive(self, text: str = "", *, token: str | None = None, door_key: str | None = None) -> Arrival:
        return self._house.receive.arrive(
            self._house.door, self.address, text=text, token=token, door_key=door_key
        )

    async def send(self, text: str = "", *, token: str | None = None, door_key: str | None = None) -> Arrival:
        arrival = await asyncio.to_thread(self.arrive, text, token=token, door_key=door_key)
        answers = await self._house.receive.answer(arrival.patient_id)
        for message_id, answered in answers.items():
            assert answered == self._house.talk.answer_to(message_id), "what is told is what was kept"
        return arrival

    async def say(self, text: str = "", *, token: str | None = None) -> list[str]:
        """The content ids of what was said to it."""
        return self.answers_to(await self.send(text, token=token))

    async def press(self, title: str) -> list[str]:
        return await self.say(token=self.token(title))

    def answers_to(self, arrival: Arrival) -> list[str]:
        replies, _ = self._house.talk.answer_to(arrival.message_id)
        return [reply.content_id or "" for reply in replies]

    def token(self, title: str) -> str:
        for message in reversed(self.transcript):
            for shown, token in message.buttons:
                if shown.startswith(title):
                    return token
        raise AssertionError(f"no button {title!r} is offered")

    @property
    def transcript(self) -> Sequence[Message]:
        return self._house.talk.transcript(self._house.door, self.address)

    @property
    def wrote(self) -> list[Message]:
        return [m for m in self.transcript if m.direction is Direction.IN]

    @property
    def heard(self) -> list[Message]:
        return [m for m in self.transcript if m.direction is Direction.OUT]

    @property
    def ids(self) -> list[str]:
        return [m.content_id or "" for m in self.heard]

    @property
    def words(self) -> str:
        return " ".join(m.text or "" for m in self.heard)

    @property
    def states(self) -> list[TurnState | None]:
        return [m.state for m in self.wrote]

    @property
    def open(self) -> Sequence[OpenAssessment]:
        with self._house.records.unit() as uow:
            return uow.assessments.open_for(self.id)

    @property
    def levels(self) -> list[Level]:
        return [a.level for a in self.open]

    def is_green(self) -> None:
        """They went through the sign check just now and have none."""
        with self._house.records.unit() as uow:
            uow.assessments.record_green(self.id, None, self._house.clock())
            uow.commit()

    def is_asked(self, content_id: str, **variables: str) -> None:
        with self._house.records.unit() as uow:
            for reply in self._house.library.say(content_id, **variables):
                uow.messages.say(self.id, reply, in_reply_to=None, now=self._house.clock())
            uow.commit()


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "it never came true"
        await asyncio.sleep(0.01)
