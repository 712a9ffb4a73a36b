"""What an answer settles: both sides of each border."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from screening_bench import ROOT

from bot.facts.clinical import Level, Reason, Urgency, Verdict
from bot.library.screening_content import load_screening
from bot.usecases.ports import OpenAssessment
from bot.usecases.reading import Answer
from bot.usecases.settle import settle

AT = datetime(2026, 11, 1, 9, tzinfo=UTC)
NOTHING = Verdict(Level.NONE, Urgency.NONE)
CONFIRMED = load_screening(ROOT / "content").rules.confirmed


def may_end(_: OpenAssessment) -> tuple[str, ...]:
    return ()


def may_not_end(_: OpenAssessment) -> tuple[str, ...]:
    return ("crisis_not_yet",)


def standing(level: Level) -> OpenAssessment:
    return OpenAssessment(7, AT, level, Urgency.NOW, ("chest_pain",), (), None, None, "m1")


@pytest.mark.parametrize(
    ("answer", "urgency"),
    [("now", Urgency.NOW), ("unsure", Urgency.NOW), ("passed", Urgency.SAME_DAY)],
)
def test_a_check_answered_with_anything_but_another_meaning_is_a_stop(answer: str, urgency: Urgency) -> None:
    verdict, settled = settle(NOTHING, Answer("check", answer), [standing(Level.CHECK)], CONFIRMED, may_end)
    assert (verdict.level, verdict.urgency) == (Level.STOP, urgency)
    assert [reason.rule for reason in verdict.reasons] == ["chest_pain"]
    assert settled.closes == (7,)


def test_a_check_that_meant_something_else_is_closed_without_a_stop() -> None:
    verdict, settled = settle(NOTHING, Answer("check", "other"), [standing(Level.CHECK)], CONFIRMED, may_end)
    assert verdict.level is Level.NONE
    assert settled.closes == (7,)
    assert settled.says == ("check_closed",)
    assert settled.resumes


def test_a_new_stop_in_the_answer_is_never_lowered_by_it() -> None:
    stop = Verdict(Level.STOP, Urgency.NOW, (Reason("faint", "1", Level.STOP, Urgency.NOW),))
    verdict, _ = settle(stop, Answer("check", "passed"), [standing(Level.CHECK)], CONFIRMED, may_end)
    assert (verdict.level, verdict.urgency) == (Level.STOP, Urgency.NOW)
    assert [reason.rule for reason in verdict.reasons] == ["faint", "chest_pain"]
    verdict, settled = settle(
        stop, Answer("care_sought", "yes_seen"), [standing(Level.STOP)], CONFIRMED, may_end
    )
    assert verdict == stop
    assert settled.closes == ()


def test_a_stop_ends_only_when_care_was_sought() -> None:
    _, sought = settle(NOTHING, Answer("care_sought", "yes_seen"), [standing(Level.STOP)], CONFIRMED, may_end)
    _, not_yet = settle(NOTHING, Answer("care_sought", "not_yet"), [standing(Level.STOP)], CONFIRMED, may_end)
    assert sought.closes == (7,)
    assert not_yet.closes == ()


def test_a_crisis_ends_by_the_person_only_where_they_may_end_it() -> None:
    crisis = [standing(Level.CRISIS)]
    _, may = settle(NOTHING, Answer("crisis_over", "safe"), crisis, CONFIRMED, may_end)
    _, may_not = settle(NOTHING, Answer("crisis_over", "safe"), crisis, CONFIRMED, may_not_end)
    assert may.closes == (7,)
    assert may_not.closes == ()
    assert may_not.says == ("crisis_not_yet",)


def test_an_answer_to_something_long_settled_closes_nothing() -> None:
    _, settled = settle(NOTHING, Answer("care_sought", "yes_seen"), [], CONFIRMED, may_end)
    assert settled.closes == ()
    assert settled.says == ("nothing_open",)


@pytest.mark.parametrize(
    ("slot", "value", "level", "resumes"),
    [
        ("assess_settled", "settled", Level.ASSESS, True),
        ("assess_settled", "still", Level.ASSESS, False),
        ("care_sought", "yes_seen", Level.STOP, False),
        ("crisis_over", "safe", Level.CRISIS, False),
        ("check", "passed", Level.CHECK, False),
    ],
)
def test_a_flow_goes_on_by_itself_after_a_settled_assess_but_never_after_a_stop_or_a_crisis(
    slot: str, value: str, level: Level, resumes: bool
) -> None:
    _, settled = settle(NOTHING, Answer(slot, value), [standing(level)], CONFIRMED, may_end)
    assert settled.resumes is resumes


@pytest.mark.parametrize("answer", ["now", "unsure", "passed"])
def test_a_check_about_a_crisis_that_was_meant_is_a_crisis(answer: str) -> None:
    open_check = replace(standing(Level.CHECK), rules=("chest_pain", "crisis"))
    verdict, settled = settle(NOTHING, Answer("check", answer), [open_check], CONFIRMED, may_end)
    assert (verdict.level, verdict.urgency) == (Level.CRISIS, Urgency.NOW)
    assert {reason.rule for reason in verdict.reasons} == {"chest_pain", "crisis"}
    assert settled.closes == (7,)


def test_easing_muscles_close_only_the_assess_that_asked_about_them() -> None:
    asked = replace(standing(Level.ASSESS), question="ask_after_24h")
    other = replace(standing(Level.ASSESS), id=8, question="ask_climbing")
    muscles = Answer("after_24h", "muscles")
    _, settled = settle(NOTHING, muscles, [asked, other], CONFIRMED, may_end)
    assert settled.closes == (7,)
    assess = Verdict(Level.ASSESS, Urgency.SOON, (Reason("joint_swelling", "1", Level.ASSESS, Urgency.SOON),))
    _, unsettled = settle(assess, muscles, [asked], CONFIRMED, may_end)
    assert unsettled.closes == ()
