"""The console's transcripts in Chromium: phone and desktop, light and dark, by keyboard, without scripts."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from bot.assembly import ConsoleHouse, assemble_console
from bot.console.app import build_console
from bot.facts.clinical import Evidence, Level, Presence, Reason, Subject, SymptomFact, Time, Urgency, Verdict
from bot.facts.flags import REQUEST, FlagKind
from bot.facts.staff import Role
from bot.facts.talk import Standing, TurnState
from bot.settings import Settings
from bot.usecases.ports import UnitOfWork

pytestmark = pytest.mark.browser

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SECRET = "a secret of the tests, long enough"
SHOTS = os.environ.get("SAFECUE_SHOTS", "")
STAIRS = "My knee hurts on the stairs, I fear that I wear it out"
CHEST = "When I climbed them today I had chest pain and felt sick"

Opens = Callable[..., Page]


class Sample:
    """A clinic with four patients; the first has a whole story behind her."""

    def __init__(self, house: ConsoleHouse) -> None:
        self.house = house
        self.now = datetime.now(UTC) - timedelta(days=3)
        with house.records.unit() as uow:
            nurse = uow.staff.add(
                name="Nurse Ames",
                email="a@clinic.example",
                password="-",
                roles=[Role.CLINICIAN],
                now=self.now,
            )
            self.team = uow.teams.add("Knees").id
            uow.teams.put_staff(nurse.id, [self.team])
            self.nurse = replace(nurse, teams=frozenset({self.team})).actor
            for number in range(3):
                self._hears(uow, self._patient(uow, f"other-{number}"), "Good morning", intent="greet")
            self.patient_id = self._patient(uow, "first")
            self._talk(uow)
            uow.commit()

    def _patient(self, uow: UnitOfWork, address: str) -> str:
        patient = uow.patients.enrol("web", address, self.now).id
        uow.patients.set_standing(patient, Standing.ACTIVE)
        uow.patients.remember(patient, {"country": "GB", "zone": "Europe/Berlin", "region": "knee"})
        uow.teams.put_patient(patient, self.team, self.now)
        return patient

    def _hears(
        self, uow: UnitOfWork, patient: str, text: str, payload: str | None = None, **known: object
    ) -> str:
        self.now += timedelta(minutes=2)
        message, _ = uow.messages.receive(
            patient, text=text, payload=payload, door_key=None, now=self.now, erase_at=None
        )
        uow.messages.set_state(message.id, TurnState.ANSWERED, known)
        return message.id

    def _says(self, uow: UnitOfWork, content_id: str, **variables: str) -> str:
        said = [
            uow.messages.say(self.patient_id, reply, in_reply_to=None, now=self.now)
            for reply in self.house.library.say(content_id, **variables)
        ]
        uow.outbox.sent([message.id for message in said], self.now + timedelta(seconds=1))
        return said[-1].id

    def _talk(self, uow: UnitOfWork) -> None:
        patient = self.patient_id
        ranking = [["belief_wear_and_tear", 0.81], ["knee_pain", 0.12]]
        heard = self._hears(
            uow, patient, STAIRS, intent="belief_wear_and_tear", confidence=0.81, ranking=ranking
        )
        self._says(uow, "chat_greet")
        asked = uow.messages.get(self._says(uow, "ask_region"))
        self.now += timedelta(hours=5)
        token = next(token for title, token in asked.buttons if title == "Knee")
        pressed = uow.messages.take_token(patient, token, self.now + timedelta(minutes=2))
        assert pressed
        self._hears(
            uow, patient, pressed.title, pressed.payload, intent="answer", slot="region", value="knee"
        )
        self._says(uow, "progress_shown", days="Monday 4; Tuesday 5")
        self.now += timedelta(hours=20)
        self.chest = self._hears(uow, patient, CHEST, intent="safety_stop", confidence=1.0)
        self._judged(uow)
        self._says(uow, "say_stop_chest", emergency="999")
        uow.flags.raise_(
            patient,
            level=REQUEST,
            kind=FlagKind.REQUEST,
            urgency="soon",
            summary="talk_to_clinician",
            assessment_id=None,
            now=self.now,
        )
        self._hears(uow, patient, "You \u202eare\u202c <b>great</b> " + "x" * 400)
        sent = uow.messages.get(
            self._says(uow, "from_clinician_calls", clinician="Nurse Ames", emergency="999")
        )
        uow.margins.sent_by_hand(patient, sent.id, by=self.nurse.id, by_name="Nurse Ames")
        uow.margins.note(
            patient,
            heard,
            by=self.nurse.id,
            by_name="Nurse Ames",
            text="Same belief as at her visit in May.",
            shared=False,
            now=self.now,
        )
        for on, tag in ((None, "call-back"), (heard, "wear-and-tear")):
            uow.margins.tag(patient, on, tag, by=self.nurse.id, now=self.now)

    def _judged(self, uow: UnitOfWork) -> None:
        start = CHEST.index("chest pain")
        evidence = (Evidence(start, start + 10, "chest pain"),)
        fact = SymptomFact("chest_pain", Presence.PRESENT, Subject.SELF, Time.NOW, evidence, "chest")
        reason = Reason("chest_pain", "1f2e3d4c", Level.STOP, Urgency.NOW, evidence, "chest")
        verdict = Verdict(Level.STOP, Urgency.NOW, (reason,))
        uow.assessments.add(
            self.patient_id, self.chest, [fact], verdict, content_version="0a1b2c3d4e5f", now=self.now
        )


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sample, str]]:
    house = assemble_console(Settings(data_dir=tmp_path_factory.mktemp("console")))
    sample = Sample(house)
    server = make_server("127.0.0.1", 0, build_console(house, SECRET), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield sample, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    house.records.close()


@pytest.fixture
def opens(sample: tuple[Sample, str], chromium: Browser) -> Iterator[Opens]:
    """Opens a path as the nurse; no page may have made the browser complain."""
    clinic, address = sample
    pages: list[Page] = []
    faults: list[str] = []

    def open_(path: str, *, width: int = 1280, scheme: str = "light", scripts: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        context.set_default_timeout(10_000)
        context.add_cookies([{"name": "safecue-console", "value": _cookie(clinic), "url": address}])
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text))
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto(address + path)
        pages.append(page)
        return page

    yield open_
    for page in pages:
        page.context.close()
    assert [fault for fault in faults if "400 (BAD REQUEST)" not in fault] == []


def _cookie(clinic: Sample) -> str:
    """Of a browser in which the nurse is signed in."""
    app = build_console(clinic.house, SECRET)
    token = clinic.house.sessions.begin(clinic.nurse.id, place="127.0.0.1", agent="Chromium")
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return str(signer.dumps({"_user_id": token, "_fresh": True}))


def _shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    sample: tuple[Sample, str], opens: Opens, width: int, scheme: str
) -> None:
    here = f"/conversations/{sample[0].patient_id}"
    for name, path in (
        ("list", "/conversations"),
        ("filter", "/conversations?since=soon&tags=call-back"),
        ("conversation", here),
        ("whole", f"{here}/all"),
    ):
        page = opens(path, width=width, scheme=scheme)
        _shot(page, f"{name}-{width}-{scheme}")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        _shot(page, f"{name}-open-{width}-{scheme}")
        found = Axe().run(page, options={"runOnly": STANDARDS})
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_link_opens_scrolled_to_its_message(sample: tuple[Sample, str], opens: Opens) -> None:
    clinic = sample[0]
    page = opens(f"/conversations/{clinic.patient_id}?m={clinic.chest}#m-{clinic.chest}", width=320)
    message = page.locator(f"#m-{clinic.chest}")
    expect(message).to_be_in_viewport()
    expect(message).to_be_focused()


def test_a_whole_review_goes_by_keys_alone(sample: tuple[Sample, str], opens: Opens) -> None:
    clinic = sample[0]
    page = opens("/conversations")
    press = page.keyboard.press
    press("p")
    expect(page.get_by_role("link", name="Ask for a person")).to_have_attribute("aria-current", "true")
    page.wait_for_load_state()
    press("j")
    press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(clinic.patient_id[:8])
    page.wait_for_load_state()
    for _ in range(3):
        press("j")
    press("m")
    page.keyboard.type("r, l and u are letters here: ?")
    press("Tab")
    press("Tab")
    press("Enter")
    expect(page.get_by_text("The note is kept.")).to_be_visible()
    expect(page.get_by_text("r, l and u are letters here: ?")).to_be_visible()
    page.wait_for_load_state()
    press("r")
    expect(page.get_by_text("The conversation is marked: reviewed.")).to_be_visible()


def test_the_question_mark_lists_every_key_and_they_can_be_switched_off(
    sample: tuple[Sample, str], opens: Opens
) -> None:
    page = opens(f"/conversations/{sample[0].patient_id}")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    listed = keys.locator("kbd").all_inner_texts()
    offered = page.locator("[data-key]").evaluate_all("all => all.map((one) => one.dataset.key)")
    assert listed == ["?", "j", "k", "e", "m", "Escape", *offered]
    assert len(listed) == len(set(listed))
    assert all(keys.locator("dd").all_inner_texts())
    _shot(page, "keys")
    found = Axe().run(page, options={"runOnly": STANDARDS})
    assert found.violations_count == 0, found.generate_report()
    keys.get_by_label("No keys but this one").check()
    keys.get_by_role("button", name="Close").click()
    address = page.url
    page.keyboard.press("g")
    page.wait_for_timeout(200)
    assert page.url == address


def test_everything_can_be_done_without_scripts(sample: tuple[Sample, str], opens: Opens) -> None:
    clinic = sample[0]
    page = opens(f"/conversations/{clinic.patient_id}?m={clinic.chest}", scripts=False)
    line = page.locator(f"#m-{clinic.chest}")
    line.get_by_text("What was understood").click()
    expect(line.locator("mark")).to_have_text("chest pain")
    line.get_by_text("Note or tag").click()
    line.get_by_label("Tag", exact=True).fill("ecg done")
    line.get_by_role("button", name="Put the tag").click()
    expect(page.locator(f"#m-{clinic.chest} .tags")).to_contain_text("ecg-done")
    page.get_by_text("Send approved words").click()
    expect(page.get_by_text("Not now: It may not be said while").first).to_be_visible()
    page.get_by_role("button", name="Send: Please call us").click()
    expect(page.get_by_text("It is on its way to the patient.")).to_be_visible()
    expect(page.locator(".line.human").last).to_contain_text("Please call your clinic")
    page.get_by_text("Go to, load all, files").click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="CSV file").click()
    assert saving.value.suggested_filename.endswith(".csv")


def test_on_paper_stand_the_words_and_nothing_to_press(sample: tuple[Sample, str], opens: Opens) -> None:
    page = opens(f"/conversations/{sample[0].patient_id}")
    page.emulate_media(media="print")
    _shot(page, "print")
    expect(page.get_by_text(STAIRS)).to_be_visible()
    expect(page.get_by_text("Same belief as at her visit in May.")).to_be_visible()
    for hidden in (".top", "aside", "form", ".marks"):
        expect(page.locator(hidden).first).to_be_hidden()
