"""An author's mistake in a story is told with its line and its mend, and never trained in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.authoring.check import run
from bot.library.library import read_library
from bot.library.reading import Fault
from bot.library.stories import check_stories, read_stories

FILE = "data/stories/a.yml"
STORIES = """\
stories:
  - story: Small steps
    steps:
      - intent: pacing
      - action: action_teach
      - action: utter_talk_pacing
      - intent: affirm
      - action: utter_talk_good
  - story: No steps
    steps:
      - intent: pacing
      - action: action_teach
      - action: utter_talk_pacing
      - or:
          - intent: tell_more
          - intent: nlu_fallback
      - action: utter_talk_other
"""
TALK = """\
talk_pacing: {kind: education, say: "Do you know that?"}
talk_good: {kind: plain, say: "Good."}
talk_other: {kind: plain, say: "Fine, and what of {goal}?"}
talk_cue: {kind: cue, say: "It can adapt."}
talk_lost: {kind: plain, say: "Hello {nickname}."}
"""
CONFIG = "policies:\n  - name: AugmentedMemoizationPolicy\n    max_history: 4\n"
RULES = "rules:\n  - rule: Why\n    steps:\n      - or: [{intent: why}]\n      - action: action_why\n"
INTENTS = ("affirm", "why", "pacing", "tell_more", "nlu_fallback", "unheard")
Change = Callable[[str, str, str], None]


@pytest.fixture
def told(project: Path) -> Path:
    for name, text in {
        FILE: STORIES,
        "content/messages/stories/talk.yml": TALK,
        "config.yml": CONFIG,
        "data/rules/a.yml": RULES,
    }.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    return project


def faults_in(project: Path) -> list[Fault]:
    library, _ = read_library(project / "content")
    return list(check_stories(project, INTENTS, library))


def test_sound_stories_have_no_faults(told: Path) -> None:
    assert faults_in(told) == []


def test_each_choice_of_an_or_is_a_way_of_its_own(told: Path) -> None:
    ways, _ = read_stories(told)
    assert [[each.heard.name for each in way.exchanges] for way in ways] == [
        ["pacing", "affirm"],
        ["pacing", "tell_more"],
        ["pacing", "nlu_fallback"],
    ]


LAST = "      - action: utter_talk_good"
BROKEN = [
    # old, new, line, found, mend
    ("intent: affirm", "intent: afirm", 7, "no intent `afirm`", "spelling"),
    ("intent: affirm", "intent: why", 7, "`why` has a rule", "would never go on"),
    ("intent: affirm", "intent: unheard", 7, "nobody can say `unheard`", "phrases"),
    ("utter_talk_good", "utter_talk_god", 8, "no entry `talk_god`", "content/messages/stories"),
    ("utter_talk_good", "utter_talk_cue", 8, "of kind `cue`", "belongs to flows"),
    ("utter_talk_good", "utter_ask_region", 8, "of kind `question`", "belongs to flows"),
    ("utter_talk_good", "utter_talk_lost", 8, "needs {nickname}", "without"),
    ("utter_talk_good", "action_chat", 8, "the action `action_chat`", "utter_<content id>"),
    ("utter_talk_good", "action_teach", 8, "the action `action_teach`", "first only"),
    ("utter_talk_good", "action_tell_more", 8, "the action `action_tell_more`", "after `tell_more`"),
    (LAST, LAST + "\n      - intent: affirm", 2, "doesn't begin with an intent", "take turns"),
    (LAST, LAST + "\n      - slot_was_set: [{a: b}]", 9, "a step of another kind", "write `intent:`"),
    (LAST, LAST + "\n    metadata: x", 2, "without name and steps", "only"),
    ("- intent: tell_more", "- action: utter_talk_good", 14, "a step of another kind", "`or:` of intents"),
    ("stories:", "rules: []\nstories:", 1, "`rules`", "`stories:` only"),
    ("stories:", "story:", 1, "no stories", "- story:"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "found", "mend"), BROKEN)
def test_a_mistake_is_told_with_its_line_and_its_mend(
    told: Path, change: Change, old: str, new: str, line: int, found: str, mend: str
) -> None:
    change(FILE, old, new)
    faults = [fault for fault in faults_in(told) if found in fault.found and mend in fault.mend]
    assert [(fault.file, fault.line) for fault in faults] == [(FILE, line)], faults_in(told)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("intent: pacing\n      - action: action_teach", "intent: affirm\n      - action: action_teach"),
        ("      - action: action_teach\n", ""),
    ],
)
def test_a_story_begins_with_a_topic_and_its_lesson(told: Path, change: Change, old: str, new: str) -> None:
    change(FILE, old, new)
    assert {(fault.line, "it begins with" in fault.found) for fault in faults_in(told)} >= {(4, True)}


def test_the_same_words_with_two_continuations_are_a_fault_of_both_places(told: Path, change: Change) -> None:
    change(FILE, "- intent: tell_more", "- intent: affirm")
    (fault,) = faults_in(told)
    assert fault.line == 17
    assert f"`utter_talk_other`, but `Small steps` ({FILE}:8)" in fault.found
    assert "`utter_talk_good`" in fault.found


def test_a_story_that_waits_where_another_speaks_is_a_fault(told: Path, change: Change) -> None:
    shorter = "  - story: Short\n    steps:\n      - intent: pacing\n      - action: action_teach\n"
    change(FILE, "stories:\n", f"stories:\n{shorter}")
    assert "waits for the patient" in faults_in(told)[0].found


def test_only_the_last_steps_count_as_the_same_words(told: Path, change: Change) -> None:
    change("config.yml", "max_history: 4", "max_history: 1")
    again = "      - intent: affirm\n      - action: utter_talk_other\n"
    change(FILE, "  - story: No steps", f"{again}  - story: No steps")
    assert [fault.line for fault in faults_in(told)] == [10]
    change("config.yml", "max_history: 1", "max_history: 4")
    assert faults_in(told) == []


def test_a_story_told_twice_is_a_fault(told: Path, change: Change) -> None:
    lines = STORIES.splitlines(keepends=True)
    change(FILE, "  - story: No steps", "".join(["  - story: Again\n", *lines[2:8], "  - story: No steps"]))
    (fault,) = faults_in(told)
    assert (fault.line, "`Small steps`" in fault.found, "tells the same" in fault.found) == (9, True, True)


def test_a_slot_that_counts_in_the_match_is_a_fault(told: Path, change: Change) -> None:
    change("domain.yml", ", influence_conversation: false", "")
    (fault,) = faults_in(told)
    assert (fault.file, fault.line) == ("domain.yml", 2)


def test_without_a_bounded_memory_there_are_no_stories(told: Path, change: Change) -> None:
    change("config.yml", "    max_history: 4\n", "")
    assert [(fault.file, fault.line) for fault in faults_in(told)][:1] == [("config.yml", 1)]


def test_the_command_can_look_at_the_stories_alone(
    told: Path, change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    change("domain.yml", "tell_more]", "tell_more, nlu_fallback]")
    assert run(["--stories", str(told)]) == 0
    change(FILE, "intent: affirm", "intent: afirm")
    assert run(["--stories", str(told)]) == 1
    assert capsys.readouterr().out.startswith(f"{FILE}:7: `Small steps`: no intent `afirm` -> ")
