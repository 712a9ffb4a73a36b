"""Onboarding and the six goals as a patient meets them, through the real engine."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from coach_at_work import Coach, Talk

pytestmark = pytest.mark.engine
Onboarded = Callable[..., Talk]


def test_onboarding_takes_at_most_fourteen_turns_and_ends_with_ways_on(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    assert talk.ids == ["onboarding_done"]
    assert len(talk.heard) <= 14
    assert re.search(r"your clock shows \d\d:\d\d now", talk.heard[-2])
    assert {"Talk about my pain", "Log my pain"} <= set(talk.buttons)


def test_where_a_country_has_many_clocks_the_patient_chooses_theirs(talk: Talk) -> None:
    talk.say("hello")
    for press in ("Yes", "Yes, I agree", "United States", "None", "More than", "Knee", "No, or", "No"):
        talk.press(press)
    talk.press("Stairs")
    talk.say("play with my kids")
    assert talk.ids == ["ask_reminder"]
    talk.press("My clock shows another time")
    assert talk.ids == ["ask_zone_us"]
    talk.say("hawaii")
    hawaii = datetime.now(ZoneInfo("Pacific/Honolulu"))
    shown = re.search(r"your clock shows (\d\d):(\d\d) now", talk.said)
    assert shown
    ahead = hawaii.replace(hour=int(shown[1]), minute=int(shown[2])) - hawaii + timedelta(minutes=2)
    assert ahead % timedelta(days=1) < timedelta(minutes=4)
    talk.say("half past six in the evening")
    assert talk.ids == ["onboarding_done"]


def test_why_skip_and_back_are_answered_in_the_middle_of_onboarding(talk: Talk) -> None:
    for step in ("Yes", "Yes", "United Kingdom"):
        if not talk.heard:
            talk.say("hello")
        talk.press(step)
    assert talk.say("why do you ask?")["replies"][-1]["content_id"] == "ask_sign_check"
    talk.press("None")
    talk.press("More than 3")
    talk.press("Knee")
    talk.say("back")
    assert talk.ids[-1] == "ask_region"
    talk.say("my shoulder")
    talk.say("skip")
    assert talk.ids[-1] == "ask_clinician"


@pytest.mark.parametrize(
    ("presses", "words", "standing"),
    [
        (["No"], "end_minor", "outside_programme_minor"),
        (["Yes", "No"], "end_refused", "outside_programme_refused"),
        (["Yes", "Yes", "United Kingdom", "None", "Less"], "end_new_pain", "outside_programme_not_for"),
    ],
)
def test_people_the_programme_is_not_for_are_shown_the_right_door(
    talk: Talk, presses: list[str], words: str, standing: str
) -> None:
    talk.say("hi")
    for press in presses:
        talk.press(press)
    assert words in talk.ids
    talk.say("what is pacing?")
    assert talk.ids == [standing]
    talk.say("I have chest pain and it goes down my left arm")
    assert talk.level == "stop"


def test_a_full_knee_talk_with_a_digression_in_the_middle(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.press("Talk about my pain")
    assert talk.ids[-1] == "ask_pain_reason"
    talk.say("what is pacing?")
    assert talk.ids[0] == "lesson_pacing"
    assert talk.ids[-1] == "ask_pain_reason"
    talk.say("I think my cartilage is worn out and it is bone on bone in there")
    assert "lesson_belief_damage" in talk.ids
    assert talk.ids[-1] == "ask_understand_sense"
    talk.press("Partly")
    talk.press("Is moving safe")
    talk.press("No")
    talk.say("because it hurts when I crouch")
    assert talk.ids[-1] == "ask_try_movement"
    talk.press("Not today")
    talk.press("How sure")
    talk.say("2")
    assert "confidence_low" in talk.ids
    talk.say("it will swell up like a balloon, that is what I think will happen")
    talk.press("Show me the cue")
    assert "cue_knee_squat" in talk.ids
    assert "stop_list" in talk.ids
    talk.say("it may hurt a bit")
    assert "step_knee_squat_1" in talk.ids
    assert "stop_list" in talk.ids
    talk.press("How much pain")
    talk.press("Yes, I coped")
    talk.press("It settled")
    assert "level_carry_on" in talk.ids
    talk.press("Easier or harder")
    talk.press("Too easy")
    talk.say("I can do it without thinking")
    assert "modify_harder_minutes" in talk.ids


@pytest.mark.parametrize(
    ("region", "movement", "cue"),
    [("Back", "Bending", "cue_back_bend"), ("Shoulder", "Raising", "cue_shoulder_raise_arm")],
)
def test_the_cue_fits_the_region_and_the_feared_movement(
    onboarded: Onboarded, region: str, movement: str, cue: str
) -> None:
    talk = onboarded(region=region, movement=movement)
    talk.say("give me a safety cue before I move")
    assert cue in talk.ids
    assert "stop_list" in talk.ids


def test_pain_is_logged_with_one_tap_and_shown_as_picture_and_text(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say("/log")
    talk.press("7")
    talk.say("/progress")
    assert "7" in talk.said
    assert any(reply["image"] for reply in talk.answer["replies"])


def test_a_pain_value_is_put_right_and_a_wrong_button_asks_again(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say("/log")
    talk.press("7")
    talk.say("no, I meant 4")
    assert talk.ids == ["pain_corrected"]
    talk.say("wrong button")
    assert talk.ids[-1] == "ask_pain_again"
    talk.press("3")
    talk.say("/progress")
    assert re.search(r": 3\b", talk.said)
    assert "7, " not in talk.said


def test_a_session_is_logged_with_the_pain_after_it(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say("I want to log what I did today")
    assert talk.ids == ["ask_session_minutes"]
    talk.press("10")
    talk.press("Yes")
    assert talk.ids == ["ask_session_pain"]
    talk.press("3")
    assert talk.ids == ["session_logged"]


def test_the_first_weeks_questions_are_reached_from_help(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say("help")
    talk.press("A few quick questions")
    assert talk.ids == ["ask_sens_spread"]
    talk.press("No")
    talk.say("why do you ask?")
    assert talk.ids[-1] == "ask_sens_focus"
    talk.say("back")
    assert talk.ids == ["ask_sens_spread"]
    talk.say("skip")
    for _ in range(4):
        talk.press("No")
    talk.press("Gardening")
    assert talk.ids == ["details_done_slowly"]


def test_a_question_about_a_symptom_nobody_can_judge_is_never_called_fine(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say("is it normal that my kneecap makes a purple glow at night?")
    assert talk.ids == ["say_cannot_judge", "ask_which_sign"]


def test_deleting_is_confirmed_and_then_everything_is_gone(coach: Coach, onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say("delete all my data")
    assert any("confirm" in content_id for content_id in talk.ids)
    talk.press("Yes")
    assert "delete_data_done" in talk.ids
    coach.wait_until(lambda: "erased" in coach.heard_late(talk), seconds=40)


def test_the_file_with_all_data_is_handed_over_in_the_chat_after_a_yes(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    asked = talk.say("send me a copy of my data")
    assert talk.ids == ["ask_confirm_export_data"]
    assert "document" not in asked["replies"][0]
    document = talk.press("Yes, please")["replies"][0]["document"]
    told = talk.fetch(document["id"])
    assert told["patients"][0]["profile"]["region"] == "knee"
    assert "send me a copy of my data" in [message["text"] for message in told["messages"]]


def test_two_misses_in_a_row_show_the_way_to_a_human(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say("zxcv qwop flarn")
    assert talk.ids
    talk.say("blorp grindle wext")
    assert "misunderstood_twice" in talk.ids
