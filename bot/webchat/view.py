"""How a talk looks: the page, its bubbles, and the page for what went wrong."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.facts.talk import Direction, Kind, Message, TurnState
from bot.pictures import Day, is_progress

WRITING_FOR = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Bubble:
    """One line of the talk as it's shown. `new_day` is set where a day begins."""

    message: Message
    at: datetime
    new_day: date | None

    @property
    def ours(self) -> bool:
        return self.message.direction is Direction.OUT

    @property
    def safety(self) -> bool:
        return self.message.kind is Kind.SAFETY

    @property
    def progress(self) -> bool:
        return is_progress(self.message.image)

    @property
    def picture(self) -> str:
        """What a picture's file name says: `knee_bend.png` is a knee bend."""
        return Path(self.message.image or "").stem.replace("_", " ")


def bubbles(talk: Sequence[Message], zone: tzinfo | None) -> Iterator[Bubble]:
    """`zone` None: the time zone of this machine."""
    day: date | None = None
    for message in talk:
        at = message.at.astimezone(zone)
        yield Bubble(message, at, at.date() if at.date() != day else None)
        day = at.date()


def is_writing(talk: Sequence[Message], now: datetime) -> bool:
    """Whether a message of the last minute has had no reply yet."""
    replied = {message.in_reply_to for message in talk}
    return any(
        m.direction is Direction.IN
        and m.state is not TurnState.ANSWERED
        and m.id not in replied
        and now - m.at < WRITING_FOR
        for m in talk
    )


class View:
    """`zone`: in which times of day are shown; None for the time zone of this machine."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(
        self, talk: Sequence[Message], *, earlier: bool, week: Sequence[Day], writing: bool, today: date
    ) -> str:
        """The whole page. `earlier`: older messages exist that aren't shown."""
        return self._templates.get_template("page.html").render(
            bubbles=list(bubbles(talk, self._zone)),
            last=talk[-1].seq if talk else 0,
            earlier=earlier,
            week=week,
            writing=writing,
            today=today,
            key=secrets.token_urlsafe(12),
        )

    def piece(self, talk: Sequence[Message], after: int, *, week: Sequence[Day], today: date) -> str:
        """The bubbles behind `after`, to be put under those already shown."""
        new = [bubble for bubble in bubbles(talk, self._zone) if bubble.message.seq > after]
        return self._templates.get_template("piece.html").render(
            bubbles=new, week=week, today=today, key=secrets.token_urlsafe(12)
        )

    def problem(self, status: int) -> str:
        return self._templates.get_template("problem.html").render(status=status)

    def arriving(self) -> str:
        """Shown to who follows a link on another site: the browser holds the cookie back until we lead on."""
        return self._templates.get_template("arriving.html").render()
