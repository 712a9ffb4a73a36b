"""The worklist and the page of a flag in Chromium: on a phone and a desk, light and dark, without scripts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from bot.assembly import assemble_console
from bot.console.app import build_console
from bot.facts.clinical import Evidence, Level, Reason, Urgency, Verdict
from bot.facts.flags import GRAVITY, NO_DATA, FlagKind
from bot.facts.staff import Role
from bot.settings import Settings
from bot.usecases.due import ENGINE_ROUND, RECORDS_ROUND
from bot.usecases.ports import UnitOfWork

pytestmark = pytest.mark.browser

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
QUOTED = "tight pain in my chest"
WORDS = f"I have a {QUOTED}, {'x' * 200}"
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
COOKIE, SECRET = "safecue-console", "a secret of the tests, long enough"
Opens = Callable[..., Page]


def raise_all(uow: UnitOfWork, team: str) -> None:
    """A patient of that team with a flag of every level, all but the last behind the same words."""
    patient = uow.patients.enrol("web", "conversation-1", NOON)
    uow.teams.put_patient(patient.id, team, NOON)
    message, _ = uow.messages.receive(
        patient.id, text=WORDS, payload=None, door_key=None, now=NOON, erase_at=None
    )
    start = WORDS.index(QUOTED)
    evidence = (Evidence(start, start + len(QUOTED), QUOTED),)
    reason = Reason("chest_pain", "1f2e3d4c", Level.STOP, Urgency.NOW, evidence)
    verdict = Verdict(Level.STOP, Urgency.NOW, (reason,))
    assessment = uow.assessments.add(patient.id, message.id, (), verdict, content_version="v1", now=NOON)
    for level in GRAVITY:
        uow.flags.raise_(
            patient.id,
            level=level,
            urgency="now",
            summary="chest_pain",
            assessment_id=assessment if level != NO_DATA else None,
            now=NOON,
            kind=FlagKind.NO_DATA if level == NO_DATA else FlagKind.SIGN,
        )


@pytest.fixture
def opens(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opens]:
    """Opens the worklist as Dr Ames sees it."""
    house = assemble_console(Settings(data_dir=tmp_path_factory.mktemp("console")), lambda: NOON)
    app = build_console(house, SECRET)
    with house.records.unit() as uow:
        team = uow.teams.add("Knees").id
        ames = uow.staff.add(
            name="Dr Ames", email="a@b.example", password="x", roles=[Role.CLINICIAN], now=NOON
        )
        uow.teams.put_staff(ames.id, [team])
        raise_all(uow, team)
        for part in (RECORDS_ROUND, ENGINE_ROUND):
            uow.heartbeats.beat(part, NOON)
        uow.commit()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.port}"
    client = app.test_client()
    with client.session_transaction(base_url=address) as session:
        session["_user_id"] = house.sessions.begin(ames.id, place="127.0.0.1", agent="chromium")
        session["_fresh"] = True
    signed_in = client.get_cookie(COOKIE, domain="127.0.0.1")
    assert signed_in is not None
    faults: list[str] = []

    def opened(*, width: int, scheme: str = "light", scripts: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=scripts,
        )
        context.set_default_timeout(10_000)
        context.add_cookies([{"name": COOKIE, "value": signed_in.value, "url": address}])
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text))
        page.goto(f"{address}/flags")
        return page

    yield opened
    assert faults == [], "a breach of the content policy is told there"
    server.shutdown()
    thread.join(timeout=10)
    house.records.close()


def is_sound(page: Page, width: int) -> None:
    """No rule of accessibility is broken, and nothing is wider than the window."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": STANDARDS}})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_of_a_flag_breaks_a_rule_of_accessibility(opens: Opens, width: int, scheme: str) -> None:
    page = opens(width=width, scheme=scheme)
    expect(page.locator(".waiting > li")).to_have_count(len(GRAVITY))
    is_sound(page, width)
    page.get_by_role("link", name="1 No data").click()
    expect(page.get_by_role("checkbox")).to_have_count(1)
    is_sound(page, width)
    page.get_by_role("link", name="Show all").click()
    page.locator(".waiting a").nth(1).click()
    expect(page.locator("mark")).to_have_text(QUOTED)
    is_sound(page, width)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("main button")).to_have_text(["Begin work", "Resolve", "Not relevant"])
    is_sound(page, width)


@pytest.mark.parametrize("width", [320, 1280])
def test_the_gravest_flag_is_in_sight_at_once(opens: Opens, width: int) -> None:
    page = opens(width=width)
    first = page.locator(".waiting > li").first
    expect(first).to_contain_text("Crisis")
    box = first.locator(".what").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 700


def test_a_flag_is_ended_by_keyboard_alone_and_without_scripts(opens: Opens) -> None:
    page = opens(width=320, scripts=False)

    def press(role: str, name: str, key: str = "Enter") -> None:
        page.get_by_role(role, name=name).first.focus()  # type: ignore[arg-type]
        page.keyboard.press(key)

    press("link", "pain or pressure in the chest")
    press("button", "Acknowledge")
    expect(page.get_by_role("status")).to_contain_text("acknowledge, done")
    page.locator("#outcome-resolve").focus()
    page.keyboard.type("Seen in person")
    page.keyboard.press("Tab")
    page.keyboard.type("ECG normal")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("resolve, done")
    expect(page.locator(".history")).to_contain_text("ECG normal")
    expect(page.locator("main form")).to_have_count(0)
