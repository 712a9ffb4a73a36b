"""A served page and a browser to look at it with."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from chromium_at_hand import chromium
from fake_house import FakeHouse
from playwright.sync_api import Browser, BrowserContext
from visiting import Opens, Served, Visit

from bot.webchat.app import build_app

__all__ = ["chromium"]


@pytest.fixture
def served() -> Iterator[Served]:
    house = FakeHouse()
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn.Server(uvicorn.Config(build_app(house, "s" * 16), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield Served(house, f"http://127.0.0.1:{door.getsockname()[1]}/")
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture
def visit(served: Served, chromium: Browser) -> Iterator[Opens]:
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def opens(*, width: int = 900, height: int = 800, scheme: str = "light", scripts: bool = True) -> Visit:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=scripts,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        opened = Visit(context.new_page(), [])
        opened.page.on("console", lambda said: opened.faults.append(said.text))
        opened.page.on("pageerror", lambda fault: opened.faults.append(str(fault)))
        opened.page.goto(served.address)
        visits.append(opened)
        return opened

    yield opens
    for opened in visits:
        assert opened.faults == []
    for context in contexts:
        context.close()
