"""What holds for every request: whose page may send it, which headers go back, no fault leaks text."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.settings import is_loopback

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

Problem = Callable[[Request, int, str], Response]

log = logging.getLogger(__name__)


class Guard:
    """`public`: other machines may come, under any host name. `problem` tells what went wrong."""

    def __init__(self, app: ASGIApp, *, public: bool, problem: Problem) -> None:
        self._app = app
        self._public = public
        self._problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        answered = False

        async def send_guarded(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            handler = self._refusal(request) or self._app
            await handler(scope, receive, send_guarded)
        except Exception as fault:
            # The fault's own words may hold what a patient wrote, so only its kind is told.
            log.error("%s %s broke off: %s", request.method, request.url.path, type(fault).__name__)
            if answered:
                raise ConnectionAbortedError("the answer broke off") from None
            await self._problem(request, 500, "Something went wrong on our side.")(
                scope, receive, send_guarded
            )

    def _refusal(self, request: Request) -> Response | None:
        if not self._public and not is_loopback(_host_name(request)):
            return self._problem(request, 421, "This page answers to names of this machine only.")
        if request.method not in {"GET", "HEAD"} and not from_our_page(request):
            return self._problem(request, 403, "Another web page sent this request, so it was not used.")
        return None


def from_our_page(request: Request) -> bool:
    """Whether a page of ours sent it, or a program: a browser always tells its origin with a POST.

    A form under `no-referrer` sends the origin "null"; `Sec-Fetch-Site` then tells whose it was.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if site is not None:
        return site == "same-origin" and origin in {None, "null", ours}
    return origin is None or origin == ours


def comes_from_here(request: Request) -> bool:
    """Whether the caller is a program on this machine."""
    return request.client is not None and is_loopback(request.client.host)


def _host_name(request: Request) -> str:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""
