"""The six goals of talking about exercise and pain."""

from __future__ import annotations

import pytest
from action_calls import Caller

from bot.usecases.goals import GOALS
from bot.usecases.profile import SENSITISATION

CUE = "goal_cue_form"
NOT_SENSITISED = dict.fromkeys(SENSITISATION, "no")
KNEE = {"region": "knee", "feared_knee": "squat", "movement": "squat", "goal": "dance"}


def test_the_belief_named_first_decides_what_is_said(call: Caller) -> None:
    call.aboard()
    form = "goal_understand_form"
    call.activate(form)
    first = call.answer(form, "pain_reason", "it is worn out", ranking=[("belief_damage", 0.7)])
    assert set(first.said) == {"lesson_belief_damage"}
    assert call.patient.profile["belief"] == "belief_damage"
    again = call.answer(form, "pain_reason", "it never ends", ranking=[("hopeless_catastrophising", 0.9)])
    assert set(again.said) == {"lesson_belief_damage"}


def test_an_unsure_belief_is_not_put_into_somebodys_mouth(call: Caller) -> None:
    call.aboard().activate("goal_understand_form")
    said = call.answer("goal_understand_form", "pain_reason", "no idea", ranking=[("belief_damage", 0.39)])
    assert said.said[0] == "belief_other"
    assert "belief" not in call.patient.profile


@pytest.mark.parametrize(
    ("sure", "says", "ladder"),
    [
        ("0", "confidence_low", "easier"),
        ("4", "confidence_low", "easier"),
        ("5", "confidence_middle", "usual"),
        ("7", "confidence_high", "usual"),
    ],
)
def test_low_confidence_leads_to_an_easier_step(call: Caller, sure: str, says: str, ladder: str) -> None:
    form = "goal_confidence_form"
    call.aboard(**KNEE).activate(form)
    assert call.answer(form, "confidence", sure).said == [says]
    assert call.patient.profile["ladder"] == ladder
    assert call.answer(form, "expectation", "it will hurt").said == ["done_confidence"]
    assert call.patient.profile["expectation"] == "it will hurt"


@pytest.mark.parametrize(
    ("clinician", "ladder", "step"),
    [
        ("yes", "usual", "step_knee_squat_2"),
        ("yes", "easier", "step_knee_squat_1"),
        ("no", "usual", "step_knee_squat_1"),
    ],
)
def test_the_step_fits_confidence_and_supervision(
    call: Caller, clinician: str, ladder: str, step: str
) -> None:
    call.aboard(**KNEE, **NOT_SENSITISED, clinician=clinician, ladder=ladder)
    call.green()
    call.activate(CUE)
    said = call.answer(CUE, "prediction", "it may hurt").said
    assert step in said
    assert ("small_steps_only" in said) == (clinician == "no")
    assert "stop_list" in said


@pytest.mark.parametrize(
    "answers",
    [{}, {**NOT_SENSITISED, "sens_focus": "skipped"}, dict.fromkeys(SENSITISATION, "yes")],
)
def test_the_lowest_step_holds_until_the_first_weeks_questions_say_otherwise(
    call: Caller, answers: dict[str, str]
) -> None:
    call.aboard(**KNEE, **answers, clinician="yes", ladder="usual")
    call.green()
    call.activate(CUE)
    assert "step_knee_squat_1" in call.answer(CUE, "prediction", "it may hurt").said


def test_harder_is_held_for_a_week_while_the_lowest_profile_holds(call: Caller) -> None:
    form = "goal_modify_form"
    call.aboard(**KNEE, clinician="yes").activate(form)
    call.answer(form, "how_hard", "too_easy")
    said = call.answer(form, "modify_why", "because").said
    assert said == ["modify_harder_slowly", "done_modify"]


@pytest.mark.parametrize(
    ("limits", "named"), [("no deep squats", True), ("None.", False), ("no", False), ("skipped", False)]
)
def test_the_limits_of_a_clinician_go_along_with_every_exercise(
    call: Caller, limits: str, named: bool
) -> None:
    call.aboard(**KNEE, clinician="yes", limits=limits)
    call.green()
    call.activate(CUE)
    assert ("limits_first" in call.answer(CUE, "prediction", "it may hurt").said) == named


def test_the_cue_waits_for_a_green_sign_check(call: Caller) -> None:
    call.aboard(**KNEE)
    began = call.activate(CUE)
    assert began.slots["requested_slot"] == "sign_check"
    assert began.said == []
    call.green()
    checked = call.answer(CUE, "sign_check", "none")
    assert checked.said[0] == "cue_knee_squat"
    assert "stop_list" in checked.said
    assert checked.slots["requested_slot"] == "prediction"


def test_a_sign_check_that_is_not_green_gives_no_cue(call: Caller) -> None:
    call.aboard(**KNEE).activate(CUE)
    ended = call.answer(CUE, "sign_check", "unsure")
    assert ended.said == ["ask_which_sign"]
    assert call.patient.profile["interrupted_flow"] == CUE
    assert ended.slots["requested_slot"] is None
    assert call.slots["sign_check"] is None


def test_the_cue_is_not_said_again_after_a_digression(call: Caller) -> None:
    call.aboard(**KNEE)
    call.green()
    call.activate(CUE)
    rerun = call(f"validate_{CUE}", "pacing", loop=CUE, requested="prediction")
    assert rerun.said == []
    assert rerun.slots == {"requested_slot": "prediction"}


@pytest.mark.parametrize("region", ["neck", "hip", "other"])
def test_other_regions_get_a_general_cue_and_no_exercise(call: Caller, region: str) -> None:
    call.aboard(region=region, **{f"feared_{region}": "none"})
    call.green()
    assert "cue_general" in call.activate(CUE).said
    said = call.answer(CUE, "prediction", "nothing").said
    assert "no_exercise_for_region" in said
    assert not [content_id for content_id in said if content_id.startswith("step_")]


@pytest.mark.parametrize(
    ("coping", "settles", "advice"),
    [
        ("yes", "within_day", "level_carry_on"),
        ("yes", "longer", "level_reduce"),
        ("no", "within_day", "level_reduce"),
        ("unsure", "within_day", "level_unsure"),
        ("unsure", "longer", "level_reduce"),
    ],
)
def test_coping_and_a_day_decide_about_the_amount(
    call: Caller, coping: str, settles: str, advice: str
) -> None:
    form = "goal_level_form"
    call.aboard(**KNEE).activate(form)
    call.answer(form, "coping", coping)
    assert call.answer(form, "settles", settles).said == [advice, "level_rule", "done_level"]


@pytest.mark.parametrize(
    ("how", "clinician", "advice"),
    [
        ("too_easy", "no", "modify_harder_minutes"),
        ("too_easy", "yes", "modify_harder"),
        ("too_hard", "no", "modify_easier"),
        ("right", "no", "modify_keep"),
        ("give_up", "yes", "modify_never_all"),
    ],
)
def test_harder_means_minutes_without_a_clinician(
    call: Caller, how: str, clinician: str, advice: str
) -> None:
    form = "goal_modify_form"
    call.aboard(**KNEE, **NOT_SENSITISED, clinician=clinician).activate(form)
    call.answer(form, "how_hard", how)
    assert call.answer(form, "modify_why", "because").said == [advice, "done_modify"]


@pytest.mark.parametrize("answer", ["yes", "no", "unsure"])
def test_the_talk_on_safety_follows_the_answer(call: Caller, answer: str) -> None:
    form = "goal_challenge_form"
    call.aboard(**KNEE).activate(form)
    call.answer(form, "movement_safe", answer)
    assert set(call.answer(form, "safe_why", "well").said) == {f"discuss_safe_{answer}"}


def test_wanting_to_try_leads_straight_to_the_cue(call: Caller) -> None:
    form = "goal_challenge_form"
    call.aboard(**KNEE).activate(form)
    call.slots |= {"prediction": "from an earlier time"}
    call.answer(form, "movement_safe", "no")
    call.answer(form, "safe_why", "it cracks")
    onward = call.answer(form, "try_movement", "yes")
    assert onward.next == CUE
    assert call.slots["prediction"] is None


def test_start_goals_leads_through_all_six_in_order(call: Caller) -> None:
    call.aboard(**KNEE)
    done: list[str] = []
    for goal in GOALS:
        assert call("action_start_flow", "start_goals").next == f"goal_{goal}_form"
        done.append(goal)
        call.house.profiles.remember(call.patient_id, {"goals_done": " ".join(done)})
    assert call("action_start_flow", "start_goals").next == "goal_understand_form"


@pytest.mark.parametrize("goal", GOALS)
def test_a_button_names_its_goal_and_old_answers_are_forgotten(call: Caller, goal: str) -> None:
    call.aboard(**KNEE)
    call.slots |= {"pain_reason": "old", "prediction": "old", "how_hard": "right"}
    began = call("action_start_flow", "start_goal", entities={"goal": goal})
    assert began.next == f"goal_{goal}_form"
    flow = call.house.flows[f"goal_{goal}_form"]
    assert all(began.slots[step.question] is None for step in flow.steps if not step.lasting)


def test_a_skipped_answer_is_not_answered_to(call: Caller) -> None:
    form = "goal_understand_form"
    call.aboard(**KNEE).activate(form)
    skipped = call("action_skip", "skip", loop=form, requested="pain_reason")
    assert skipped.said == []
    assert skipped.next == form


def test_a_corrected_region_changes_the_profile_and_asks_for_its_movement(call: Caller) -> None:
    call.aboard(**KNEE)
    corrected = call(
        "action_correct", "correct_entry", loop=CUE, requested="prediction", text="No, I meant my shoulder."
    )
    assert corrected.said == ["region_corrected"]
    assert "shoulder" in corrected.responses[0]["text"]
    assert corrected.next == CUE
    assert call.patient.profile["region"] == "shoulder"
    assert call.activate(CUE).slots["requested_slot"] == "feared_shoulder"
