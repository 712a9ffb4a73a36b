"""The life of a flag, its deadlines, and what is looked at first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.facts.clinical import Urgency
from bot.facts.flags import GRAVITY, Flag, FlagState
from bot.triage.flag_life import (
    CLOCK,
    LIFE,
    IllegalMove,
    Limits,
    UnaccountedMove,
    deadline,
    drawn,
    moves_from,
    step,
    worklist_order,
)

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PAGE = Path(__file__).parents[3] / "docs" / "flags.md"
MINUTES = {Urgency.NOW: 15, Urgency.SAME_DAY: 120, Urgency.SOON: 1440, Urgency.NONE: 1440}
LIMITS = Limits(
    seen={urgency: timedelta(minutes=n) for urgency, n in MINUTES.items()},
    ended={urgency: timedelta(minutes=n * 8) for urgency, n in MINUTES.items()},
)
MOMENTS = st.integers(0, 5000).map(lambda minutes: NOW + timedelta(minutes=minutes))


def flag(
    state: FlagState = FlagState.NEW,
    *,
    number: int = 1,
    level: str = "stop",
    urgency: str = "now",
    raised: datetime = NOW,
    since: datetime = NOW,
) -> Flag:
    return Flag(number, "p", raised, level, urgency, "chest_pain", since, state=state)


FLAGS = st.builds(
    flag,
    st.sampled_from([state for state in FlagState if not state.ended]),
    number=st.integers(1, 10**6),
    level=st.sampled_from(GRAVITY),
    urgency=st.sampled_from([urgency.value for urgency in Urgency]),
    raised=MOMENTS,
    since=MOMENTS,
)


@pytest.mark.parametrize("state", FlagState)
@pytest.mark.parametrize("move", LIFE, ids=lambda move: move.name)
def test_a_step_leads_where_the_table_says_or_is_refused(state: FlagState, move: object) -> None:
    (known,) = [m for m in LIFE if m is move]
    by = CLOCK if known.by_clock else "Dr Ames"
    if state in known.before:
        taken = step(flag(state), known.name, by=by, now=NOW, outcome="seen", note="ECG normal")
        assert (taken.was, taken.becomes, taken.actor, taken.at) == (state, known.after, by, NOW)
    else:
        with pytest.raises(IllegalMove, match=state.value.replace("_", " ")):
            step(flag(state), known.name, by=by, now=NOW, outcome="seen", note="ECG normal")


def test_nothing_leads_out_of_an_end_and_every_open_state_leads_to_one() -> None:
    for state in FlagState:
        reached, ahead = {state}, [state]
        while ahead:
            found = {move.after for move in moves_from(ahead.pop())} - reached
            reached |= found
            ahead += found
        assert any(end.ended for end in reached)
        assert not (state.ended and moves_from(state))


def test_only_the_clock_escalates_and_it_does_nothing_else() -> None:
    with pytest.raises(IllegalMove):
        step(flag(), "escalate", by="Dr Ames", now=NOW)
    with pytest.raises(IllegalMove):
        step(flag(), "acknowledge", by=CLOCK, now=NOW)


@pytest.mark.parametrize(
    ("by", "outcome", "note"), [(" ", "seen", "x"), ("A", "", "x"), ("A", "seen", " \n"), ("A", None, None)]
)
def test_a_flag_is_ended_by_somebody_with_outcome_and_note(by: str, outcome: str, note: str) -> None:
    with pytest.raises(UnaccountedMove):
        step(flag(FlagState.ACKNOWLEDGED), "resolve", by=by, now=NOW, outcome=outcome, note=note)


def test_a_move_nobody_knows_is_refused() -> None:
    with pytest.raises(IllegalMove):
        step(flag(), "delete", by="Dr Ames", now=NOW)


@pytest.mark.parametrize(
    ("state", "urgency", "minutes"),
    [
        (FlagState.NEW, "now", 15),
        (FlagState.NEW, "soon", 1440),
        (FlagState.ACKNOWLEDGED, "now", 120),
        (FlagState.IN_PROGRESS, "same_day", 960),
        (FlagState.ESCALATED, "now", 0),
    ],
)
def test_the_deadline_follows_from_state_and_urgency(state: FlagState, urgency: str, minutes: int) -> None:
    assert deadline(flag(state, urgency=urgency), LIMITS) == NOW + timedelta(minutes=minutes)


@given(st.lists(FLAGS, max_size=30))
def test_no_flag_stands_behind_one_that_is_less_grave_later_due_or_younger(flags: list[Flag]) -> None:
    ordered = worklist_order(flags, LIMITS)
    assert sorted(ordered, key=id) == sorted(flags, key=id)
    for first, second in pairwise(ordered):
        assert GRAVITY.index(first.level) <= GRAVITY.index(second.level)
        if first.level == second.level:
            due = deadline(first, LIMITS), deadline(second, LIMITS)
            assert due[0] <= due[1]
            if due[0] == due[1]:
                assert first.raised_at <= second.raised_at


@given(
    st.lists(FLAGS, max_size=10, unique_by=lambda flag: flag.id).flatmap(
        lambda flags: st.tuples(st.just(flags), st.permutations(flags))
    )
)
def test_the_order_hangs_on_the_flags_alone(both: tuple[list[Flag], list[Flag]]) -> None:
    assert worklist_order(both[0], LIMITS) == worklist_order(both[1], LIMITS)


def test_the_picture_in_the_docs_is_the_table() -> None:
    assert f"```mermaid\n{drawn()}\n```" in PAGE.read_text("utf-8")
