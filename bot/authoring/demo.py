"""`safecue demo`: a database of made-up patients, so that a newcomer sees a living console.

Everything is written by the coach's own use cases, with a clock that is moved and a scripted engine.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random

from bot.assembly import Demo, open_demo
from bot.facts.clock import utc_now
from bot.facts.flags import NO_DATA, Flag, FlagKind, FlagState
from bot.facts.staff import Actor, Role
from bot.facts.talk import SYNTHETIC, Kind, Patient, Standing
from bot.settings import ROOT, Settings, variable
from bot.triage.flag_life import moves_from
from bot.usecases.controls import AskForHuman
from bot.usecases.flow import Outcome, Talk
from bot.usecases.log import LogPain, LogSession
from bot.usecases.ports import EngineTurn, Library, Records
from bot.usecases.reminders import plan_reminder

PEOPLE, WEEKS, SEED = 30, 8, 1
FOLDER = Path("var/demo")
TEAM = "Demonstration (made-up patients)"
MAKER = Actor("demo", "safecue demo", frozenset({Role.ADMINISTRATOR}))
NEWCOMER = "Newcomer"
REGIONS = ("knee", "back", "shoulder")
ROUND = timedelta(hours=2)
# What the last hours bring, so that every level and signal is there: how long before the end, and what.
LATELY = (
    (timedelta(hours=30), "stop"),
    (timedelta(hours=20), "assess"),
    (timedelta(hours=9), "stop"),
    (timedelta(hours=6), "requests"),
    (timedelta(hours=5), "unreached"),
    (timedelta(hours=3), "check"),
    (timedelta(minutes=50), "stop"),
    (timedelta(minutes=8), "crisis"),
    (timedelta(minutes=4), "stop"),
)
# How often somebody writes such a thing, besides the log: on one day in so many.
DAYS_BETWEEN = {
    "session": 4,
    "questions": 9,
    "thanks": 12,
    "past": 90,
    "assess": 70,
    "check": 90,
    "stop": 160,
}
LATE = timedelta(hours=36)
# How far the clinician has come with what was raised lately, in turn; all that is older is ended.
HOW_FAR = (FlagState.NEW, FlagState.ACKNOWLEDGED, FlagState.IN_PROGRESS, FlagState.RESOLVED)
LEFT_ALONE = (FlagKind.NO_DATA, FlagKind.UNDELIVERED)
SILENT_DAYS = 7  # of the first of them, at the end
NOTES = ("Rang them: all well.", "Seen at the practice today.", "Known for long, nothing new.")
USUAL, IN_A_FLARE = 3, 7  # pain of 10


def run(argv: Sequence[str], settings: Settings) -> int:
    """0: made. 1: there is something in the folder already."""
    parser = argparse.ArgumentParser("safecue demo", description="Make a database of made-up patients.")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where to make it")
    parser.add_argument("--seed", type=int, default=SEED, help="other patients for another number")
    told = parser.parse_args(argv)
    folder = ROOT / told.folder
    if folder.exists() and any(folder.iterdir()):
        print(f"There is something in {folder} already. Name another folder, or remove it.", file=sys.stderr)
        return 1
    end = utc_now().replace(second=0, microsecond=0)
    made = make(settings, folder, seed=told.seed, end=end)
    print(
        f"{PEOPLE} made-up patients over {WEEKS} weeks, {made.flags} flags, in {folder}.\n\n"
        f"To see them:   {variable('data_dir')}={folder} .venv/bin/safecue console\n"
        f"and open       {settings.console_url}/invitation\n"
        f"with the code  {made.code}   (once, until {made.code_ends_at:%Y-%m-%d %H:%M} UTC)"
    )
    return 0


@dataclass(frozen=True, slots=True)
class Made:
    """How many flags were raised, and the one-time code of who looks at them."""

    flags: int
    code: str
    code_ends_at: datetime


def make(
    settings: Settings, folder: Path, *, seed: int, end: datetime, people: int = PEOPLE, weeks: int = WEEKS
) -> Made:
    """Fill a new database in that folder. The same seed makes the same talks."""
    clock = MovedClock(end - timedelta(weeks=weeks))
    demo = open_demo(settings, folder, clock)
    engine = ScriptedEngine(demo.records, demo.library, clock)
    asyncio.run(Play(demo, engine, clock, Random(seed)).through(people, end))
    with demo.records.reading() as uow:
        raised = len(uow.flags.list(open_only=False))
        teams = [team.id for team in uow.teams.list()]
    code, ends_at = demo.accounts.invite(MAKER, NEWCOMER, [Role.SUPERVISOR, Role.CLINICIAN], teams)
    demo.records.close()
    return Made(raised, code, ends_at)


class MovedClock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class ScriptedEngine:
    """Does with the next message what it is told: the same flows as the real one's, and a reply."""

    def __init__(self, records: Records, library: Library, clock: MovedClock) -> None:
        self._records = records
        self._library = library
        self._clock = clock
        self.does, self.detail = "", ""

    async def turn(
        self, patient_id: str, message_id: str, text: str, metadata: Mapping[str, object]
    ) -> EngineTurn:
        with self._records.reading() as uow:
            patient = uow.patients.get(patient_id)
        said = self._outcome(patient, message_id).says
        replies = tuple(reply for content_id in said for reply in self._library.say(content_id))
        intent = {"log": "log_symptom", "": "thanks"}.get(self.does, self.detail or self.does)
        return EngineTurn(replies, intent, 0.9, ((intent, 0.9),), None)

    async def erase(self, patient_id: str) -> int:
        return 0

    def _outcome(self, patient: Patient, message_id: str) -> Outcome:
        now = self._clock()
        if self.does == "log":
            return LogPain(self._records).answered(
                Talk(patient, {}, now, message_id), "pain_now", self.detail
            )
        if self.does == "session":
            answers = {"session_minutes": self.detail, "session_coped": "yes", "session_pain": str(USUAL)}
            return LogSession(self._records).completed(Talk(patient, answers, now, message_id))
        if self.does == "requests":
            AskForHuman(self._records)(Talk(patient, {}, now, message_id), self.detail)
        return Outcome(says=(f"lesson_{self.detail}" if self.detail else "chat_thanks",))


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody made up. `writes`: on which share of days. `flares`: the days on which pain is high."""

    address: str
    region: str
    goal: str
    writes: float
    flares: frozenset[int]
    silent: range


@dataclass(frozen=True, slots=True, order=True)
class Event:
    at: datetime
    number: int
    what: str
    who: int
    day: int = 0


class Play:
    """Brings everything about in the order of time."""

    def __init__(self, demo: Demo, engine: ScriptedEngine, clock: MovedClock, random: Random) -> None:
        self._house, self._moves, self._words = demo.house(engine), demo.moves, demo.words
        self._outcomes = demo.outcomes
        self._engine, self._clock, self._random = engine, clock, random
        with self._house.records.unit() as uow:
            self._team = uow.teams.add(TEAM).id
            uow.commit()
        self._clinician = Actor("demo", "Dr Demo", frozenset({Role.CLINICIAN}), frozenset({self._team}))

    async def through(self, people: int, end: datetime) -> None:
        begin = self._clock()
        days = (end - begin).days
        everybody = [self._persona(number, days) for number in range(people)]
        for persona in everybody:
            self._joins(persona)
        events = [*self._daily(everybody, begin, days, end), *_lately(people, end), *_rounds(begin, end)]
        for event in sorted(events):
            self._clock.now = event.at
            await self._happens(event, everybody, end)
        self._clock.now = end
        self._round(end)

    def _persona(self, number: int, days: int) -> Persona:
        random = self._random
        first = random.randrange(days)
        gap = random.randrange(days)
        return Persona(
            address=f"made-up {number + 1}",
            region=random.choice(REGIONS),
            goal=random.choice(self._words.goals),
            writes=random.uniform(0.3, 0.8) if number else 1.0,
            flares=frozenset(range(first, first + random.randint(2, 5))),
            silent=range(gap, gap + random.choice((0, 3, 10))) if number else range(days - SILENT_DAYS, days),
        )

    def _joins(self, persona: Persona) -> None:
        """Past the questions of the beginning, which need no retelling here."""
        now = self._clock()
        with self._house.records.unit() as uow:
            patient = uow.patients.enrol(SYNTHETIC, persona.address, now)
            uow.patients.set_standing(patient.id, Standing.ACTIVE)
            profile = {"region": persona.region, "goal": persona.goal, "country": "GB", "reminder": "09:00"}
            uow.patients.remember(patient.id, {**profile, "consent": "yes", "clinician": "yes"})
            uow.patients.record_consent(
                patient.id, given=True, version="demo", text_hash="demo", channel=SYNTHETIC, now=now
            )
            uow.teams.put_patient(patient.id, self._team, now)
            plan_reminder(uow, uow.patients.get(patient.id), now, self._house.library)
            uow.commit()

    def _daily(self, everybody: Sequence[Persona], begin: datetime, days: int, end: datetime) -> list[Event]:
        events: list[Event] = []
        for day in range(days):
            for who, persona in enumerate(everybody):
                for what in self._of_a_day(persona, day):
                    hour = time(self._random.randint(7, 20), self._random.randrange(60))
                    at = datetime.combine((begin + timedelta(days=day)).date(), hour, begin.tzinfo)
                    if begin <= at < end - timedelta(hours=1):
                        events.append(Event(at, len(events), what, who, day))
        return events

    def _of_a_day(self, persona: Persona, day: int) -> Iterator[str]:
        if day in persona.silent or self._random.random() > persona.writes:
            return
        yield "log"
        yield from (what for what, days in DAYS_BETWEEN.items() if self._random.random() < 1 / days)

    async def _happens(self, event: Event, everybody: Sequence[Persona], end: datetime) -> None:
        if event.what == "round":
            self._round(end)
            return
        persona = everybody[event.who]
        if event.what == "unreached":
            await self._says(persona, "stop", event.day)
            self._blocks(persona)
        else:
            await self._says(persona, event.what, event.day)
        self._delivered()

    async def _says(self, persona: Persona, what: str, day: int) -> None:
        text, detail = self._line(persona, what, day)
        self._engine.does, self._engine.detail = what, detail
        arrival = self._house.receive.arrive(SYNTHETIC, persona.address, text=text)
        await self._house.receive.answer(arrival.patient_id)
        if what == "check" and self._random.random() < 0.5:
            await self._answers_the_check(persona)

    def _line(self, persona: Persona, what: str, day: int) -> tuple[str, str]:
        """What they write, and what the engine needs to know of it."""
        lines, detail = getattr(self._words, what), ""
        if isinstance(lines, dict):
            detail = self._random.choice(sorted(lines))
            lines = lines[detail]
        elif what == "log":
            detail = str((IN_A_FLARE if day in persona.flares else USUAL) + self._random.randint(-1, 1))
        elif what == "session":
            detail = str(self._random.randint(5, 25))
        return self._random.choice(lines).replace("{number}", detail), detail

    async def _answers_the_check(self, persona: Persona) -> None:
        shown = self._house.talk.transcript(SYNTHETIC, persona.address, after=0)
        asked = [message for message in shown if message.asks == "check" and message.buttons]
        if asked:
            _, token = self._random.choice(asked[-1].buttons)
            arrival = self._house.receive.arrive(SYNTHETIC, persona.address, token=token)
            await self._house.receive.answer(arrival.patient_id)

    def _blocks(self, persona: Persona) -> None:
        """Our safety words don't reach them: they have blocked the coach."""
        parcels = self._house.post.due(SYNTHETIC, 50, ())
        alarm = next(parcel for parcel in parcels if parcel.message.kind is Kind.SAFETY)
        self._house.post.refused(alarm)

    def _delivered(self) -> None:
        while parcels := self._house.post.due(SYNTHETIC, 50, ()):
            self._house.talk.delivered([parcel.message.id for parcel in parcels])

    def _round(self, end: datetime) -> None:
        """What the clock does, and what a clinician does who looks at the list."""
        self._house.due.on_time()
        self._delivered()
        with self._house.records.reading() as uow:
            flags = uow.flags.list(open_only=False)
        late = [flag.id for flag in flags if end - flag.raised_at < LATE]
        open_of = Counter(flag.level for flag in flags if flag.open)
        for flag in flags:
            if flag.open and self._clock() - flag.since >= timedelta(minutes=10):
                self._looks_at(flag, late, last=open_of[flag.level] == 1)
        self._delivered()

    def _looks_at(self, flag: Flag, late: Sequence[int], *, last: bool) -> None:
        """One step with one flag; with those of the last days only as far as it is their turn.

        The `last` of its level stays open: a newcomer shall see each.
        """
        lately = flag.id in late
        if lately and (flag.kind in LEFT_ALONE or _come(flag) >= late.index(flag.id) % len(HOW_FAR)):
            return
        if flag.level == NO_DATA:
            self._moves.dismiss_many(self._clinician, [flag.id], outcome="other", note="On holiday.")
            return
        moves = moves_from(flag.state)
        move = moves[0] if lately else self._random.choice(moves)
        if lately and last and move.after.ended:
            return
        outcomes = sorted(self._outcomes.get(move.name, ()))
        outcome = self._random.choice(outcomes) if outcomes else ""
        note = self._random.choice(NOTES) if outcomes else ""
        self._moves.take(self._clinician, flag.id, move.name, outcome=outcome, note=note)


def _come(flag: Flag) -> int:
    """How far it has come; what was escalated begins again."""
    return HOW_FAR.index(flag.state) if flag.state in HOW_FAR else 0


def _lately(people: int, end: datetime) -> list[Event]:
    """Each of somebody else, and nobody of them the one who is silent."""
    return [
        Event(end - before, -1 - number, what, 1 + number % (people - 1))
        for number, (before, what) in enumerate(LATELY)
    ]


def _rounds(begin: datetime, end: datetime) -> list[Event]:
    """Through all the weeks, and more often at the end."""
    times = [begin + ROUND * number for number in range(1, (end - begin) // ROUND)]
    return [Event(at, number, "round", 0) for number, at in enumerate([*times, end - timedelta(minutes=20)])]
