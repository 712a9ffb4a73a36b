"""What later turns need of a conversation, and the tracker that such a turn begins with.

Rasa goes through all of a tracker's events dozens of times in a turn, so each turn gets a short one: slots,
the running form with its question, of a story its last turns. Nothing else said changes what comes next.
"""

from __future__ import annotations

from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT, SESSION_START_METADATA_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    Event,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

Lasting = dict[str, Any]
PAUSE = 3600.0  # seconds after which a "yes" no longer means what was said before
STORY_POLICY = "MemoizationPolicy"
STORY_LOOKS_BACK = 2  # turns: what `max_history: 4` in config.yml spans
PASSING = frozenset({REQUESTED_SLOT, SESSION_START_METADATA_SLOT})


def lasting(tracker: DialogueStateTracker) -> Lasting:
    """What to keep of a conversation: no words of the patient but those that fill a slot."""
    flow = tracker.active_loop_name
    return {
        "at": tracker.events[-1].timestamp,
        "slots": {
            name: slot.value
            for name, slot in tracker.slots.items()
            if name not in PASSING and slot.value != slot.initial_value
        },
        "flow": flow,
        "asked": tracker.get_slot(REQUESTED_SLOT) if flow else None,
        "rejected": tracker.is_active_loop_rejected,
        "story": [without_words(event) for event in story_so_far(tracker)],
    }


def tracker_from(kept: Lasting | None, sender: str, domain: Domain, now: float) -> DialogueStateTracker:
    """The tracker of a turn at `now` (seconds since 1970); a new person's where nothing is kept."""
    tracker = DialogueStateTracker(sender, domain.slots)
    for event in _opening(kept, now) if kept else [ActionExecuted(ACTION_LISTEN_NAME)]:
        tracker.update(event)
    return tracker


def _opening(kept: Lasting, now: float) -> list[Event]:
    story = kept["story"] if now - kept["at"] <= PAUSE else []
    return [
        *(SlotSet(name, value) for name, value in kept["slots"].items()),
        *(_running(kept) if kept["flow"] else []),
        ActionExecuted(ACTION_LISTEN_NAME),
        *(Event.from_parameters(event) for event in story),
    ]


def _running(kept: Lasting) -> list[Event]:
    """The form as it was left; a rejected one lets rules go first until it runs again."""
    flow = kept["flow"]
    left = [ActionExecuted(flow), ActiveLoop(flow), SlotSet(REQUESTED_SLOT, kept["asked"])]
    return [*left, ActionExecutionRejected(flow)] if kept["rejected"] else left


def story_so_far(tracker: DialogueStateTracker) -> list[Event]:
    """The turns that a story needs to go on, where the last turn was part of one."""
    steps = [event for event in tracker.events if isinstance(event, (UserUttered, ActionExecuted))]
    turns = [place for place, event in enumerate(steps) if isinstance(event, UserUttered)][-STORY_LOOKS_BACK:]
    if not any(STORY_POLICY in (getattr(step, "policy", None) or "") for step in steps[turns[-1] :]):
        return []
    return steps[turns[0] :]


def without_words(event: Event) -> dict[str, Any]:
    """An event as it is kept. No later turn needs what the patient wrote, nor how it was ranked."""
    data: dict[str, Any] = event.as_dict()
    if isinstance(event, UserUttered):
        parsed = data.get("parse_data") or {}
        data["text"] = ""
        data["metadata"] = {}
        data["parse_data"] = {
            "intent": parsed.get("intent"),
            "entities": [{"entity": entity["entity"]} for entity in parsed.get("entities") or []],
            "text": "",
        }
    return data
