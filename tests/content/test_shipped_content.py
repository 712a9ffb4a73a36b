"""What every entry we ship must hold to, besides what `safecue check` looks for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.facts.talk import Button, Kind
from bot.library.checking import check_content
from bot.library.entries import VARIABLE, Entry
from bot.library.library import BUBBLE_LIMIT, read_library

PROJECT = Path(__file__).parents[2]
LIBRARY, _ = read_library(PROJECT / "content")
OURS = (
    "lessons/",
    "cues/",
    "exercises/",
    "sources.yml",
    "short_forms.yml",
    "figures.yml",
    "topics.yml",
    "general.yml",
)
MOVEMENTS = {
    "knee": ("kneel", "squat", "stairs"),
    "back": ("bend", "lift", "twist"),
    "shoulder": ("lift", "raise_arm", "reach_behind"),
}
EDUCATION = [
    "hurt_vs_harm",
    "why_pain_persists",
    "avoidance_cycle",
    "exercise_benefits",
    "how_exercise_relieves",
    "best_exercise",
    "how_much_exercise",
    "pacing",
    "acceptable_pain",
    "flare_up",
    "exercise_too_hard",
    "exercise_too_easy",
    "rest_question",
    "intensity_question",
    "painful_exercise",
    "condition_fibromyalgia",
    "condition_arthritis",
    "condition_back",
    "condition_neck_whiplash",
    "condition_shoulder",
    "warning_signs",
    "when_to_see_doctor",
    "acupuncture",
    "immune_inflammation",
    "stress_mood",
    "sleep",
    "evidence_sources",
]
BELIEFS = [
    "belief_damage",
    "fear_of_movement",
    "hopeless_catastrophising",
    "low_confidence",
    "frustrated_with_pain",
    "proud_progress",
]
REFER = ["medication_question", "diagnosis_question"]
OTHER = [
    "log_symptom",
    "log_session",
    "report_flare",
    "view_progress",
    "plan_today",
    "change_plan",
    "set_goal",
    "set_reminder",
    "stop_reminders",
    "export_data",
    "delete_data",
    "talk_to_clinician",
    "privacy_question",
    "greet",
    "goodbye",
    "thanks",
    "affirm",
    "deny",
    "unsure",
    "help",
    "bot_challenge",
    "repeat",
    "start_over",
    "chitchat",
    "out_of_scope",
]
PROMISES = re.compile(
    r"will (ease|stop|cure|heal|fix|reduce|take away)|pain[- ]free|\bcures?\b|no more pain|guarantee", re.I
)
BLAME = re.compile(r"lazy|your own fault|you should have|you failed|no excuse|just get on", re.I)
DAMAGE = re.compile(r"\b(damage|damaged|weak|weakness|broken|worn|torn|degener)", re.I)
word = st.text(max_size=400)


def ids_of(kind: Kind) -> list[str]:
    return [entry.id for entry in LIBRARY.entries(kind=kind)]


def all_words(entry: Entry) -> str:
    return " ".join(text for _, text in entry.texts())


def test_our_part_of_the_content_has_no_faults() -> None:
    faults = check_content(PROJECT, datetime.now(UTC).date())
    assert [str(fault) for fault in faults if any(part in fault.file for part in OURS)] == []


@pytest.mark.parametrize("topic", EDUCATION + BELIEFS + REFER)
def test_every_topic_has_a_lesson_that_can_say_why_and_tell_more(topic: str) -> None:
    entry = LIBRARY.entry(f"lesson_{topic}")
    assert entry.why
    assert entry.more
    assert entry.certainty
    assert entry.sources


@pytest.mark.parametrize("topic", EDUCATION + BELIEFS + REFER + OTHER)
def test_every_id_of_the_issue_has_a_title_for_its_button(topic: str) -> None:
    assert LIBRARY.title(topic)


@pytest.mark.parametrize(("region", "movement"), [(r, m) for r, found in MOVEMENTS.items() for m in found])
def test_every_feared_movement_has_a_cue_and_a_ladder_of_four_steps(region: str, movement: str) -> None:
    assert LIBRARY.entry(f"cue_{region}_{movement}").kind is Kind.CUE
    steps = LIBRARY.entries(kind=Kind.EXERCISE, region=region, movement=movement)
    assert [step.id for step in steps] == [f"step_{region}_{movement}_{n}" for n in (1, 2, 3, 4)]
    for lower, higher in pairwise(steps):
        assert (lower.harder, higher.easier) == (higher.id, lower.id)


@pytest.mark.parametrize("content_id", ids_of(Kind.CUE))
def test_a_cue_names_the_goal_and_speaks_of_not_being_used_to_it_and_never_of_damage(content_id: str) -> None:
    entry = LIBRARY.entry(content_id)
    said = " ".join(entry.say)
    assert "{goal}" in said
    assert "used to" in said
    assert re.search(r"adapt|get used to|gets? used", said)
    assert not DAMAGE.search(said)
    assert {"C26", "C27"} <= set(entry.sources)


@pytest.mark.parametrize("content_id", ids_of(Kind.EXERCISE))
def test_an_exercise_says_when_to_leave_it_out_and_loads_are_only_explained(content_id: str) -> None:
    entry = LIBRARY.entry(content_id)
    assert entry.not_when[0].startswith("Leave it out if")
    assert "C13" in entry.sources
    if re.search(r"heavier things", entry.say[0]):
        assert entry.explained
        assert entry.dose is None


@pytest.mark.parametrize("content_id", [entry.id for entry in LIBRARY.entries()])
def test_nothing_promises_relief_or_blames(content_id: str) -> None:
    words = all_words(LIBRARY.entry(content_id))
    assert not PROMISES.search(words)
    assert not BLAME.search(words)


def test_what_exercise_does_is_told_with_the_careful_voice() -> None:
    words = all_words(LIBRARY.entry("lesson_exercise_benefits"))
    assert "small to medium" in words
    assert "can't promise" in words


def test_beliefs_are_heard_before_they_are_taught() -> None:
    heard = re.compile(r"I hear you|makes sense|sounds very hard|fine to doubt|every right|Well done")
    for belief in BELIEFS:
        assert heard.search(LIBRARY.entry(f"lesson_{belief}").say[0]), belief


def test_medicine_and_diagnosis_are_refused_and_referred() -> None:
    for topic in REFER:
        first = LIBRARY.entry(f"lesson_{topic}").say[0]
        assert first.startswith("I can't")
        assert "GP" in first


def test_no_short_form_is_a_number_and_each_leads_to_a_titled_intent() -> None:
    assert all(LIBRARY.short_form(str(number)) is None for number in range(11))
    for said, meant in {"why?": "why", "Tell me more": "tell_more", "STOP": "stop", "👍": "affirm"}.items():
        assert LIBRARY.short_form(said) == meant
        assert LIBRARY.title(meant)


@given(data=st.data(), goal=word)
def test_everything_said_is_vouched_for_and_nothing_altered_is(data: st.DataObject, goal: str) -> None:
    entry = data.draw(st.sampled_from(LIBRARY.entries()))
    names = {name for text in (*entry.say, *(b.do for b in entry.buttons)) for name in VARIABLE.findall(text)}
    variables = dict.fromkeys(names | {"emergency"}, "pacing") | {"goal": goal}
    for reply in LIBRARY.say(entry.id + data.draw(st.sampled_from(["", ".why", ".more"])), **variables):
        assert LIBRARY.vouches(reply)
        altered = [
            replace(reply, text=reply.text + data.draw(st.text(min_size=1, max_size=5))),
            replace(reply, content_id="lesson_nothing"),
            replace(reply, version="00000000"),
            replace(reply, kind=next(kind for kind in Kind if kind is not reply.kind)),
            replace(reply, buttons=(*reply.buttons, Button("x", "do:x"))),
            replace(reply, region="elbow"),
        ]
        assert not any(LIBRARY.vouches(other) for other in altered)


@pytest.mark.parametrize("content_id", [entry.id for entry in LIBRARY.entries()])
def test_every_reason_fits_a_bubble(content_id: str) -> None:
    for reply in (*LIBRARY.why(content_id), *LIBRARY.more(content_id)):
        assert 0 < len(reply.text) <= BUBBLE_LIMIT


@given(goal=word)
def test_a_long_goal_never_makes_a_cue_too_long(goal: str) -> None:
    for content_id in ids_of(Kind.CUE):
        assert all(len(reply.text) <= BUBBLE_LIMIT for reply in LIBRARY.say(content_id, goal=goal))
