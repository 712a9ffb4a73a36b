"""A short reply read against the question before it: "yes", "7", "the left one" mean nothing alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from bot.usecases.ports import Option, Question

NUMBER_WORDS: Mapping[str, int] = {
    word: value
    for value, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    )
}
_FILLERS = frozenset(
    [
        "it's",
        "i'd",
        "i'm",
        "a",
        "about",
        "around",
        "roughly",
        "maybe",
        "probably",
        "its",
        "it",
        "is",
        "id",
        "say",
        "like",
        "i",
        "think",
        "now",
        "today",
        "just",
        "at",
        "most",
        "the",
        "uh",
        "um",
        "er",
        "out",
        "of",
        "so",
        "well",
        "only",
        "still",
        "hmm",
    ]
)
_NUMBER = re.compile(r"(?P<value>-?\d+(?:\.\d+)?)(?:\s*(?:/|out of|of)\s*(?P<scale>\d+))?")
_CLOCK = re.compile(r"\b(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?\s*(?P<half>am|pm|a\.m\.|p\.m\.)?", re.I)
_TURNED = re.compile(
    r"\b(no|not|none|never|nor|neither|without|except|but|less|under|used to|what|why|how)\b|n't\b"
)
_WORD = re.compile(r"[\w'’:.]+")
SHORT_REPLY = 5


class Misfit(Enum):
    """Why a reply is an answer in form but not in value."""

    OFF_SCALE = "off_scale"
    NO_SUCH_TIME = "no_such_time"
    NO_SUCH_DAY = "no_such_day"
    DAY_TO_COME = "day_to_come"


@dataclass(frozen=True, slots=True)
class Answer:
    slot: str
    value: str
    option: Option | None = None


def read_answer(question: Question, text: str, short_form: str | None) -> Answer | Misfit | None:
    """What `text` answers to `question`; None where it's no answer (perhaps a digression)."""
    if question.form == "choice":
        return _choice(question, text, short_form)
    if question.form == "number":
        return _number(question, text)
    if question.form == "time":
        return _time(question, text)
    return None


def chosen(question: Question, value: str) -> Answer | Misfit | None:
    """What pressing a button of `question` answers."""
    if question.form == "number":
        return _number(question, value)
    for option in question.options:
        if option.value == value:
            return Answer(question.id, value, option)
    return None


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold().replace("’", "'"))).strip(" .:")


def _choice(question: Question, text: str, short_form: str | None) -> Answer | None:
    said = _plain(text)
    if not said:
        return None
    for option in question.options:
        if said in _sayings(option):
            return Answer(question.id, option.value, option)
    meant = {"affirm": "yes", "deny": "no", "unsure": "unsure"}.get(short_form or "")
    for option in question.options:
        if meant and option.value == meant:
            return Answer(question.id, option.value, option)
    return _named_inside(question, said, asks="?" in text) if question.loose else None


def _sayings(option: Option) -> set[str]:
    return {_plain(option.title), _plain(option.value), *map(_plain, option.says)}


def _named_inside(question: Question, said: str, *, asks: bool) -> Answer | None:
    """The only option that a longer reply names; none where it may be turned round.

    It takes two words; where the question says so, one in a short reply that asks nothing.
    """
    named = [(o, saying) for o in question.options for saying in _sayings(o) if f" {saying} " in f" {said} "]
    options = {option.value for option, _ in named}
    short = question.one_word and len(said.split()) <= SHORT_REPLY and not asks
    plain = short or any(" " in saying for _, saying in named)
    if len(options) != 1 or not plain or _TURNED.search(said):
        return None
    option = named[0][0]
    return Answer(question.id, option.value, option)


def _number(question: Question, text: str) -> Answer | Misfit | None:
    words = [w for w in _plain(text).split() if w not in _FILLERS]
    as_digits = " ".join(str(NUMBER_WORDS.get(w, w)) for w in words).replace("/", " ")
    found = _NUMBER.search(text.casefold()) or _NUMBER.search(as_digits)
    leftover = re.sub(r"[-\d./ ]", "", as_digits)
    if found is None or leftover:
        return None
    value = float(found["value"])
    if question.low is not None and question.high is not None and not question.low <= value <= question.high:
        return Misfit.OFF_SCALE
    return Answer(question.id, str(round(value)))


def _before(found: re.Match[str]) -> str:
    """The quarter before an hour; on a clock of twelve hours where the words name one."""
    hour = int(found["hour"]) - 1
    return f"{hour or 12}:45"


_HOURS = {**NUMBER_WORDS, "eleven": 11, "twelve": 12}
_CLOCK_WORDS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(rf"\b{pattern}\b"), figures)
    for pattern, figures in (
        ("(?:midday|noon)", "12:00"),
        ("midnight", "00:00"),
        (rf"(?:{'|'.join(_HOURS)})", lambda found: str(_HOURS[found[0]])),
        (r"half (?:past )?(\d{1,2})", r"\1:30"),
        (r"(?:a )?quarter past (\d{1,2})", r"\1:15"),
        (r"(?:a )?quarter to (?P<hour>\d{1,2})", _before),
        (r"(\d{1,2}) (?:thirty|30)", r"\1:30"),
        (r"(\d{1,2}) (?:fifteen|15)", r"\1:15"),
        (r"(\d{1,2}) (?:forty[ -]?five|45)", r"\1:45"),
        (r"(\d{1,2}) o'?clock", r"\1:00"),
        (r"(\d{1,2}:\d{2}|\d{1,2}) (?:in the morning)", r"\1 am"),
        (r"(\d{1,2}:\d{2}|\d{1,2}) (?:in the (?:afternoon|evening)|at night|tonight)", r"\1 pm"),
    )
)


def _in_figures(text: str) -> str:
    """A time in words as a clock writes it: "half past six in the evening" as "6:30 pm"."""
    said = " ".join(_WORD.findall(text.casefold().replace("’", "'")))
    for pattern, figures in _CLOCK_WORDS:
        said = pattern.sub(figures, said)
    return said


def _time(question: Question, text: str) -> Answer | Misfit | None:
    for option in question.options:
        if _plain(text) in {_plain(option.title), _plain(option.value), *map(_plain, option.says)}:
            return Answer(question.id, option.value, option)
    found = _CLOCK.search(_in_figures(text))
    if found is None or len(text) > 40:
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    half = (found["half"] or "").lower().replace(".", "")
    if half == "pm" and hour < 12:
        hour += 12
    if half == "am" and hour == 12:
        hour = 0
    if hour > 23 or minute > 59:
        return Misfit.NO_SUCH_TIME
    return Answer(question.id, f"{hour:02d}:{minute:02d}")
