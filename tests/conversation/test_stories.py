"""Every story of `data/stories` as a patient goes through it, and what leaves one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
import yaml
from coach_at_work import ROOT, Talk

from bot.library.stories import LESSON, MORE, Exchange, Story, read_stories

pytestmark = pytest.mark.engine
Onboarded = Callable[..., Talk]
CHEST = "I've got a tight pain in my chest and my left arm aches"
BELIEF = "my knees are worn out"


def stories_of(file: str) -> list[Story]:
    """One way through each story of the file; where there are choices, another one each time."""
    ways, _ = read_stories(ROOT)
    grouped = groupby((way for way in ways if way.file == file), key=lambda way: way.line)
    told = [list(group) for _, group in grouped]
    return [ways[number % len(ways)] for number, ways in enumerate(told)]


@cache
def phrases() -> Mapping[str, str]:
    """What a patient types for an intent: its first short form, else the first phrase it was trained on."""
    found = {"nlu_fallback": "zxcv qwop flarn"}
    for path in (ROOT / "data/nlu").glob("*.yml"):
        for block in yaml.safe_load(path.read_text("utf-8"))["nlu"]:
            found[block["intent"]] = block["examples"].splitlines()[0].removeprefix("- ")
    return found | {"affirm": "yes", "deny": "no", "unsure": "not sure", "thanks": "thanks"}


def expected(story: Story, each: Exchange) -> list[str]:
    topic = story.exchanges[0].heard.name
    own = {LESSON: f"lesson_{topic}", MORE: f"lesson_{topic}.more"}
    return [own.get(step.name, step.name.removeprefix("utter_")) for step in each.does]


FILES = sorted(path.relative_to(ROOT).as_posix() for path in Path(ROOT, "data/stories").rglob("*.yml"))


@pytest.mark.parametrize("file", FILES)
def test_every_story_is_told_step_by_step(onboarded: Onboarded, file: str) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    for story in stories_of(file):
        for each in story.exchanges:
            talk.say(phrases()[each.heard.name])
            assert list(dict.fromkeys(talk.ids)) == expected(story, each), (story.name, each.heard)


def test_there_are_stories_on_every_theme_and_each_is_short() -> None:
    stories = [story for file in FILES for story in stories_of(file)]
    assert len(stories) >= 12
    assert {len(story.exchanges) for story in stories} <= {2, 3, 4}


def test_the_buttons_of_a_story_mean_what_they_say(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say(BELIEF)
    talk.press("No")
    assert talk.ids == ["talk_damage_felt"]


@pytest.mark.parametrize("words", ["not sure", "thanks", "it will never get better"])
def test_a_stop_sign_in_the_middle_of_a_story_leaves_it(onboarded: Onboarded, words: str) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say(BELIEF)
    talk.say(CHEST)
    assert talk.level == "stop"
    assert all(content_id.startswith("say_stop") for content_id in talk.ids)
    talk.say(words)
    assert not [content_id for content_id in talk.ids if content_id.startswith("talk_")]


def test_a_check_that_stands_open_is_not_answered_by_a_story(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say("I have a funny feeling in my chest")
    assert talk.level == "check"
    talk.say(BELIEF)
    assert "lesson_belief_damage" in talk.ids
    assert "talk_damage" not in talk.ids


def test_in_a_flow_the_lesson_is_given_without_a_story(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say("/log")
    talk.say(BELIEF)
    assert talk.ids[0] == "lesson_belief_damage"
    assert talk.ids[-1] == "ask_pain_now"
    assert "talk_damage" not in talk.ids
    talk.say("yes")
    assert talk.ids == ["not_an_answer", "ask_pain_now"]


def test_an_answer_to_a_flow_in_the_middle_of_a_story_is_no_answer_to_the_story(onboarded: Onboarded) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say(BELIEF)
    talk.say("/log")
    talk.press("7")
    talk.say("yes")
    assert talk.ids == ["chat_affirm"]


@pytest.mark.parametrize(("words", "says"), [("yes", "affirm"), ("no", "deny"), ("not sure", "unsure")])
def test_without_a_story_yes_and_no_get_their_usual_reply(
    onboarded: Onboarded, words: str, says: str
) -> None:
    talk = onboarded(region="Knee", movement="Squat")
    talk.say(words)
    assert talk.ids == [f"chat_{says}"]
