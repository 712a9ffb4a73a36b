"""Flags as the staff see them: what waits, what comes first, and all there is to say about one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.facts.clinical import Evidence
from bot.facts.flags import Flag, FlagKind, FlagState, FlagStep
from bot.facts.staff import Actor
from bot.facts.talk import SYNTHETIC, Delivery, Direction, Message
from bot.triage.flag_life import deadline, worklist_order
from bot.usecases.access import Permission, can
from bot.usecases.due import ENGINE_ROUND, RECORDS_ROUND
from bot.usecases.overdue import limits_of
from bot.usecases.ports import Assessed, Library, Records, UnitOfWork
from bot.usecases.sight import check_sees

# How much of the talk stands around the words that raised a flag, and how far answers are looked for.
BEFORE, AROUND, FOLLOWED = 4, 16, 100
AT_ONCE = timedelta(minutes=1)
# Questions whose answers tell how urgent it is to the patient.
OWN_WORDS = ("check", "care_sought", "crisis_over", "assess_settled")
SIGNALS = (FlagState.ESCALATED.value, FlagKind.UNDELIVERED.value, FlagKind.NO_DATA.value)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open flag, and when the next step is due. `synthetic`: its patient is made up."""

    flag: Flag
    due: datetime
    overdue: bool
    synthetic: bool

    @property
    def signals(self) -> tuple[str, ...]:
        """Those of SIGNALS that it shows."""
        shown = (self.flag.state.value, self.flag.kind.value)
        return tuple(signal for signal in SIGNALS if signal in shown)


@dataclass(frozen=True, slots=True)
class Worklist:
    """What waits, in order; how many of each level and signal there are in all.

    `stalled`: parts that should work by themselves and don't, with when they last did.
    """

    waiting: Sequence[Waiting]
    levels: Mapping[str, int]
    signals: Mapping[str, int]
    stalled: Mapping[str, datetime | None]


@dataclass(frozen=True, slots=True)
class Line:
    """A message of the talk. `quoted`: its evidence. `delivery`: what became of it, where it was ours.

    `raised`: it raised the flag.
    """

    message: Message
    quoted: tuple[Evidence, ...]
    delivery: tuple[Delivery, datetime | None] | None
    raised: bool

    @property
    def late(self) -> bool:
        """It was sent, and not as soon as it was said."""
        sent = self.delivery[1] if self.delivery else None
        return sent is not None and sent - self.message.at >= AT_ONCE


@dataclass(frozen=True, slots=True)
class FlagView:
    """One flag with its reasons, its place in the talk, what the patient answered, and its history."""

    waiting: Waiting
    assessed: Assessed | None
    lines: Sequence[Line]
    answers: Sequence[Message]
    steps: Sequence[FlagStep]
    earlier: Sequence[Flag]


class ReadFlags:
    def __init__(self, records: Records, library: Library, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._clock = clock
        self._limits = limits_of(library)
        self._stalled_after = timedelta(seconds=library.number("worker_stalled_seconds"))

    def worklist(self, actor: Actor, only: str = "") -> Worklist:
        """The open flags of the actor's patients; `only` those of a level or with a signal."""
        now = self._clock()
        with self._records.reading() as uow:
            flags = uow.flags.open_among(actor.teams, teamless=can(actor, Permission.LEAD))
            beats = uow.heartbeats.last()
            doors = uow.patients.doors({flag.patient_id for flag in flags})
        waiting = [self._waiting(flag, doors, now) for flag in worklist_order(flags, self._limits)]
        return Worklist(
            waiting=[w for w in waiting if not only or only in (w.flag.level, *w.signals)],
            levels=Counter(w.flag.level for w in waiting),
            signals=Counter(signal for w in waiting for signal in w.signals),
            stalled=self._stalled(beats, now),
        )

    def flag(self, actor: Actor, flag_id: int) -> FlagView:
        """LookupError: no such flag. NotTheirs: of a patient whom they don't see."""
        now = self._clock()
        with self._records.reading() as uow:
            flag = uow.flags.get(flag_id)
            if flag is None:
                raise LookupError(f"there is no flag {flag_id}")
            check_sees(uow, actor, flag.patient_id, now)
            assessed = None if flag.assessment_id is None else uow.assessments.get(flag.assessment_id)
            talk = _talk_around(uow, flag, assessed)
            lines = talk[:AROUND]
            sent = uow.outbox.deliveries([m.id for m in lines if m.direction is Direction.OUT])
            return FlagView(
                waiting=self._waiting(flag, uow.patients.doors([flag.patient_id]), now),
                assessed=assessed,
                lines=[_line(message, assessed, sent.get(message.id)) for message in lines],
                answers=[m for m in talk if m.understanding.get("slot") in OWN_WORDS],
                steps=uow.flags.steps(flag.id),
                earlier=[f for f in reversed(uow.flags.of_patient(flag.patient_id)) if f.id != flag.id],
            )

    def _waiting(self, flag: Flag, doors: Mapping[str, str], now: datetime) -> Waiting:
        due = deadline(flag, self._limits)
        return Waiting(flag, due, flag.open and due <= now, doors.get(flag.patient_id) == SYNTHETIC)

    def _stalled(self, beats: Mapping[str, datetime], now: datetime) -> dict[str, datetime | None]:
        late = {part: beats.get(part) for part in (RECORDS_ROUND, ENGINE_ROUND)}
        return {part: at for part, at in late.items() if at is None or now - at > self._stalled_after}


def _talk_around(uow: UnitOfWork, flag: Flag, assessed: Assessed | None) -> Sequence[Message]:
    """From a little before what raised the flag; nothing where the words are gone."""
    if assessed is not None and assessed.message_id is not None:
        anchor = uow.messages.get(assessed.message_id)
    else:
        found = uow.messages.last_before(flag.patient_id, flag.raised_at)
        if found is None:
            return ()
        anchor = found
    return uow.messages.transcript(flag.patient_id, after=anchor.seq - BEFORE - 1, limit=BEFORE + FOLLOWED)


def _line(
    message: Message, assessed: Assessed | None, delivery: tuple[Delivery, datetime | None] | None
) -> Line:
    if assessed is None or message.id != assessed.message_id:
        return Line(message, (), delivery, raised=False)
    quoted = tuple(piece for reason in assessed.verdict.reasons for piece in reason.evidence)
    return Line(message, quoted, delivery, raised=True)
