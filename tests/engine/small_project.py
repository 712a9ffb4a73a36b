"""A project as small as can be, with the shipped pipeline, policies, door and store."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("config.yml", "config-counts.yml", "endpoints.yml", "credentials.yml")
INTENTS = (
    "greet",
    "pacing",
    "belief_damage",
    "safety_stop",
    "report_symptom",
    "begin",
    "go_back",
    "worry",
    "affirm",
    "tell_more",
    "nlu_fallback",
)

DOMAIN = f"""
version: "3.1"
intents: [answer, {", ".join(INTENTS)}]
entities: [region, thought]
slots:
  region:
    type: any
    influence_conversation: false
    mappings: [{{type: from_entity, entity: region, intent: answer}}]
  thought:
    type: any
    influence_conversation: false
    mappings: [{{type: from_entity, entity: thought, intent: answer}}]
forms:
  talk_form: {{required_slots: [region, thought], ignored_intents: [{", ".join(INTENTS)}]}}
responses:
  utter_ask_region: [{{text: "-"}}]
  utter_ask_thought: [{{text: "-"}}]
  utter_greeting: [{{text: "-"}}]
actions:
  - action_safety_stop
  - action_teach
  - action_begin
  - action_go_back
  - action_done
  - action_slots
  - action_more
  - action_not_understood
  - action_stray_answer
  - action_default_fallback
"""

# Its words need no place in the domain: engine/importer.py finds them.
STORIES = """
version: "3.1"
stories:
- story: a worry
  steps:
  - {intent: worry}
  - {action: action_slots}
  - {action: utter_worry_asked}
  - {intent: affirm}
  - {action: utter_worry_heard}
  - {intent: affirm}
  - {action: utter_worry_done}
- story: a worry, and more about it
  steps:
  - {intent: worry}
  - {action: action_slots}
  - {action: utter_worry_asked}
  - {intent: tell_more}
  - {action: action_more}
  - {intent: affirm}
  - {action: utter_worry_told}
"""

RULES = """
version: "3.1"
rules:
- {rule: a stop ends the flow, steps: [{intent: safety_stop}, {action: action_safety_stop}]}
- {rule: a topic is taught, steps: [{intent: pacing}, {action: action_teach}]}
- {rule: a belief is noted, steps: [{intent: belief_damage}, {action: action_slots}]}
- {rule: a report is noted, steps: [{intent: report_symptom}, {action: action_slots}]}
- {rule: a greeting, steps: [{intent: greet}, {action: utter_greeting}]}
- {rule: a flow begins, steps: [{intent: begin}, {action: action_begin}]}
- {rule: one step back, steps: [{intent: go_back}, {action: action_go_back}]}
- {rule: not understood, steps: [{intent: nlu_fallback}, {action: action_not_understood}]}
- {rule: an answer to nothing, steps: [{intent: answer}, {action: action_stray_answer}]}
- rule: the flow ends
  condition: [{active_loop: talk_form}]
  steps:
  - {action: talk_form}
  - {active_loop: null}
  - {slot_was_set: [{requested_slot: null}]}
  - {action: action_done}
"""

EXAMPLES = {
    "greet": ("hello there", "good morning", "hi", "nice to see you"),
    "pacing": (
        "what is pacing",
        "how do I pace my day",
        "explain pacing to me",
        "spread activity over the day",
    ),
    "belief_damage": (
        "my joint is wearing out",
        "moving damages my back",
        "it is broken inside",
        "bone on bone",
    ),
}


def lay_out(folder: Path) -> Path:
    """The project's files in `folder`."""
    for name in SHIPPED:
        shutil.copy(ROOT / name, folder / name)
    (folder / "data").mkdir()
    (folder / "domain.yml").write_text(DOMAIN)
    (folder / "data" / "rules.yml").write_text(RULES)
    (folder / "data" / "stories.yml").write_text(STORIES)
    lines = ['version: "3.1"', "nlu:"]
    for intent, texts in EXAMPLES.items():
        lines += [f"- intent: {intent}", "  examples: |", *(f"    - {text}" for text in texts)]
    (folder / "data" / "nlu.yml").write_text("\n".join(lines) + "\n")
    return folder
