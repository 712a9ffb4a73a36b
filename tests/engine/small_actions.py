"""The small project's actions and words, served as the coach serves its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import uvicorn
from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Events = list[dict[str, Any]]


class Small(Action):
    """Says its own name, or what `says` makes of the tracker, and returns `events`."""

    def __init__(
        self,
        name: str,
        events: Callable[[Tracker], Events] = lambda tracker: [],
        says: Callable[[Tracker], str] | None = None,
    ) -> None:
        self._name = name
        self._events = events
        self._says = says or (lambda tracker: name)

    def name(self) -> str:
        return self._name

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        metadata = tracker.latest_message.get("metadata") or {}
        if metadata.get("break"):
            raise RuntimeError("told to break")
        await asyncio.sleep(metadata.get("wait", 0))
        said = self._says(tracker)
        if said:
            dispatcher.utter_message(text=said, content_id=self._name, version="1", variables={"said": said})
        return self._events(tracker)


def slots_of(tracker: Tracker) -> str:
    """The filled slots, but for what Rasa's own sessions fill."""
    filled = {name: value for name, value in sorted(tracker.slots.items()) if value is not None}
    filled.pop("session_started_metadata", None)
    return repr(filled)


def again(tracker: Tracker) -> Events:
    return [SlotSet("region", None), FollowupAction("talk_form")]


def again_in_the_loop(tracker: Tracker) -> Events:
    return [FollowupAction("talk_form")] if tracker.active_loop.get("name") else []


EXECUTOR = ActionExecutor()
for action in (
    Small("action_safety_stop", lambda t: [ActiveLoop(None), SlotSet("requested_slot", None)], lambda t: ""),
    Small("action_teach", again_in_the_loop),
    Small("action_begin", lambda t: [FollowupAction("talk_form")]),
    Small("action_go_back", again),
    Small("action_more", lambda t: [FollowupAction("action_listen")]),
    Small("action_done"),
    Small("action_slots", says=slots_of),
    Small("action_not_understood"),
    Small("action_stray_answer"),
    Small("action_default_fallback", lambda t: again_in_the_loop(t) or [FollowupAction("action_listen")]),
):
    EXECUTOR.register_action(action)


async def webhook(request: Request) -> JSONResponse:
    result = await EXECUTOR.run({"domain": {}, **await request.json()})
    return JSONResponse(result.model_dump())


async def nlg(request: Request) -> JSONResponse:
    name = (await request.json())["response"].removeprefix("utter_")
    asks = name.removeprefix("ask_") if name.startswith("ask_") else None
    bubble = {"text": f"say {name}", "content_id": name, "version": "1", "kind": "question", "asks": asks}
    bubble["buttons"] = [{"title": "Knee", "payload": "answer:region=knee"}]
    return JSONResponse({**bubble, "bubbles": [{**bubble, "text": "first", "buttons": []}, bubble]})


def main() -> None:
    routes = [Route("/webhook", webhook, methods=["POST"]), Route("/nlg", nlg, methods=["POST"])]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=int(sys.argv[1]), log_level="critical")


if __name__ == "__main__":
    main()
