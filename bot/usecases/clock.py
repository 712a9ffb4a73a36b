"""By which clock a patient lives: their country's, the one they choose, or the time their own clock shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from bot.usecases.flow import SKIPPED, Answers, Outcome, QuietFlow, Step, Talk
from bot.usecases.profile import Profiles

LOCAL_TIME = "local_time"
REMINDER = "reminder"
# The answer to the question for a reminder that says: the clock in the question isn't mine.
OTHER_CLOCK = "other_clock"
# Countries whose clocks differ from place to place; each has a question of its own.
COUNTRIES_WITH_ZONES = ("US", "CA", "AU")
UNKNOWN_COUNTRIES = ("other", SKIPPED)
# No place on Earth is further ahead of UTC at noon than this; what would be is behind it.
FURTHEST_AHEAD = timedelta(hours=13)
QUARTER = timedelta(minutes=15)


def offset_of(clock_time: str, now: datetime) -> str:
    """How far ahead of UTC a clock is that shows `HH:MM` now, as `+HHMM`, to the nearest quarter hour."""
    hour, minute = map(int, clock_time.split(":"))
    utc = now.astimezone(UTC)
    ahead = timedelta(hours=hour - utc.hour, minutes=minute - utc.minute)
    ahead = round(ahead / QUARTER) * QUARTER % timedelta(days=1)
    if ahead > FURTHEST_AHEAD:
        ahead -= timedelta(days=1)
    return f"{now.astimezone(timezone(ahead)):%z}"


def other_clock(talk: Talk) -> bool:
    return talk.answers.get(REMINDER) == OTHER_CLOCK


def clock_unknown(talk: Talk) -> bool:
    """Whether only the patient's own clock can tell: no country, or one whose only clock isn't theirs."""
    country = talk.said("country")
    return country in UNKNOWN_COUNTRIES or (other_clock(talk) and country not in COUNTRIES_WITH_ZONES)


def _zone_step(code: str) -> Step:
    """Asked where the likeliest zone of the country isn't theirs."""
    theirs = f"zone_{code.lower()}"
    return Step(theirs, when=lambda talk: other_clock(talk) and talk.said("country") == code, lasting=True)


CLOCK_STEPS = (
    *map(_zone_step, COUNTRIES_WITH_ZONES),
    Step(LOCAL_TIME, when=clock_unknown, lasting=True),
)
CLOCKS = tuple(step.question for step in CLOCK_STEPS)
CLOCK_QUESTIONS = (*CLOCKS, REMINDER)


def clock_kept(question: str, value: str, now: datetime) -> Answers:
    """What the profile keeps of an answer about the clock: no zone where it was left out."""
    if question == REMINDER:
        return dict.fromkeys(CLOCKS) if value == OTHER_CLOCK else {REMINDER: value}
    if value == SKIPPED:
        return {question: value}
    return {question: value, "zone": offset_of(value, now) if question == LOCAL_TIME else value}


def clock_turn(question: str, value: str) -> Outcome:
    """Another clock is asked for first; the reminder follows once more by that clock."""
    if question == REMINDER and value == OTHER_CLOCK:
        return Outcome(changes=dict.fromkeys(CLOCKS))
    return Outcome(changes={REMINDER: None} if question in CLOCKS else {})


class SetReminder(QuietFlow):
    """The time of the daily reminder, and whose clock it goes by."""

    name = "set_reminder_form"
    steps: tuple[Step, ...] = (*CLOCK_STEPS, Step(REMINDER))

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    def answered(self, talk: Talk, question: str, value: str) -> Outcome:
        if value != SKIPPED:
            self._profiles.remember(talk.patient.id, clock_kept(question, value, talk.now))
        return clock_turn(question, value)

    def completed(self, talk: Talk) -> Outcome:
        left = talk.answers.get(REMINDER) in (None, SKIPPED)
        return Outcome(says=("left_unchanged" if left else "reminder_kept",), ends=True)
