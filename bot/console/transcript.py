"""A stretch of a talk as the page shows it: whose words, at which time, after how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

from bot.facts.clinical import Evidence, Level
from bot.facts.review import Line
from bot.facts.talk import Direction, Kind

A_GAP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Row:
    """`at` goes by the patient's own clock. `new_day`: a day that begins here. `gap`: the quiet before.

    `unread`: here begins what the reader has not read yet.
    """

    line: Line
    at: datetime
    new_day: date | None
    gap: timedelta | None
    unread: bool

    @property
    def ours(self) -> bool:
        return self.line.message.direction is Direction.OUT

    @property
    def whose(self) -> str:
        if not self.ours:
            return "Patient"
        return f"{self.line.sent_by}, by hand" if self.line.sent_by else "Coach"

    @property
    def side(self) -> str:
        if not self.ours:
            return "patient"
        return "human" if self.line.sent_by else "coach"

    @property
    def level(self) -> Level:
        levels = (judged.verdict.level for judged in self.line.judged)
        return min(levels, key=lambda level: level.rank, default=Level.NONE)

    @property
    def safety(self) -> bool:
        return self.line.message.kind is Kind.SAFETY

    @property
    def picture(self) -> str:
        """What a picture's file name says: `knee_bend.png` is a knee bend."""
        return Path(self.line.message.image or "").stem.replace("_", " ")

    @property
    def evidence(self) -> list[Evidence]:
        facts = (fact for judged in self.line.judged for fact in judged.facts)
        return [piece for fact in facts for piece in fact.evidence]


def rows(lines: Iterable[Line], zone: tzinfo, read_upto: int = 0) -> Iterator[Row]:
    """`read_upto`: the number of the last message that was read; 0 where nothing was."""
    before: Row | None = None
    for line in lines:
        at = line.message.at.astimezone(zone)
        day = at.date() if before is None or before.at.date() != at.date() else None
        # By the moments: a clock that is put ahead in between would add an hour.
        quiet = timedelta() if before is None else line.message.at - before.line.message.at
        unread = before is not None and before.line.message.seq <= read_upto < line.message.seq
        before = Row(line, at, day, quiet if quiet >= A_GAP else None, unread)
        yield before


def told(span: timedelta) -> str:
    """A span in words, to its largest two units."""
    minutes = int(span.total_seconds()) // 60
    units = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    largest = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in units if count][:2]
    return " ".join(largest) or "less than a minute"
