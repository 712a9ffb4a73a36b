"""What the log of the last weeks adds to a message. Pure functions; every figure comes as a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from bot.facts.clinical import History, Level, PainEntry, Reason, SessionEntry, Urgency

# The sign of the tap that tells worked muscles from a joint or the usual pain.
EASING_MUSCLES = "easing_muscles"
RAISED_24H = "pain_up_24h"
RAISED_48H = "pain_up_48h"
HIGHER_EACH_SESSION = "higher_each_session"
SECOND_LONG_FLARE = "second_long_flare"
FLARES_GO_ON = "flares_go_on"
LOGGED_RULES = (RAISED_24H, RAISED_48H, HIGHER_EACH_SESSION, SECOND_LONG_FLARE, FLARES_GO_ON)


@dataclass(frozen=True, slots=True)
class Limits:
    """Figures of `content/triage/limits.yml`; `raised_by` in points of the 0-10 scale."""

    settles_within: timedelta
    told_after: timedelta
    repeat_window: timedelta
    assess_window: timedelta
    routine_after: timedelta
    soreness_until: timedelta
    raised_by: int
    rising_sessions: int
    flares_counted: int


@dataclass(frozen=True, slots=True)
class Flare:
    """Pain that stood `raised_by` or more above its level before a session, last seen `lasted` after it."""

    session: SessionEntry
    lasted: timedelta


def flares(history: History, limits: Limits) -> Iterator[Flare]:
    """Sessions after which the pain was still raised when the time to settle was over (C1, #57).

    Worked muscles that the person told to be easing have longer to settle.
    """
    for number, session in enumerate(history.sessions):
        before = _level_before(history.pains, session)
        if before is None:
            continue
        following = history.sessions[number + 1].at if number + 1 < len(history.sessions) else None
        lasted = _raised_for(history.pains, session, before, following, limits)
        eases = _muscles_ease(history, session, following)
        if lasted is not None and lasted >= (limits.soreness_until if eases else limits.settles_within):
            yield Flare(session, lasted)


def _muscles_ease(history: History, session: SessionEntry, until: datetime | None) -> bool:
    return any(
        EASING_MUSCLES in v.rules and v.at > session.at and (until is None or v.at < until)
        for v in history.verdicts
    )


def _level_before(pains: Sequence[PainEntry], session: SessionEntry) -> int | None:
    before = [p.pain for p in pains if p.at <= session.at and _same(p.region, session.region)]
    return before[-1] if before else None


def _raised_for(
    pains: Sequence[PainEntry],
    session: SessionEntry,
    before: int,
    until: datetime | None,
    limits: Limits,
) -> timedelta | None:
    after = [
        p
        for p in pains
        if p.at > session.at and (until is None or p.at < until) and _same(p.region, session.region)
    ]
    raised = [p for p in after if p.pain - before >= limits.raised_by]
    return raised[-1].at - session.at if raised else None


def _same(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def still_raised(history: History, limits: Limits, after: timedelta) -> bool:
    """Whether the newest pain entry is still raised that long after the last session (C1, C2)."""
    if not history.sessions or not history.pains:
        return False
    session = history.sessions[-1]
    newest = history.pains[-1]
    return any(
        f.session == session and f.lasted >= after and newest.at - session.at == f.lasted
        for f in flares(history, limits)
    )


def soreness_asked_again_at(history: History, told_at: datetime, limits: Limits) -> datetime:
    """Counted from the session before it was told; without one in the log, from a day before."""
    before = [s.at for s in history.sessions if told_at - limits.soreness_until <= s.at <= told_at]
    return (before[-1] if before else told_at - limits.settles_within) + limits.soreness_until


def second_long_flare(history: History, now: datetime, limits: Limits) -> bool:
    """Two long flares within the repeat window (C1)."""
    recent = [f for f in flares(history, limits) if now - f.session.at <= limits.repeat_window]
    return len(recent) > 1


def higher_each_session(history: History, limits: Limits) -> bool:
    """The pain after the same exercise rose in each of the last sessions (#142)."""
    if not history.sessions:
        return False
    exercise = history.sessions[-1].exercise
    after = [s.pain_after for s in history.sessions if s.exercise == exercise and s.pain_after is not None]
    last = after[-limits.rising_sessions :]
    rising = all(earlier < later for earlier, later in pairwise(last))
    return len(last) == limits.rising_sessions and rising


def flares_go_on(history: History, now: datetime, limits: Limits) -> bool:
    """Flares don't cease although a routine exists (#147)."""
    if not history.sessions or now - history.sessions[0].at < limits.routine_after:
        return False
    recent = [f for f in flares(history, limits) if now - f.session.at <= limits.repeat_window]
    return len(recent) >= limits.flares_counted


def assessed_lately(history: History, now: datetime, limits: Limits) -> bool:
    """Another assess verdict stands in the window before this one."""
    return any(
        v.level is Level.ASSESS and timedelta(0) < now - v.at <= limits.assess_window
        for v in history.verdicts
    )


def logged_reasons(history: History, now: datetime, limits: Limits) -> Iterator[tuple[str, Level, Urgency]]:
    """(rule, level, urgency) of everything the log says by itself."""
    if still_raised(history, limits, limits.told_after):
        yield RAISED_48H, Level.ASSESS, Urgency.SOON
    elif still_raised(history, limits, limits.settles_within):
        yield RAISED_24H, Level.ASSESS, Urgency.NONE
    if second_long_flare(history, now, limits):
        yield SECOND_LONG_FLARE, Level.ASSESS, Urgency.SOON
    if higher_each_session(history, limits):
        yield HIGHER_EACH_SESSION, Level.ASSESS, Urgency.NONE
    if flares_go_on(history, now, limits):
        yield FLARES_GO_ON, Level.ASSESS, Urgency.SOON


def raised_by_repetition(
    reasons: Sequence[Reason], history: History, now: datetime, limits: Limits
) -> list[Reason]:
    """A second assess within the window is seen soon."""
    if not assessed_lately(history, now, limits):
        return list(reasons)
    return [
        replace(r, urgency=Urgency.SOON) if r.level is Level.ASSESS and r.urgency is Urgency.NONE else r
        for r in reasons
    ]
