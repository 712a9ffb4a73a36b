"""Takes what Telegram hands over: kept first, acknowledged then."""

from __future__ import annotations

import hmac
import json
import logging
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from telegram import Bot, Update

from bot.gateway.reception import Reception

HEADER = "X-Telegram-Bot-Api-Secret-Token"
LARGEST = 1024 * 1024  # bytes

log = logging.getLogger(__name__)


class Webhook:
    """Raises ValueError without a secret: anybody could speak as any patient."""

    def __init__(self, bot: Bot, reception: Reception, secret: str) -> None:
        if not secret:
            raise ValueError("a webhook needs a secret token")
        self._bot = bot
        self._reception = reception
        self._secret = secret.encode()

    async def take(self, request: Request) -> Response:
        given = request.headers.get(HEADER, "").encode()
        if not hmac.compare_digest(given, self._secret):
            return Response(status_code=403)
        body = await _body_of(request)
        if body is None:
            return Response(status_code=413)
        return await self._keep(body)

    async def _keep(self, body: bytes) -> Response:
        """What can't be read would come again for ever; what can't be kept now must come again."""
        try:
            update = Update.de_json(json.loads(body), self._bot)
        except Exception as fault:
            log.error("an update can't be read and is passed over: %s", type(fault).__name__)
            return Response()
        try:
            await self._reception.take(update)
        except Exception as fault:
            log.error("an update could not be kept: %s", type(fault).__name__)
            return Response(status_code=503)
        return Response()


async def _body_of(request: Request) -> bytes | None:
    """None where it is larger than any update."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    return body


def build_app(webhook: Webhook, path: str, running: AbstractAsyncContextManager[Any]) -> Starlette:
    """The route at `path`; the door runs as long as the app."""
    return Starlette(
        routes=[Route("/health", _health), Route(path, webhook.take, methods=["POST"])],
        lifespan=lambda _: running,
    )


def _health(_: Request) -> Response:
    return JSONResponse({"ready": True})
