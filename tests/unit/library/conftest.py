"""A small, sound content folder to break one line at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

FILES = {
    "content/messages/talk.yml": """\
no_reason:
  kind: plain
  say: "No special reason."
  why: "There is none."
  sources: [own]
  reviewed_by: null
ask_region:
  kind: question
  say: "Where does it hurt?"
  form: choice
  options:
    - {title: "Knee", value: knee, says: ["my knee"]}
    - {title: "None of these", value: none, green: true}
    - {title: "It gives way", value: way, sign: instability}
  buttons:
    - {do: pacing}
  why: "So that I can pick a fitting step."
  sources: ["S4#177", own]
  reviewed_by: null
ask_pain:
  kind: question
  say: "How much, from 0 to 10?"
  form: number
  low: 0
  high: 10
  why: "To see it over time."
  sources: [own]
  reviewed_by: null
say_stop:
  kind: safety
  say: ["Stop now.", "Call {emergency}."]
  why: "It may be serious."
  sources: [C4]
  reviewed_by: null
signed_stop:
  kind: safety
  say: "Stop."
  why: "It may be serious."
  sources: [C4]
  reviewed_by: A. Clinician
  reviewed_on: 2026-01-02
""",
    "content/lessons/basics.yml": """\
lesson_pacing:
  kind: education
  say: "Plan it, {name}."
  buttons:
    - {title: "Tell me more", do: tell_more}
  why: "It helps you last."
  more: ["Small steps.", "Each day."]
  certainty: "Quite sure."
  sources: ["S4#200", C10, own]
  reviewed_by: null
""",
    "content/cues/knee.yml": """\
cue_knee_squat:
  kind: cue
  region: knee
  movement: squat
  say: "It can adapt."
  why: "A calm start."
  sources: [C27]
  reviewed_by: null
""",
    "content/exercises/knee.yml": """\
step_knee_squat_2:
  kind: exercise
  region: knee
  movement: squat
  step: 2
  say: "Stand up {amount} times. {often}"
  dose: {amount: 5, unit: repetitions, often: "Once a day."}
  not_when: "Leave it out if it gives way."
  easier: step_knee_squat_1
  why: "It is small."
  sources: [C13]
  reviewed_by: null
step_knee_squat_1:
  kind: exercise
  region: knee
  movement: squat
  step: 1
  say: "Stand up {amount} times."
  dose: {amount: 3, unit: repetitions, often: "Once a day."}
  not_when: "Leave it out if it gives way."
  harder: step_knee_squat_2
  why: "It is small."
  sources: [C13]
  reviewed_by: null
""",
    "content/triage/signs_a.yml": "chest_pain:\n  name: chest pain\n  reviewed_by: null\n",
    "content/sources.yml": """\
origin: "It comes from {documents}."
documents:
  S4: {first: 152, last: 207, patient: "a guide"}
  C: {first: 1, last: 32, patient: "our careful line"}
letters: [156a]
""",
    "content/commands.yml": """\
log: {do: pacing, says: "Plan your day"}
""",
    "content/short_forms.yml": "affirm: [yes, ok, 👍]\nwhy: [why, '?']\n",
    "content/figures.yml": """\
act_at: {value: 0.4, unit: confidence, source: own, date: 2026-01-01}
crisis_numbers_checked_within: {value: 180, unit: days, source: own, date: 2026-01-01}
""",
    "content/countries.yml": """\
NO: {name: Norway, zone: Europe/Oslo, emergency: 112, crisis: "116 123", written_on: 2026-01-01,
  reviewed_by: B. Nurse, reviewed_on: 2026-01-02}
unknown: {name: your country, zone: UTC, emergency: your number, crisis: a line, written_on: 2026-01-01}
""",
    "content/topics.yml": """\
pacing: {group: education, title: What pacing is}
tell_more: {group: dialogue, title: More}
""",
    "domain.yml": """\
intents: [affirm, why, pacing, tell_more]
slots: {region: {type: text, influence_conversation: false}}
actions:
  - utter_ask_region
""",
    "data/nlu/a.yml": "nlu:\n  - intent: pacing\n    examples: |\n      - what is pacing\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def change(project: Path) -> Callable[[str, str, str], None]:
    """Replace words in one file; the words must be there."""

    def changed(name: str, old: str, new: str) -> None:
        path = project / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return changed
