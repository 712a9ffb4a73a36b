"""The engine's other half on this machine: its actions, and the words for everything it says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import uvicorn
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from actions.asking import ValidateFlow
from actions.base import DEADLINE, CoachAction, said_along
from actions.correcting import Correct
from actions.education import Repeat, TeachTopic, TellMore, Why
from actions.fallback import UsualReply
from actions.flow import Back, EndFlow, ResumeFlow, Skip, StartFlow, StartOver, StopFlow
from actions.house import House
from actions.small_talk import Chat, ViewProgress
from actions.triage import Answered, CareSought, Triage
from actions.words import as_bubble, nlg_answer
from bot.assembly import open_content, open_records
from bot.settings import load

LOOPBACK = "127.0.0.1"
HANGS_UP_AFTER = 75  # seconds; the engine keeps its lines open for 60
ACTIONS: tuple[type[CoachAction], ...] = (
    *(StartFlow, EndFlow, StopFlow, ResumeFlow, Skip, Back, StartOver, Correct),
    *(Triage, Answered, CareSought, TeachTopic, Why, TellMore, Repeat, Chat, ViewProgress, UsualReply),
)
log = logging.getLogger(__name__)


def executor_for(house: House) -> ActionExecutor:
    executor = ActionExecutor()
    for kind in ACTIONS:
        executor.register_action(kind(house))
    for flow in house.flows.values():
        executor.register_action(ValidateFlow(house, flow))
    return executor


class ActionServer:
    """An ASGI application. It answers within two seconds, whatever happens inside.

    Without Starlette's routing, which costs more than it is worth here: only the engine calls, and often.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._executor = executor_for(house)
        self._doors = {"/webhook": self.webhook, "/nlg": self.nlg, "/health": self.health}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._doors.get(scope["path"])
        answer = await door(Request(scope, receive)) if door else Response(status_code=404)
        await answer(scope, receive, send)

    async def webhook(self, request: Request) -> JSONResponse:
        call: dict[str, Any] = await request.json()
        call["domain"] = call.get("domain") or {}
        try:
            result = await self._executor.run(call)
        except ActionExecutionRejection as rejected:
            return JSONResponse({"error": "rejected", "action_name": rejected.action_name}, status_code=400)
        except ActionNotFoundException as missing:
            return JSONResponse({"error": "unknown", "action_name": missing.action_name}, status_code=404)
        answer = result.model_dump() if result else {"events": [], "responses": []}
        return JSONResponse({**answer, "words": said_along.get({})})

    async def nlg(self, request: Request) -> JSONResponse:
        call: dict[str, Any] = await request.json()
        return JSONResponse(await self._said(str(call["response"]), call["tracker"]))

    async def _said(self, response: str, tracker: Mapping[str, Any]) -> dict[str, Any]:
        """The words for `utter_<content id>`; an apology where there are none."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._words, response, tracker), DEADLINE)
        except Exception as fault:
            log.error("words for %s failed: %s", response, type(fault).__name__)
            return as_bubble(self._house.library.say("action_failed")[-1])

    def _words(self, response: str, tracker: Mapping[str, Any]) -> dict[str, Any]:
        patient = self._house.profiles.of(str(tracker["sender_id"]))
        return dict(nlg_answer(self._house.library, patient, response, self._house.clock()))

    async def health(self, request: Request) -> JSONResponse:
        return JSONResponse({"ready": True, "actions": len(self._executor.actions)})


def main() -> None:
    settings = load()
    logging.basicConfig(level=logging.WARNING)
    house = House(open_records(settings), *open_content(settings))
    uvicorn.run(
        ActionServer(house),
        host=LOOPBACK,
        port=settings.actions_port,
        log_level="warning",
        timeout_keep_alive=HANGS_UP_AFTER,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )


if __name__ == "__main__":
    main()
