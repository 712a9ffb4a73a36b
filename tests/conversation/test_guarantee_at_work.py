"""The guarantee through every real part: stop signs with the engine well, hanging and dead."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest
from coach_at_work import Coach, Talk

pytestmark = pytest.mark.engine
Onboarded = Callable[..., Talk]
CHEST = "I've got a tight pain in my chest and my left arm aches"


def test_a_stop_sign_in_the_middle_of_a_flow_ends_it_and_stands_alone(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.press("Talk about my pain")
    talk.say(CHEST)
    assert talk.level == "stop"
    assert all(content_id.startswith("say_stop") for content_id in talk.ids)
    assert "999" in talk.said
    talk.say("take me through the pain talks")
    assert "ask_pain_reason" not in talk.ids


def test_the_flow_is_offered_again_only_after_care_was_sought(coach: Coach, onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.press("Talk about my pain")
    talk.say(CHEST)
    talk.say("give me a safety cue before I move")
    assert not [i for i in talk.ids if i.startswith(("cue_", "step_"))]
    assert "ask_care_sought" in talk.ids
    talk.press("Yes")
    assert "stop_cleared" in talk.ids
    talk.press("Carry on")
    assert talk.ids[-1] == "ask_pain_reason"
    assert "stop" in coach.safecue("flags", "list")


@pytest.mark.parametrize("words", [CHEST, "I want to kill myself", "my leg has suddenly gone numb and weak"])
def test_a_stop_is_answered_within_two_seconds_while_the_engine_hangs(
    coach: Coach, onboarded: Onboarded, words: str
) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    with coach.engine_hanging():
        hanging = threading.Thread(target=lambda: Talk(talk.url, talk.conversation).say("what is pacing?"))
        hanging.start()
        time.sleep(0.5)
        began = time.monotonic()
        talk.say(words)
        took = time.monotonic() - began
    hanging.join()
    assert talk.level in {"stop", "crisis"}
    assert took < 2.0
    assert [i for i in talk.ids if i.startswith(("say_stop", "say_crisis"))]


def test_a_dead_engine_is_said_honestly_and_the_answer_comes_later_once_and_stories_go_on(
    coach: Coach, onboarded: Onboarded
) -> None:
    story = onboarded(region="Knee", movement="Squat")
    story.say("my knees are worn out")
    talk = onboarded(region="Knee", movement="Squat")
    talk.press("Talk about my pain")
    os.kill(coach.engine_pid(), signal.SIGKILL)
    began = time.monotonic()
    talk.say(CHEST)
    assert time.monotonic() - began < 2.0
    assert talk.level == "stop"
    other = coach.talk()
    other.say("hello")
    assert other.ids == ["engine_down"]
    coach.wait_for_engine()
    coach.wait_until(lambda: "ask_adult" in coach.heard_late(other))
    time.sleep(5)
    assert coach.heard_late(other).count("ask_adult") == 1
    talk.say("take me through the pain talks")
    assert "ask_pain_reason" not in talk.ids
    story.say("yes")
    assert story.ids == ["talk_damage_told"]
