"""The web door put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import tzinfo
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.usecases.doors import House
from bot.webchat.api import Api
from bot.webchat.coach import Coach
from bot.webchat.guard import Guard
from bot.webchat.page import Page
from bot.webchat.reading import Unfit
from bot.webchat.view import View
from bot.webchat.visitors import Visitors

PATIENCE = 10.0
STATIC = Path(__file__).with_name("static")


def build_app(
    house: House,
    secret: str,
    *,
    public: bool = False,
    pictures: Path = Path("content/pictures"),
    patience: float = PATIENCE,
    zone: tzinfo | None = None,
) -> Starlette:
    """The page and the JSON door of this house. `secret` signs the visitors' cookies."""
    coach = Coach(house)
    view = View(zone)
    page = Page(coach, Visitors(secret), view, pictures=pictures, patience=patience, zone=zone)
    problem = partial(_problem, view)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await coach.leave()

    async def unfit(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, Unfit)
        return problem(request, fault.status, fault.sentence)

    async def no_such(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, HTTPException)
        return problem(request, fault.status_code, f"{fault.detail}.")

    return Starlette(
        routes=[
            Route("/health", _health),
            *page.routes(),
            *Api(coach, public=public).routes(),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, public=public, problem=problem)],
        exception_handlers={Unfit: unfit, HTTPException: no_such},
        lifespan=lifespan,
    )


def _health(_: Request) -> Response:
    return JSONResponse({"ready": True})


def _problem(view: View, request: Request, status: int, sentence: str) -> Response:
    """For a program: the sentence. For a person: a page in plain words that shows the way on."""
    accepts = request.headers.get("accept", "")
    if request.url.path.startswith("/api/") or accepts.startswith("application/json"):
        return JSONResponse({"error": sentence}, status_code=status)
    return HTMLResponse(view.problem(status), status_code=status)
