"""The web page in Chromium: by mouse, by keyboard, without JavaScript, on a small screen, in the dark."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fake_house import HELLO, STOP_WORDS
from playwright.sync_api import Locator, expect
from visiting import Opens, Served, Visit

from bot.facts.clinical import PainEntry

pytestmark = pytest.mark.browser

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def log(visit: Visit) -> Locator:
    return visit.page.get_by_role("log", name="Messages")


def test_a_conversation_goes_on_without_a_reload_and_the_focus_stays_in_the_box(visit: Opens) -> None:
    opened = visit()
    opened.page.evaluate("window.same = true")
    opened.say("good morning")
    expect(log(opened)).to_contain_text(HELLO)
    opened.page.keyboard.type("region please")
    opened.page.keyboard.press("Enter")
    expect(opened.page.get_by_role("button", name="Knee")).to_be_visible()
    expect(opened.page.get_by_label("Your message")).to_be_focused()
    expect(opened.page.get_by_label("Your message")).to_have_value("")
    assert opened.page.evaluate("window.same") is True
    assert log(opened).locator(".bubble").count() == 4


def test_a_button_works_by_keyboard_alone_and_leaves_the_focus_in_the_box(visit: Opens) -> None:
    opened = visit()
    opened.say("region please")
    expect(opened.page.get_by_role("button", name="Knee")).to_be_visible()
    opened.page.get_by_role("button", name="Knee").focus()
    opened.page.keyboard.press("Tab")
    expect(opened.page.get_by_role("button", name="Lower back")).to_be_focused()
    outline = opened.page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    opened.page.keyboard.press("Space")
    expect(log(opened)).to_contain_text("You chose Lower back.")
    expect(opened.page.get_by_role("button", name="Lower back")).to_have_count(0)
    expect(opened.page.get_by_label("Your message")).to_be_focused()


def test_a_document_is_saved_by_a_click_and_the_talk_stays_where_it_is(visit: Opens, tmp_path: Path) -> None:
    opened = visit()
    opened.say("my data please")
    with opened.page.expect_download() as saving:
        opened.page.get_by_role("link", name="Download my-data.json").click()
    assert saving.value.suggested_filename == "my-data.json"
    saving.value.save_as(tmp_path / "saved.json")
    assert "my data please" in (tmp_path / "saved.json").read_text("utf-8")
    expect(log(opened)).to_contain_text("Here is your file.")
    assert opened.faults == []


def test_the_first_tab_stop_leads_to_the_message_box(visit: Opens) -> None:
    opened = visit()
    opened.page.keyboard.press("Tab")
    expect(opened.page.get_by_role("link", name="Skip to the message box")).to_be_focused()
    opened.page.keyboard.press("Enter")
    expect(opened.page.get_by_label("Your message")).to_be_focused()


def test_a_stop_is_an_alert_at_once_while_another_turn_hangs_and_takes_old_buttons_away(
    served: Served, visit: Opens
) -> None:
    opened = visit()
    opened.say("region please")
    expect(opened.page.get_by_role("button", name="Knee")).to_be_visible()
    served.house.slow = 60
    opened.say("good morning")
    opened.say("I have chest pain")
    alert = log(opened).get_by_role("alert")
    expect(alert).to_contain_text(STOP_WORDS, timeout=2000)
    expect(alert).to_contain_text("Important")
    expect(alert).to_be_in_viewport()
    expect(opened.page.get_by_role("button", name="Knee")).to_have_count(0)


def test_the_page_says_that_an_answer_is_on_its_way(served: Served, visit: Opens) -> None:
    served.house.slow = 1.5
    opened = visit()
    opened.say("good morning")
    status = opened.page.get_by_role("status").filter(has_text="writing")
    expect(status).to_be_visible()
    expect(log(opened)).to_contain_text(HELLO)
    expect(status).to_be_hidden()


def test_a_reload_keeps_the_history_and_its_order(visit: Opens) -> None:
    opened = visit()
    for words in ("first words", "second words"):
        opened.say(words)
        expect(log(opened)).to_contain_text(words)
    expect(log(opened).get_by_text(HELLO)).to_have_count(2)
    before = log(opened).locator(".words").all_inner_texts()
    opened.page.reload()
    assert log(opened).locator(".words").all_inner_texts() == before
    expect(opened.page.locator(".bubble").last).to_be_in_viewport()


def test_late_words_come_by_themselves(served: Served, visit: Opens) -> None:
    opened = visit()
    opened.say("good morning")
    expect(log(opened)).to_contain_text(HELLO)
    (who,) = served.house.messages
    served.house.say(who, "How did the walk go?")
    expect(log(opened)).to_contain_text("How did the walk go?")


def test_quick_messages_are_all_kept_in_their_order(visit: Opens) -> None:
    opened = visit()
    for number in range(5):
        opened.say(f"message {number}")
    for number in range(5):
        expect(log(opened)).to_contain_text(f"message {number}")
    said = opened.page.locator(".you .words").all_inner_texts()
    assert said == [f"message {number}" for number in range(5)]


def test_a_message_that_did_not_get_through_stays_in_the_box_and_is_told(
    served: Served, visit: Opens
) -> None:
    opened = visit()
    served.house.broken = True
    opened.say("I have chest pain")
    expect(opened.page.locator("#unsent")).to_contain_text("call your local emergency number now")
    expect(opened.page.get_by_label("Your message")).to_have_value("I have chest pain")
    served.house.broken = False
    opened.page.keyboard.press("Enter")
    expect(log(opened)).to_contain_text(STOP_WORDS)
    expect(opened.page.locator("#unsent")).to_be_hidden()
    assert "500" in opened.faults.pop()


def test_markup_in_words_stays_words(served: Served, visit: Opens) -> None:
    opened = visit()
    attack = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    served.house.scripted = attack
    opened.say(attack)
    expect(log(opened).get_by_text(attack)).to_have_count(2)
    assert opened.page.title() == "SafeCue: talk with your coach"


def test_everything_works_without_javascript(visit: Opens) -> None:
    opened = visit(scripts=False)
    opened.page.get_by_role("button", name="Say hello").click()
    expect(log(opened)).to_contain_text(HELLO)
    opened.page.get_by_label("Your message").fill("region please")
    opened.page.get_by_role("button", name="Send").click()
    opened.page.get_by_role("button", name="Shoulder").click()
    expect(log(opened)).to_contain_text("You chose Shoulder.")
    assert opened.page.url.endswith("/#end")
    opened.page.get_by_label("Your message").fill("I have chest pain")
    opened.page.get_by_role("button", name="Send").click()
    expect(log(opened).get_by_role("alert")).to_be_in_viewport()
    opened.page.get_by_role("link", name="Show new messages").click()
    expect(log(opened)).to_contain_text(STOP_WORDS)


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_nothing_has_to_be_scrolled_sideways(width: int, served: Served, visit: Opens) -> None:
    served.house.pains = [PainEntry(datetime.now(UTC) - timedelta(days=1), 10)]
    opened = visit(width=width, height=568)
    for words in ("x" * 400, "scale", "show my progress", "I have chest pain"):
        opened.say(words)
        expect(opened.page.locator(".you").last).to_contain_text(words)
    expect(log(opened).get_by_role("alert")).to_be_visible()
    expect(log(opened).get_by_role("img")).to_be_visible()
    wide = opened.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    assert opened.page.evaluate("document.querySelector('.bubble img').naturalWidth") > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(scheme: str, served: Served, visit: Opens) -> None:
    served.house.pains = [PainEntry(datetime.now(UTC), 4)]
    opened = visit(scheme=scheme, width=375)
    _check(opened)
    for words in ("show my progress", "I have chest pain", "region please", "scale"):
        opened.say(words)
        expect(opened.page.locator(".you").last).to_contain_text(words)
    expect(opened.page.get_by_role("button", name="Knee")).to_be_visible()
    expect(opened.page.get_by_role("button", name="10")).to_be_visible()
    _check(opened)
    opened.page.goto(served.address + "nothing-here")
    _check(opened)
    opened.faults[:] = [fault for fault in opened.faults if "404" not in fault]


def _check(opened: Visit) -> None:
    found = Axe().run(opened.page, options={"runOnly": STANDARDS})
    assert found.violations_count == 0, found.generate_report()


def test_the_words_are_at_least_eighteen_pixels_high(visit: Opens) -> None:
    opened = visit()
    opened.say("good morning")
    expect(log(opened)).to_contain_text(HELLO)
    size = opened.page.evaluate("getComputedStyle(document.querySelector('.words')).fontSize")
    assert float(size.removesuffix("px")) >= 18
