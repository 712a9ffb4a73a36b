"""The engine's other half on this machine: its actions, and the words for everything it says."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import uvicorn
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from actions.asking import ValidateFlow
from actions.base import DEADLINE, CoachAction
from actions.correcting import Correct
from actions.education import Repeat, TeachTopic, TellMore, Why
from actions.fallback import UsualReply
from actions.flow import Back, EndFlow, ResumeFlow, Skip, StartFlow, StartOver, StopFlow
from actions.house import House
from actions.session_start import ActionSessionStart
from actions.small_talk import Chat, ViewProgress
from actions.triage import Answered, CareSought, Triage
from actions.words import as_bubble, nlg_answer
from bot.assembly import open_content, open_records
from bot.settings import load

LOOPBACK = "127.0.0.1"
ACTIONS: tuple[type[CoachAction], ...] = (
    *(StartFlow, EndFlow, StopFlow, ResumeFlow, Skip, Back, StartOver, Correct),
    *(Triage, Answered, CareSought, TeachTopic, Why, TellMore, Repeat, Chat, ViewProgress, UsualReply),
)
log = logging.getLogger(__name__)


def executor_for(house: House) -> ActionExecutor:
    executor = ActionExecutor()
    executor.register_action(ActionSessionStart())
    for kind in ACTIONS:
        executor.register_action(kind(house))
    for flow in house.flows.values():
        executor.register_action(ValidateFlow(house, flow))
    return executor


class ActionServer:
    """Answers within two seconds, whatever happens inside."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._executor = executor_for(house)

    async def webhook(self, request: Request) -> JSONResponse:
        call: dict[str, Any] = await request.json()
        call["domain"] = call.get("domain") or {}
        try:
            result = await self._executor.run(call)
        except ActionExecutionRejection as rejected:
            return JSONResponse({"error": "rejected", "action_name": rejected.action_name}, status_code=400)
        except ActionNotFoundException as missing:
            return JSONResponse({"error": "unknown", "action_name": missing.action_name}, status_code=404)
        return JSONResponse(result.model_dump() if result else {"events": [], "responses": []})

    async def nlg(self, request: Request) -> JSONResponse:
        call: dict[str, Any] = await request.json()
        try:
            words = await asyncio.wait_for(asyncio.to_thread(self._words, call), DEADLINE)
        except Exception as fault:
            log.error("words for %s failed: %s", call.get("response"), type(fault).__name__)
            words = as_bubble(self._house.library.say("action_failed")[-1])
        return JSONResponse(words)

    def _words(self, call: dict[str, Any]) -> dict[str, Any]:
        patient = self._house.profiles.of(str(call["tracker"]["sender_id"]))
        response, now = str(call["response"]), self._house.clock()
        return dict(nlg_answer(self._house.library, patient, response, now))

    async def health(self, request: Request) -> JSONResponse:
        return JSONResponse({"ready": True, "actions": len(self._executor.actions)})


def app_for(house: House) -> Starlette:
    server = ActionServer(house)
    return Starlette(
        routes=[
            Route("/webhook", server.webhook, methods=["POST"]),
            Route("/nlg", server.nlg, methods=["POST"]),
            Route("/health", server.health),
        ]
    )


def main() -> None:
    settings = load()
    logging.basicConfig(level=logging.WARNING)
    house = House(open_records(settings), *open_content(settings))
    uvicorn.run(app_for(house), host=LOOPBACK, port=settings.actions_port, log_level="warning")


if __name__ == "__main__":
    main()
