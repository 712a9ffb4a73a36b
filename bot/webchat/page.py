"""The page a patient talks on. It works without JavaScript; with it, replies come without a reload."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from anyio import to_thread
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.facts.talk import Message
from bot.pictures import Day, draw_days, is_progress, last_days
from bot.webchat.attachment import NO_DOCUMENT, attached
from bot.webchat.coach import Coach, Said
from bot.webchat.reading import Unfit, form_of, position_of, sized
from bot.webchat.view import View, is_writing
from bot.webchat.visitors import Visitors

SHOWN_AT_ONCE = 100
LOOK_BACK = 20
PICTURE_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}


class Page:
    """`patience`: how many seconds a form without JavaScript waits for the answer. `zone`: see `View`."""

    def __init__(
        self,
        coach: Coach,
        visitors: Visitors,
        view: View,
        *,
        pictures: Path,
        patience: float,
        zone: tzinfo | None,
    ) -> None:
        self._coach = coach
        self._visitors = visitors
        self._view = view
        self._pictures = pictures
        self._patience = patience
        self._zone = zone

    def routes(self) -> list[Route]:
        return [
            Route("/", self.show),
            Route("/say", self.say, methods=["POST"]),
            Route("/updates", self.updates),
            Route("/picture/{message_id}.png", self.picture),
            Route("/document/{message_id}", self.document),
        ]

    async def show(self, request: Request) -> Response:
        visitor = self._visitors.of(request)
        if visitor is None and request.headers.get("sec-fetch-site") == "cross-site":
            return HTMLResponse(self._view.arriving())
        return await self._whole(request, visitor or self._visitors.new())

    async def say(self, request: Request) -> Response:
        fields = await form_of(request)
        known = self._visitors.of(request)
        visitor = known or self._visitors.new()
        said = _said(fields)
        by_script = _wants_json(request)
        await self._coach.hear(visitor, said, 0 if by_script else self._patience)
        if by_script:
            return await self._news(request, visitor, _position(fields.get("after", "0")))
        if known is None:
            # A browser that keeps no cookies would not see its answer behind a redirect.
            return await self._whole(request, visitor)
        return RedirectResponse("/#end", status_code=303)

    async def updates(self, request: Request) -> Response:
        visitor = self._visitors.of(request)
        if visitor is None:
            raise Unfit(403, "There is no conversation here yet.")
        return await self._news(request, visitor, _position(request.query_params.get("after", "0")))

    async def picture(self, request: Request) -> Response:
        visitor = self._visitors.of(request)
        wanted = request.path_params["message_id"]
        talk = await self._coach.talk_since(visitor, 0) if visitor else []
        message = next((m for m in talk if m.id == wanted), None)
        if message is None or message.image is None:
            raise Unfit(404, "There is no such picture.")
        if is_progress(message.image):
            days = await self._days([message])
            return Response(await to_thread.run_sync(draw_days, days), media_type="image/png")
        return await to_thread.run_sync(self._stored, message.image)

    async def document(self, request: Request) -> Response:
        visitor = self._visitors.of(request)
        if visitor is None:
            raise Unfit(404, NO_DOCUMENT)
        return attached(await self._coach.document(visitor, request.path_params["message_id"]))

    def _stored(self, name: str) -> Response:
        path = self._pictures / Path(name).name
        if path.suffix not in PICTURE_TYPES or not path.is_file():
            raise Unfit(404, "There is no such picture.")
        return Response(path.read_bytes(), media_type=PICTURE_TYPES[path.suffix])

    async def _whole(self, request: Request, visitor: str) -> Response:
        talk = await self._coach.talk_since(visitor, 0)
        shown = talk if "all" in request.query_params else talk[-SHOWN_AT_ONCE:]
        html = self._view.page(
            shown,
            earlier=len(shown) < len(talk),
            week=await self._days(shown),
            writing=is_writing(talk[-LOOK_BACK:], datetime.now(UTC)),
            today=self._today(),
        )
        response = HTMLResponse(html, background=BackgroundTask(self._coach.delivered, shown))
        self._visitors.remember(response, visitor, secure=request.url.scheme == "https")
        return response

    async def _news(self, request: Request, visitor: str, after: int) -> Response:
        talk = await self._coach.talk_since(visitor, max(0, after - LOOK_BACK))
        new = [message for message in talk if message.seq > after]
        html = self._view.piece(talk, after, week=await self._days(new), today=self._today())
        response = JSONResponse(
            {
                "html": html if new else "",
                "last": max([after, *(message.seq for message in new)]),
                "writing": is_writing(talk, datetime.now(UTC)),
            },
            background=BackgroundTask(self._coach.delivered, new),
        )
        self._visitors.remember(response, visitor, secure=request.url.scheme == "https")
        return response

    async def _days(self, talk: Sequence[Message]) -> list[Day]:
        """What the progress pictures among these messages show; nothing where there are none."""
        patient_id = next((m.patient_id for m in talk if is_progress(m.image)), None)
        if patient_id is None:
            return []
        pains = await self._coach.progress(patient_id)
        zone = await self._coach.zone(patient_id)
        today = datetime.now(UTC).astimezone(zone).date()
        return last_days(pains, today, self._coach.progress_days(), zone)

    def _today(self) -> date:
        return datetime.now(UTC).astimezone(self._zone).date()


def _said(fields: dict[str, str]) -> Said:
    token = fields.get("token")
    text = "" if token else sized(fields.get("text", "").replace("\r\n", "\n"))
    return Said(text=text, token=token, door_key=_door_key(fields.get("key", ""), token or text))


def _door_key(key: str, words: str) -> str | None:
    """The same form sent twice with the same words is one message; with other words it's another."""
    if not key:
        return None
    return hashlib.sha256(f"{key}\n{words}".encode()).hexdigest()


def _position(value: str) -> int:
    return position_of({"after": int(value) if value.isascii() and value.isdigit() else None})


def _wants_json(request: Request) -> bool:
    return request.headers.get("accept", "").startswith("application/json")
