"""The life of a flag as one table, when it is overdue, and what is looked at first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.facts.clinical import Urgency
from bot.facts.flags import GRAVITY, Flag, FlagState, FlagStep

CLOCK = "clock"
# Many at once may be ended of this level alone; whatever a body may be telling is looked at one by one.
IN_BULK = GRAVITY[-1]


@dataclass(frozen=True, slots=True)
class Move:
    """A step that may be taken, and from where. `by_clock`: nobody else may take it."""

    name: str
    before: tuple[FlagState, ...]
    after: FlagState
    by_clock: bool = False


LIFE = (
    Move("acknowledge", (FlagState.NEW, FlagState.ESCALATED), FlagState.ACKNOWLEDGED),
    Move("begin", (FlagState.ACKNOWLEDGED,), FlagState.IN_PROGRESS),
    Move("resolve", (FlagState.ACKNOWLEDGED, FlagState.IN_PROGRESS), FlagState.RESOLVED),
    Move("dismiss", (FlagState.ACKNOWLEDGED, FlagState.IN_PROGRESS), FlagState.NOT_RELEVANT),
    Move(
        "escalate",
        (FlagState.NEW, FlagState.ACKNOWLEDGED, FlagState.IN_PROGRESS),
        FlagState.ESCALATED,
        by_clock=True,
    ),
)
_BY_NAME = {move.name: move for move in LIFE}


class IllegalMove(ValueError):
    """The life cycle doesn't know this step from where the flag stands."""


class UnaccountedMove(ValueError):
    """A step without somebody who takes it, or an end without outcome and note."""


def moves_from(state: FlagState) -> tuple[Move, ...]:
    """What people may do with a flag in this state."""
    return tuple(move for move in LIFE if state in move.before and not move.by_clock)


def step(
    flag: Flag, name: str, *, by: str, now: datetime, outcome: str | None = None, note: str | None = None
) -> FlagStep:
    """The step that this move is, for this flag. Raises IllegalMove, UnaccountedMove."""
    move = _BY_NAME.get(name)
    if move is None or flag.state not in move.before or move.by_clock is not (by == CLOCK):
        raise IllegalMove(f"flag {flag.id} is {_words(flag.state)}: nobody can {name} it now")
    if not by.strip():
        raise UnaccountedMove("somebody must take the step")
    outcome, note = (outcome or "").strip(), (note or "").strip()
    if move.after.ended and not (outcome and note):
        raise UnaccountedMove("a flag is ended with an outcome and a note")
    return FlagStep(now, by, flag.state, move.after, outcome or None, note or None)


@dataclass(frozen=True, slots=True)
class Limits:
    """By urgency: until when a flag is to be acknowledged, and until when it is to be ended after that."""

    seen: Mapping[Urgency, timedelta]
    ended: Mapping[Urgency, timedelta]

    def span(self, state: FlagState, urgency: str) -> timedelta | None:
        """How long a flag may stay in this state; None where it is overdue already, or has ended."""
        if state is FlagState.ESCALATED or state.ended:
            return None
        return (self.seen if state is FlagState.NEW else self.ended)[Urgency(urgency)]


def deadline(flag: Flag, limits: Limits) -> datetime:
    """When somebody must have taken the next step. One that was missed stays as the flag was escalated."""
    return flag.since + (limits.span(flag.state, flag.urgency) or timedelta())


def worklist_order(flags: Iterable[Flag], limits: Limits) -> list[Flag]:
    """Gravest first, then what is due first, then what has waited longest."""
    return sorted(
        flags, key=lambda flag: (gravity(flag.level), deadline(flag, limits), flag.raised_at, flag.id)
    )


def gravity(level: str) -> int:
    """0 is the gravest."""
    return GRAVITY.index(level) if level in GRAVITY else len(GRAVITY)


def drawn() -> str:
    """The table as a picture (Mermaid)."""
    lines = ["stateDiagram-v2", f"    [*] --> {FlagState.NEW.value}: raised"]
    for move in LIFE:
        who = " (the clock)" if move.by_clock else ""
        lines += [f"    {state.value} --> {move.after.value}: {move.name}{who}" for state in move.before]
    lines += [f"    {state.value} --> [*]" for state in FlagState if state.ended]
    return "\n".join(lines)


def _words(state: FlagState) -> str:
    return state.value.replace("_", " ")
