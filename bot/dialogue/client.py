"""The engine behind its door, seen from our side: one call in, one answer out, or EngineSilent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from http import HTTPStatus
from typing import Any

import aiohttp

from bot.facts.talk import Button, Kind, Reply
from bot.usecases.ports import EngineFailed, EngineSilent, EngineTurn


class RasaEngine:
    """Talks to `engine/channel.py`. `timeout` is the deadline of a whole turn, in seconds."""

    def __init__(self, base_url: str, key: str, timeout: float) -> None:
        self._base = f"{base_url.rstrip('/')}/webhooks/safecue"
        self._headers = {"X-SafeCue-Key": key}
        self._deadline = timeout
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._keeper: AsyncGenerator[aiohttp.ClientSession] | None = None

    async def turn(
        self, patient_id: str, message_id: str, text: str, metadata: Mapping[str, object]
    ) -> EngineTurn:
        body = {"sender": patient_id, "message_id": message_id, "text": text, "metadata": dict(metadata)}
        answer = await self._call("POST", "/turn", json=body)
        try:
            return _turn(answer, message_id)
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise EngineSilent("the engine's answer can't be read") from fault

    async def erase(self, patient_id: str) -> int:
        answer = await self._call("DELETE", f"/person/{patient_id}")
        try:
            return int(answer["removed"])
        except (KeyError, TypeError, ValueError) as fault:
            raise EngineSilent("the engine's answer can't be read") from fault

    async def _call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            async with asyncio.timeout(self._deadline):
                session = await self._open_session()
                async with session.request(method, self._base + path, **arguments) as response:
                    answer = await response.read()
            if response.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                raise EngineFailed("the turn failed inside the engine")
            response.raise_for_status()
            return json.loads(answer)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as fault:
            raise EngineSilent(type(fault).__name__) from fault

    async def _open_session(self) -> aiohttp.ClientSession:
        """One for each event loop, with its connections kept open."""
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            self._loop = loop
            self._keeper = _kept_open(self._headers)
            self._session = await anext(self._keeper)
        return self._session


async def _kept_open(headers: Mapping[str, str]) -> AsyncGenerator[aiohttp.ClientSession]:
    """A session that closes with its event loop, which ends its asynchronous generators as it is left."""
    no_timeout = aiohttp.ClientTimeout(total=None, sock_connect=None)
    async with aiohttp.ClientSession(headers=headers, timeout=no_timeout) as session:
        yield session


def _turn(answer: Mapping[str, Any], message_id: str) -> EngineTurn:
    if answer["message_id"] != message_id:
        raise ValueError("an answer to another message")
    intent = answer.get("intent") or {}
    return EngineTurn(
        replies=tuple(_reply(raw) for raw in answer["replies"]),
        intent=intent.get("name"),
        confidence=float(intent.get("confidence") or 0.0),
        ranking=tuple((str(r["name"]), float(r["confidence"])) for r in answer.get("ranking") or ()),
        flow=answer.get("flow"),
    )


def _reply(raw: Mapping[str, Any]) -> Reply:
    """A bubble as the engine gave it. One without an id keeps an empty id, which nothing vouches for."""
    kind = raw.get("kind")
    return Reply(
        content_id=str(raw.get("content_id") or ""),
        version=str(raw.get("version") or ""),
        kind=Kind(kind) if kind else Kind.EXERCISE,
        text=str(raw.get("text") or ""),
        buttons=tuple(Button(str(b["title"]), str(b["payload"])) for b in raw.get("buttons") or ()),
        image=raw.get("image") or None,
        asks=raw.get("asks") or None,
        region=raw.get("region") or None,
        variables={str(k): str(v) for k, v in (raw.get("variables") or {}).items()},
        document=raw.get("document") or None,
    )
