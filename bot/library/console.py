"""What the clinician's console says about flags, read and checked (`content/console.yml`)."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import ValidationError, field_validator, model_validator

from bot.facts.clinical import Urgency
from bot.facts.flags import GRAVITY, FlagKind, FlagState
from bot.library.entries import Part, faults_of
from bot.library.reading import ContentFaults, Fault, read_mapping, shown
from bot.triage.flag_life import LIFE
from bot.triage.history import LOGGED_RULES

FILE = "console.yml"
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
OutcomeWords = dict[str, str]


class LevelWords(Part):
    """A level as word and shape, with its meaning."""

    word: str
    mark: str
    means: str


class MoveWords(Part):
    word: str
    means: str


class Watched(Part):
    """When somebody is expected to look at the worklist: days, and clock times HH:MM of that zone."""

    days: tuple[Weekday, ...]
    from_: str
    until: str
    zone: str

    @model_validator(mode="before")
    @classmethod
    def _from_is_no_name(cls, fields: object) -> object:
        if isinstance(fields, dict) and "from" in fields:
            return {**{key: value for key, value in fields.items() if key != "from"}, "from_": fields["from"]}
        return fields

    @field_validator("from_", "until")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        return datetime.strptime(value, "%H:%M").strftime("%H:%M")

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        return ZoneInfo(value).key

    def at(self, now: datetime) -> bool:
        """Whether this moment lies in the hours."""
        there = now.astimezone(ZoneInfo(self.zone))
        return f"{there:%A}".lower() in self.days and self.from_ <= f"{there:%H:%M}" < self.until


class ConsoleWords(Part):
    """All of it. Every level, state, kind, move and urgency has its words."""

    reviewed_by: str | None
    reviewed_on: date | None
    levels: dict[str, LevelWords]
    urgencies: dict[str, str]
    states: dict[str, str]
    kinds: dict[str, str]
    logged: dict[str, str]
    moves: dict[str, MoveWords]
    outcomes: dict[str, OutcomeWords]
    answers: dict[str, str]
    watched: Watched
    out_of_hours: str

    @model_validator(mode="after")
    def _has_words_for_all(self) -> ConsoleWords:
        people = [move for move in LIFE if not move.by_clock]
        for field, wanted in (
            ("levels", GRAVITY),
            ("urgencies", tuple(urgency.value for urgency in Urgency)),
            ("states", tuple(state.value for state in FlagState)),
            ("kinds", tuple(kind.value for kind in FlagKind)),
            ("logged", LOGGED_RULES),
            ("moves", tuple(move.name for move in people)),
            ("outcomes", tuple(move.name for move in people if move.after.ended)),
        ):
            if missing := set(wanted) - set(getattr(self, field)):
                raise ValueError(f"`{field}` lacks {', '.join(sorted(missing))}")
        return self


def read_console(root: Path) -> tuple[ConsoleWords | None, list[Fault]]:
    """The words, or what is wrong with them."""
    mapping, faults = read_mapping(root / FILE, shown(root / FILE, root))
    if faults:
        return None, faults
    try:
        return ConsoleWords(**mapping), []
    except ValidationError as error:
        return None, faults_of(error, FILE, mapping, mapping.file, 1)


def load_console(root: Path) -> ConsoleWords:
    """Raises ContentFaults."""
    words, faults = read_console(root)
    if words is None:
        raise ContentFaults(faults)
    return words
