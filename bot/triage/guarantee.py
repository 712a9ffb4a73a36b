"""What may be said now. The last word before any bubble leaves, whoever composed it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.facts.clinical import Level
from bot.facts.talk import Kind

MOVEMENT = frozenset({Kind.CUE, Kind.EXERCISE})
NEEDS_CONSENT = frozenset({Kind.EDUCATION, Kind.CUE, Kind.EXERCISE, Kind.PLAN, Kind.CHEER})
CLOSED_BY_ANYTHING_OPEN = frozenset({Kind.CUE, Kind.EXERCISE, Kind.PLAN, Kind.CHEER})
INTERRUPTING = frozenset({Level.CRISIS, Level.STOP, Level.CHECK})


@dataclass(frozen=True, slots=True)
class PresentState:
    """How the patient stands at this moment.

    `open` holds (level, regions) of every assessment that still stands; no regions means the whole body.
    `green_today`: a sign check was clean on the patient's own day, later than the last alarm (C26).
    """

    open: tuple[tuple[Level, frozenset[str]], ...]
    consented: bool
    green_today: bool

    @property
    def interrupted(self) -> bool:
        return any(level in INTERRUPTING for level, _ in self.open)

    @property
    def levels(self) -> frozenset[Level]:
        return frozenset(level for level, _ in self.open)


def may_say(kind: Kind, region: str | None, state: PresentState) -> bool:
    """Whether a bubble of this kind, for this region, may reach the patient now (C26 and the guarantee)."""
    if kind in NEEDS_CONSENT and not state.consented:
        return False
    if kind is Kind.EDUCATION and Level.CRISIS in state.levels:
        return False
    if kind not in CLOSED_BY_ANYTHING_OPEN:
        return True
    if state.interrupted:
        return False
    if kind in MOVEMENT:
        return state.green_today and not _assess_stands_for(region, state)
    return not state.open


def _assess_stands_for(region: str | None, state: PresentState) -> bool:
    return any(
        region is None or not regions or region in regions
        for level, regions in state.open
        if level is Level.ASSESS
    )


def needs_stop_list(kinds: Iterable[Kind]) -> bool:
    """A cue or an exercise never leaves without the list of signs to stop at (C26)."""
    return any(kind in MOVEMENT for kind in kinds)
