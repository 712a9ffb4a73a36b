"""Each kind of fault seen once: in the right file and line, with what was found and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bot.authoring.check import run
from bot.library.checking import check_content
from bot.library.reading import Fault

TODAY = date(2026, 2, 1)
ELSEWHERE = ("content/context/", "content/triage/", "content/console.yml", "content/demo.yml")
Change = Callable[[str, str, str], None]
TALK, LESSON = "content/messages/talk.yml", "content/lessons/basics.yml"
CUE, STEP = "content/cues/knee.yml", "content/exercises/knee.yml"


def faults_in(project: Path, today: date = TODAY) -> list[Fault]:
    """Without those of files that have tests of their own."""
    return [fault for fault in check_content(project, today) if not fault.file.startswith(ELSEWHERE)]


def test_sound_content_has_no_faults(project: Path) -> None:
    assert faults_in(project) == []


HARD = "Physiological variability necessitates individual programmes with daily rehabilitation in a hospital"

BROKEN = [
    # file, old, new, line, found, mend
    (LESSON, "kind: education", "kind: lecture", 2, "kind", "choose one of the kinds"),
    (LESSON, "kind: education", "kind: education\n  colour: red", 3, "colour", "spelling"),
    (LESSON, "Plan it, {name}.", "", 1, "`say` is empty", "change the entry"),
    (LESSON, "Plan it, {name}.", "{name}", 3, "without words of its own", "what the coach says itself"),
    (LESSON, "Plan it, {name}.", "Plan it, {Name}.", 3, "a brace", "a-z, 0-9 and _"),
    (LESSON, "Plan it, {name}.", "Go. " * 76, 3, "characters", "cut it to 300"),
    (LESSON, "Plan it, {name}.", f"{HARD}.", 3, "reading grade", "shorter words"),
    (LESSON, "Small steps.", "Small steps, {name}.", 7, "a variable outside `say`", "without"),
    (LESSON, "Small steps.", f"{HARD}.", 7, "reading grade", "shorter words"),
    (LESSON, '  why: "It helps you last."\n', "", 1, "no `why`", "in plain words"),
    (LESSON, '  sources: ["S4#200", C10, own]\n', "", 1, "no `sources`", "[own]"),
    (LESSON, "S4#200", "S4#208", 9, "the source `S4#208` is unknown", "own"),
    (LESSON, "S4#200", "S4#151", 9, "the source `S4#151` is unknown", "own"),
    (LESSON, "C10", "C33", 9, "the source `C33` is unknown", "own"),
    (LESSON, "  reviewed_by: null\n", "", 1, "no `reviewed_by`", "until a clinician signs"),
    (LESSON, "reviewed_by: null", "reviewed_by: A. Clinician", 10, "half a signature", "together"),
    (LESSON, "do: tell_more", "do: Tell more", 5, "`do` is an intent", "change the entry"),
    (LESSON, '{title: "Tell me more", do: tell_more}', "{do: teach}", 4, "has no title", "topics.yml"),
    (LESSON, "do: tell_more", "do: teach", 5, "no intent `teach`", "domain.yml"),
    (LESSON, "Tell me more", "Tell me very much more " * 2, 5, "a title of", "cut it to 40"),
    (LESSON, "kind: education", "kind: education\n  image: knee.png", 3, "no picture", "content/pictures"),
    (LESSON, "kind: education", "kind: education\n  document: x.json", 3, "no document", "my-data.json"),
    (LESSON, "lesson_pacing", "lesson_placing", 1, "no entry `lesson_pacing`", "content/lessons"),
    (LESSON, "lesson_pacing", "say_stop", 1, f"stands in {TALK} too", "another id"),
    (LESSON, "lesson_pacing", "Lesson-pacing", 1, "the id", "a-z"),
    (LESSON, "kind: education", "kind: education\n  safe_reply: Read", 1, "{clinician}", "change the entry"),
    (LESSON, "kind: education", "kind: safety\n  safe_reply: Read", 1, "asks nothing", "change the entry"),
    (TALK, "  form: choice\n", "", 7, "a question needs a `form`", "change the entry"),
    (TALK, "value: none", "value: knee", 7, "the same value", "change the entry"),
    (TALK, "  high: 10\n", "", 20, "`low` below `high`", "change the entry"),
    (TALK, "no_reason", "a_reason", 1, "no entry `no_reason`", "write it"),
    (CUE, "kind: cue", "kind: education", 2, "the kind `education`", "belong together"),
    (STEP, "  step: 2\n", "", 1, "`step`", "change the entry"),
    (STEP, '  not_when: "Leave it out if it gives way."\n  easier', "  easier", 1, "`not_when`", "change"),
    (STEP, "easier: step_knee_squat_1", "easier: step_knee_squat_9", 9, "no entry", "that exists"),
    ("content/sources.yml", "{documents}", "a book", 1, "no `origin`", "{documents}"),
    ("content/short_forms.yml", "why: [why", "why: [why, ok", 2, "means `affirm` already", "one thing"),
    ("content/short_forms.yml", "affirm: [yes", "affirm: [1, yes", 1, "the number", "open question"),
    ("content/short_forms.yml", "affirm:", "agree:", 1, "no intent `agree`", "domain.yml"),
    ("content/figures.yml", "value: 0.4", "value: much", 1, "is no number", "plain number"),
    ("content/figures.yml", "unit: days, ", "", 2, "has no unit", "add it"),
    ("content/countries.yml", "emergency: 112, ", "", 1, "`NO` has no emergency", "add it"),
    ("content/countries.yml", "unknown:", "XX:", 1, "no entry `unknown`", "nobody knows"),
    ("content/countries.yml", ", written_on: 2026-01-01}", "}", 3, "no `written_on`", "day"),
    ("content/countries.yml", "01-01}", "12-31}", 3, "a day in the future", "true day"),
    ("content/countries.yml", "2026-01-01}", "2025-01-01}", 3, "last looked at", "sign"),
    ("content/countries.yml", ", reviewed_on: 2026-01-02", "", 1, "`NO`: half a signature", "together"),
    ("content/topics.yml", "title: More", "name: x", 2, "`tell_more` has no title", "add `title:`"),
    ("domain.yml", "utter_ask_region", "utter_ask_region\n  - utter_gone", 5, "`utter_gone`", "content/"),
    ("domain.yml", "- utter_ask_region", "- action_listen", 7, "no `utter_ask_region`", "domain's actions"),
    ("data/nlu/a.yml", "intent: pacing", "intent: why", 2, "`why` has no title", "content/topics.yml"),
    ("data/nlu/a.yml", "intent: pacing", "intent: racing", 2, "no intent `racing`", "domain.yml"),
]


@pytest.mark.parametrize(("file", "old", "new", "line", "found", "mend"), BROKEN)
def test_a_fault_is_told_with_its_line_and_its_mend(
    project: Path, change: Change, file: str, old: str, new: str, line: int, found: str, mend: str
) -> None:
    change(file, old, new)
    told = [fault for fault in faults_in(project) if found in fault.found and mend in fault.mend]
    assert [fault.line for fault in told] == [line], faults_in(project)


def test_the_consent_may_be_long(project: Path, change: Change) -> None:
    change(TALK, "ask_pain:", "ask_consent:")
    change(TALK, "How much, from 0 to 10?", "Do you agree? " * 40)
    assert faults_in(project) == []


def test_numbers_are_too_old_on_the_day_after_the_last_counted_from_the_signature(project: Path) -> None:
    assert faults_in(project, date(2026, 6, 30)) == []
    assert [fault.line for fault in faults_in(project, date(2026, 7, 1))] == [3]
    assert [fault.line for fault in faults_in(project, date(2026, 7, 2))] == [1, 3]
    assert "in the future" in faults_in(project, date(2025, 12, 31))[0].found


def test_all_faults_are_told_at_once_in_the_order_of_files_and_lines(project: Path, change: Change) -> None:
    change(LESSON, "kind: education", "kind: lecture")
    change(TALK, "C4", "C99")
    change("domain.yml", "utter_ask_region", "utter_ask_region\n  - utter_gone")
    faults = faults_in(project)
    assert faults == sorted(faults)
    assert {fault.file for fault in faults} == {LESSON, TALK, "domain.yml", "content/topics.yml"}


def test_a_missing_part_is_a_fault_and_stops_nothing(project: Path) -> None:
    (project / "domain.yml").unlink()
    (project / "content/figures.yml").unlink()
    found = {(fault.file, fault.found) for fault in faults_in(project)}
    assert {("domain.yml", "the file is missing"), ("content/figures.yml", "the file is missing")} <= found


def test_the_command_prints_every_fault_and_ends_with_1(
    project: Path, change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    change(LESSON, "C10", "C99")
    assert run([str(project)]) == 1
    assert f"{LESSON}:9: `lesson_pacing`: the source `C99` is unknown -> " in capsys.readouterr().out


def test_a_sign_that_names_words_nobody_wrote_is_a_fault(project: Path, change: Change) -> None:
    change("content/triage/signs_a.yml", "name: chest pain", "name: chest pain\n  question: ask_nothing")
    told = [fault for fault in check_content(project, TODAY) if "ask_nothing" in fault.found]
    assert [(fault.file, fault.line) for fault in told] == [("content/triage/signs_a.yml", 3)]
