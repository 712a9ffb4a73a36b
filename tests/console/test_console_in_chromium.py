"""The pages as a browser shows them: nothing for axe to mend, nothing too wide, no breach of the policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import waitress
from axe_playwright_python.sync_playwright import Axe
from console_at_work import ConsoleAtWork
from playwright.sync_api import Browser, Page

from bot.console.pages import declared_pages
from bot.facts.staff import Role
from bot.usecases.access import Permission

pytestmark = pytest.mark.browser

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COOKIE = "safecue-console"


@pytest.fixture
def address(console: ConsoleAtWork) -> Iterator[str]:
    server = waitress.create_server(console.app, host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


def plain_pages(console: ConsoleAtWork) -> list[str]:
    """Those that are shown at an address without an id."""
    pages = declared_pages(console.app)
    return sorted(
        rule.rule
        for rule in console.app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.arguments
        and pages[rule.endpoint].permission is not Permission.NOBODY
        and rule.rule != "/health"
    )


def opened(chromium: Browser, address: str, cookie: str, width: int, scheme: str) -> tuple[Page, list[str]]:
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    if cookie:
        context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
    page, faults = context.new_page(), list[str]()
    page.on("console", lambda said: faults.append(f"{page.url}: {said.text}"))
    return page, faults


def wrong_with(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": STANDARDS}).response["violations"]
    wrong = [f"{fault['id']}: {fault['nodes'][0]['target']}" for fault in found]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*wrong, "wider than the window"] if wide else wrong


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend_on_any_page(
    console: ConsoleAtWork, address: str, chromium: Browser, width: int, scheme: str
) -> None:
    team = console.team("A team with a long name, so that lines must break somewhere")
    everything = console.hire(*Role, teams=(team,))
    console.house.accounts.invite(everything, "Dr Bell", [Role.CLINICIAN], [team])
    console.house.sight.break_glass(everything, console.patient(address="other").id, "Their team is away.")
    console.hire(Role.AUTHOR)
    cookie = console.visit_of(everything).get_cookie(COOKIE, domain="127.0.0.1")
    assert cookie
    wrong = {}
    for signed_in in (cookie.value, ""):
        page, faults = opened(chromium, address, signed_in, width, scheme)
        for path in plain_pages(console) if signed_in else ["/login", "/invitation"]:
            page.goto(address + path)
            if found := wrong_with(page):
                wrong[path] = found
        assert faults == []
        page.context.close()
    assert wrong == {}
