"""Pictures the coach draws itself: the pain values of the last days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from bot.facts.clinical import PainEntry

PROGRESS = "progress"
WORST = 10

WIDTH, HEIGHT = 760, 560
LEFT, RIGHT, TOP, BOTTOM = 70, 745, 70, 430
PAPER, INK, FAINT, BAR, DOT = "#ffffff", "#1d2b2a", "#cfd8d5", "#8fc1b5", "#14524a"

Pen = ImageDraw.ImageDraw


@dataclass(frozen=True, slots=True)
class Day:
    """One day's pain values, 0-10, in the order they were given. No values: nothing was noted that day."""

    date: date
    pains: tuple[int, ...]


def is_progress(image: str | None) -> bool:
    """Whether a reply's picture is the progress picture, which is drawn and not stored."""
    return image is not None and image.removesuffix(".png") == PROGRESS


def last_days(pains: Sequence[PainEntry], today: date, days: int, zone: tzinfo) -> list[Day]:
    """The `days` days up to `today`, oldest first, in the calendar of `zone`."""
    values: dict[date, list[int]] = {today - timedelta(days=back): [] for back in reversed(range(days))}
    for entry in sorted(pains, key=lambda entry: entry.at):
        day = entry.at.astimezone(zone).date()
        if day in values:
            values[day].append(entry.pain)
    return [Day(day, tuple(noted)) for day, noted in values.items()]


def draw_days(days: Sequence[Day]) -> bytes:
    """A PNG: a bar up to each day's highest value, a dot for every value, nothing on days without one."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(picture)
    _draw_scale(pen)
    room = (RIGHT - LEFT) / max(1, len(days))
    for place, day in enumerate(days):
        _draw_day(pen, day, place, room)
    png = BytesIO()
    picture.save(png, "PNG", optimize=True)
    return png.getvalue()


def _height_of(pain: int) -> float:
    return BOTTOM - (BOTTOM - TOP) * pain / WORST


def _draw_scale(pen: Pen) -> None:
    for pain in range(0, WORST + 1, 2):
        y = _height_of(pain)
        pen.line([(LEFT, y), (RIGHT, y)], fill=INK if pain == 0 else FAINT, width=2)
        pen.text((LEFT - 18, y), str(pain), fill=INK, font=_font(36), anchor="rm")


def _draw_day(pen: Pen, day: Day, place: int, room: float) -> None:
    middle = LEFT + room * (place + 0.5)
    pen.text((middle, BOTTOM + 30), f"{day.date:%a}", fill=INK, font=_font(38), anchor="mm")
    pen.text((middle, BOTTOM + 72), str(day.date.day), fill=INK, font=_font(36), anchor="mm")
    if place == 0 or day.date.day == 1:
        pen.text((middle, BOTTOM + 108), f"{day.date:%b}", fill=INK, font=_font(28), anchor="mm")
    if not day.pains:
        return
    worst = max(day.pains)
    top = _height_of(worst)
    half = min(room * 0.32, 46)
    pen.rounded_rectangle([middle - half, min(top, BOTTOM - 6), middle + half, BOTTOM], 8, fill=BAR)
    for pain in sorted(set(day.pains)):
        y = _height_of(pain)
        pen.ellipse([middle - 9, y - 9, middle + 9, y + 9], fill=DOT)
    pen.text((middle, top - 34), str(worst), fill=INK, font=_font(40), anchor="mm")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
