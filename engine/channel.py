"""The engine's only door: one call in; replies, intent, confidence and content ids out."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote
from weakref import WeakValueDictionary

from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.shared.exceptions import RasaException
from sanic import Blueprint
from sanic.exceptions import InvalidUsage
from sanic.request import Request
from sanic.response import HTTPResponse, json

from engine.turns import Turns

KEY_SETTING = "SAFECUE_ENGINE_KEY"
KEY_HEADER = "X-SafeCue-Key"
LONGEST_ID = 255

logger = logging.getLogger(__name__)


class BadRequest(Exception):
    """The call isn't what docs/architecture.md says."""


class SafeCueInput(InputChannel):
    """POST turn, DELETE person/<sender>, GET health."""

    @classmethod
    def name(cls) -> str:
        return "safecue"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> SafeCueInput:
        key = os.environ.get(KEY_SETTING, "").strip()
        if not key:
            raise RasaException(f"{KEY_SETTING} is empty: the engine opens no door without a key.")
        return cls(key)

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._turns: Turns | None = None
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._running: set[asyncio.Future[Any]] = set()

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        door = Blueprint("safecue", "engine_channel")

        @door.route("/turn", methods=["POST"])
        async def turn(request: Request) -> HTTPResponse:
            return await self._guarded(request, self._turn)

        @door.route("/person/<sender>", methods=["DELETE"])
        async def person(request: Request, sender: str) -> HTTPResponse:
            return await self._guarded(request, lambda _: self._erase(request, unquote(sender)))

        @door.route("/health", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            try:
                self._engine(request)
            except RasaException as fault:
                return json({"ready": False, "why": str(fault)}, status=503)
            return json({"ready": True})

        return door

    async def _guarded(
        self, request: Request, work: Callable[[Request], Awaitable[dict[str, Any]]]
    ) -> HTTPResponse:
        given = request.headers.get(KEY_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._key):
            return json({"error": "key"}, status=401)
        task = asyncio.ensure_future(work(request))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            # A caller that hangs up must not tear a turn apart: it ends, and is answered from the store.
            return json(await asyncio.shield(task))
        except BadRequest as fault:
            return json({"error": str(fault)}, status=400)
        except Exception as fault:
            logger.error("A call to the engine failed: %s", _kinds(fault))
            return json({"error": "failed"}, status=500)

    async def _turn(self, request: Request) -> dict[str, Any]:
        body = _body(request)
        sender, message_id = _identifier(body, "sender"), _identifier(body, "message_id")
        text, metadata = body.get("text", ""), body.get("metadata") or {}
        if not isinstance(text, str) or not isinstance(metadata, dict):
            raise BadRequest("text must be a string, metadata a mapping")
        turns = self._engine(request)
        async with self._lock(sender):
            return await turns.answer(sender, message_id, text, metadata)

    async def _erase(self, request: Request, sender: str) -> dict[str, Any]:
        turns = self._engine(request)
        async with self._lock(sender):
            return {"removed": turns.erase(sender)}

    def _lock(self, sender: str) -> asyncio.Lock:
        return self._locks.setdefault(sender, asyncio.Lock())

    def _engine(self, request: Request) -> Turns:
        if self._turns is None:
            self._turns = Turns.over(getattr(request.app.ctx, "agent", None))
        return self._turns


def _body(request: Request) -> dict[str, Any]:
    try:
        body = request.json
    except InvalidUsage as fault:
        raise BadRequest("the call must be JSON") from fault
    if not isinstance(body, dict):
        raise BadRequest("the call must be a JSON mapping")
    return body


def _identifier(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID:
        raise BadRequest(f"{name} must be a string of 1 to {LONGEST_ID} characters")
    return value


def _kinds(fault: BaseException | None) -> str:
    """The names of a fault and its causes: their texts may hold a patient's words."""
    names: list[str] = []
    while fault is not None:
        names.append(type(fault).__name__)
        fault = fault.__cause__
    return " < ".join(names)
