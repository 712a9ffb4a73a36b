"""The statistics of a run, and what the table says of them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import Row, Target, median, missed, p95
from bench.stages import CLIENTS, Rush, around, rush, turns
from bench.table import Circumstances, page, table

seconds = st.lists(st.floats(0, 1e6), min_size=1)


@given(seconds)
def test_at_least_95_of_100_turns_are_within_the_95th_percentile_and_no_smaller_turn_says_so(
    taken: list[float],
) -> None:
    bound = p95(taken)
    assert bound in taken
    assert sum(turn <= bound for turn in taken) >= 0.95 * len(taken)
    assert sum(turn < bound for turn in taken) < 0.95 * len(taken)


def test_half_of_the_turns_are_within_the_median() -> None:
    assert median([5, 1, 2]) == 2
    assert median([1, 2, 3, 10]) == 2.5


@pytest.mark.parametrize("of", [median, p95])
def test_a_figure_of_nothing_is_refused(of: object) -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        of([])  # type: ignore[operator]


@pytest.mark.parametrize(("figure", "reached"), [(79.9, True), (80, True), (80.1, False)])
def test_a_target_is_reached_up_to_its_bound(figure: float, reached: bool) -> None:
    assert Target("0.8 x starter", 0.8, 100).reached(figure) is reached


@pytest.mark.parametrize(("figure", "reached"), [(51.9, False), (52, True), (60, True)])
def test_a_target_of_throughput_is_reached_from_its_bound_on(figure: float, reached: bool) -> None:
    assert Target("2 x starter", 2, 26, at_least=True).reached(figure) is reached


def test_each_line_of_the_table_says_whether_its_target_was_reached() -> None:
    rows = [
        Row("Turn", "ms", 30.04, 47.2, 11, Target("0.8 x starter", 0.8, 47.2)),
        Row("Turns a second", "", 40, 26, 171, Target("2 x starter", 2, 26, at_least=True)),
        Row("Threads", "", 3),
    ]
    assert table(rows).splitlines()[2:] == [
        "| Turn | 30.0 ms | 47.2 ms | 11.0 ms | 0.8 x starter | <= 37.8 ms | reached |",
        "| Turns a second | 40.0 | 26.0 | 171 | 2 x starter | >= 52.0 | missed |",
        "| Threads | 3.0 | - | - |  |  |  |",
    ]
    assert missed(rows) == ["Turns a second"]


def test_the_page_names_day_commit_machine_and_how_busy_it_was() -> None:
    around_it = Circumstances("2031-05-06", "abc1234", "2 cores of Some CPU", 0.1, 0.96)
    text = page([Row("Turn", "ms", 30)], around_it, "How it was done.\n")
    assert (
        "on 2031-05-06, commit abc1234, 2 cores of Some CPU. Load per core before 0.10, after 0.96." in text
    )
    assert text.endswith("How it was done.\n")


def test_the_turns_about_a_turn_hold_each_line_of_the_talk_alike() -> None:
    taken = [float(turn) for turn in range(1, 1021)]
    assert around(taken, 10, width=10) == taken[0:20]
    assert around(taken, 1000, width=10) == taken[990:1010]


class Chatty:
    """Somebody who breaks off at "no"."""

    def say(self, line: str) -> None:
        time.sleep(0.01)
        if line == "no":
            raise RuntimeError("no answer")


def test_talks_that_break_off_are_counted_and_somebody_new_begins() -> None:
    came_of_it = rush(Chatty, ("hello", "no"), 0.2)
    assert came_of_it.broken >= CLIENTS
    assert came_of_it.turns >= came_of_it.broken
    assert came_of_it.seconds == 0.2


def test_rushes_add_up_to_turns_a_second() -> None:
    assert (Rush(30, 1, 2.0) + Rush(10, 0, 2.0)).a_second == 10


def test_every_turn_of_every_round_is_timed() -> None:
    taken = turns({"one": (Chatty, ("hello", "bye")), "other": (Chatty, ("hello",))}, rounds=3)
    assert (len(taken["one"]), len(taken["other"])) == (6, 3)
    assert all(seconds >= 0.01 for seconds in taken["one"])
