"""Days that can't be: not in the calendar, or told as past though still to come. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from bot.usecases.reading import Misfit

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,? (?P<year>\d{4}))?"
# "In February 30 minutes a day" names no thirtieth.
_NO_AMOUNT = r"(?! ?(?:%|x\b|min|hour|times|rep|step|day|week|month|year|percent|km|mile|metre|meter|m\b))"
# "35 may be too many": a number before these two is a day only behind a word that leads to one.
_DATED = rf"(?:(?<=since )|(?<=on )|(?<=from )|(?<=the )|(?<=until )){_DAY}(?: of)? {_MONTH}\b{_YEAR}"
_FORMS = tuple(
    re.compile(form, re.I)
    for form in (
        _DATED,
        rf"^{_DAY}(?: of)? {_MONTH}\b{_YEAR}\W*$",
        rf"\b{_DAY}(?: of)? (?!may\b|mar\b|march\b){_MONTH}\b{_YEAR}",
        rf"\b{_MONTH} {_DAY}\b{_NO_AMOUNT}{_YEAR}",
        r"\b(?P<year>\d{4})-(?P<number>\d{1,2})-(?P<day>\d{1,2})\b",
    )
)
_NUMBERS = re.compile(r"\b(\d{1,2})[./-](\d{1,2})[./-](\d{4})\b")
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_COMING = rf"(?:tomorrow|the day after tomorrow|next (?:week|month|year|{_WEEKDAY}))"
_SINCE = re.compile(rf"\bsince {_COMING}\b", re.I)
_DONE = r"(?:did|done|walked|swam|trained|exercised|cycled|stretched|practised|practiced|went|moved|logged)"
_BETWEEN = (
    r"(?: (?:for \d+|(?!(?:not|and|but|so|then|that|what|i|to|for|before|until|about|because)\b)[\w']+))"
)
_CLAIMED = re.compile(
    rf"\bi(?:'ve| have)? {_DONE}{_BETWEEN}{{0,4}}?(?: on)? {_COMING}\s*(?:[.!?,]|$)", re.I | re.M
)
_SINCE_YEAR = re.compile(rf"\bsince (?:{_MONTH} )?(?P<year>\d{{4}})\b", re.I)


def misdated(text: str, today: date) -> Misfit | None:
    """Why the day a text names can't be; None where it can, or where it names none."""
    said = " ".join(text.replace("’", "'").split())
    dates = list(_dates(said))
    if any(day is None for _, day in dates):
        return Misfit.NO_SUCH_DAY
    since_then = any(day is not None and day > today for since, day in dates if since)
    if since_then or _SINCE.search(said) or _CLAIMED.search(said) or _since_a_later_year(said, today):
        return Misfit.DAY_TO_COME
    return None


def _dates(said: str) -> Iterator[tuple[bool, date | None]]:
    """(whether something is said to last since then, the day or None) for each date in the calendar's form.

    A day and month without a year are taken for the latest such day gone by.
    """
    for form in _FORMS:
        for found in form.finditer(said):
            parts = found.groupdict()
            month = int(parts.get("number") or 0) or _MONTHS.index(parts["month"][:3].casefold()) + 1
            # The 29th of February is a day of some years.
            year = int(parts["year"] or 4)
            yield _behind_since(said, found), _day(year, month, int(parts["day"]))
    for found in _NUMBERS.finditer(said):
        one, other, year = map(int, found.groups())
        first = _day(year, other, one)
        yield _behind_since(said, found) and first is not None, first or _day(year, one, other)


def _behind_since(said: str, found: re.Match[str]) -> bool:
    return said[: found.start()].casefold().rstrip().removesuffix("the").rstrip().endswith("since")


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _since_a_later_year(said: str, today: date) -> bool:
    return any(int(found["year"]) > today.year for found in _SINCE_YEAR.finditer(said))
