"""The filter of the list as it stands in the address. It names no patient."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.facts.clinical import Level
from bot.facts.review import Place, Reading, Wanted

_MOMENT = "%Y%m%dT%H%M%S%f"
_PLACE = re.compile(r"(\d{8}T\d{12})-([0-9a-f]{32})")
_TAG = re.compile(r"[a-z0-9-]{1,32}")
_CONTENT = re.compile(r"([a-z][a-z0-9_]*(?:\.(?:why|more))?)(?:@([0-9a-f]{8}))?")
_INTENT = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True, slots=True)
class Asked:
    """`typed`: what was filled in, by field. `faults`: what of it can't be understood, and how to mend it."""

    wanted: Wanted
    typed: Mapping[str, str]
    faults: Mapping[str, str]


def asked_in(address: Mapping[str, str]) -> Asked:
    typed = {name: words for name in _FIELDS if (words := address.get(name, "").strip())}
    kept: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, words in typed.items():
        read, mend = _FIELDS[name]
        try:
            kept |= read(words)
        except ValueError:
            faults[name] = mend
    return Asked(Wanted(**kept), typed, faults)


def place_in(words: str) -> Place | None:
    """None where it is no place of ours: the list begins at its beginning."""
    found = _PLACE.fullmatch(words)
    try:
        return found and Place(datetime.strptime(found[1], _MOMENT).replace(tzinfo=UTC), found[2])
    except ValueError:
        return None


def told_place(place: Place) -> str:
    return f"{place.heard_at.astimezone(UTC):{_MOMENT}}-{place.patient_id}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def day_in(words: str) -> date:
    """ValueError: no day, or none on which a patient can have written."""
    day = date.fromisoformat(words)
    if not 2000 <= day.year < 3000:
        raise ValueError(words)
    return day


def _since(words: str) -> dict[str, Any]:
    return {"since": _midnight(day_in(words))}


def _until(words: str) -> dict[str, Any]:
    """The day counts in full."""
    return {"until": _midnight(day_in(words) + timedelta(days=1))}


def _tags(field: str) -> Callable[[str], dict[str, Any]]:
    def read(words: str) -> dict[str, Any]:
        tags = tuple(dict.fromkeys(words.lower().replace(",", " ").split()))
        return {field: tuple(_matched(_TAG, tag) for tag in tags)}

    return read


def _content(words: str) -> dict[str, Any]:
    found = _CONTENT.fullmatch(words)
    if found is None:
        raise ValueError(words)
    return {"content": found[1], "version": found[2]}


def _share(field: str) -> Callable[[str], dict[str, Any]]:
    def read(words: str) -> dict[str, Any]:
        percent = int(words)
        if not 0 <= percent <= 100:
            raise ValueError(words)
        return {field: percent / 100}

    return read


def _matched(pattern: re.Pattern[str], words: str) -> str:
    if not pattern.fullmatch(words):
        raise ValueError(words)
    return words


_A_DAY = "Write the day as year-month-day, such as 2026-11-02."
_A_TAG = "Tags are letters a-z, figures and hyphens, with a space between two of them."
_PERCENT = "Write a whole number from 0 to 100."
_CHOOSE = "Choose one of the list."
_FIELDS: Mapping[str, tuple[Callable[[str], dict[str, Any]], str]] = {
    "since": (_since, _A_DAY),
    "until": (_until, _A_DAY),
    "level": (lambda words: {"level": Level(words)}, _CHOOSE),
    "reading": (lambda words: {"reading": Reading(words)}, _CHOOSE),
    "asks": (lambda words: {"asks_human": words == "yes"}, _CHOOSE),
    "tags": (_tags("tags"), _A_TAG),
    "without": (_tags("without_tags"), _A_TAG),
    "content": (_content, "Write the id of an entry, with its version if you like: say_stop_chest@1a2b3c4d."),
    "intent": (lambda words: {"intent": _matched(_INTENT, words)}, _CHOOSE),
    "from": (_share("sure_from"), _PERCENT),
    "to": (_share("sure_to"), _PERCENT),
}
