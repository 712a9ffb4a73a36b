from __future__ import annotations

import asyncio
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.session_start import ActionSessionStart


def events_after(slots: dict[str, Any]) -> list[dict[str, Any]]:
    tracker = Tracker("someone", slots, {}, [], False, None, {}, "action_listen")
    return asyncio.run(ActionSessionStart().run(CollectingDispatcher(), tracker, {}))


def test_a_session_starts_first_and_listens_last() -> None:
    events = events_after({"region": "knee"})
    assert events[0]["event"] == "session_started"
    assert (events[-1]["event"], events[-1]["name"]) == ("action", "action_listen")


def test_each_lasting_slot_is_carried_over_once_with_its_present_value() -> None:
    carried = {
        event["name"]: event["value"]
        for event in events_after({"region": "knee", "pain": 0, "said": ""})[1:-1]
    }
    assert carried == {"region": "knee", "pain": 0, "said": ""}


def test_an_open_question_and_empty_slots_are_not_carried_over() -> None:
    slots = {"requested_slot": "region", "session_started_metadata": {"a": 1}, "thought": None}
    assert len(events_after(slots)) == 2
