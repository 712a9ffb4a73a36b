"""The web page as a browser without JavaScript meets it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fake_house import HELLO, STOP_WORDS, FakeHouse
from starlette.testclient import TestClient

from bot.facts.clinical import PainEntry
from bot.webchat.app import build_app

SECRET = "a secret of sixteen letters"
HERE = "http://127.0.0.1:8000"
Opener = Callable[..., TestClient]


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


@pytest.fixture
def opened(house: FakeHouse, tmp_path: Path) -> Iterator[Opener]:
    clients: list[TestClient] = []

    def open_page(**settings: object) -> TestClient:
        app = build_app(house, SECRET, **{"pictures": tmp_path, "zone": UTC, **settings})  # type: ignore[arg-type]
        client = TestClient(app, base_url=HERE, client=("127.0.0.1", 50000))
        client.__enter__()
        clients.append(client)
        return client

    yield open_page
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def visitor(opened: Opener) -> TestClient:
    client = opened()
    client.get("/")
    return client


def say(client: TestClient, text: str, **fields: str) -> str:
    return client.post("/say", data={"text": text, **fields}).text


def tokens(page: str) -> dict[str, str]:
    found = re.findall(r'<button name="token" value="([^"]+)"[^>]*>([^<]+)</button>', page)
    return {html.unescape(title): token for token, title in found}


def test_a_message_is_answered_behind_a_redirect_to_the_end_of_the_talk(visitor: TestClient) -> None:
    answer = visitor.post("/say", data={"text": "good morning"}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/#end"
    page = visitor.get("/").text
    assert page.index("good morning") < page.index(HELLO)


def test_a_button_is_pressed_with_its_token_and_is_gone_afterwards(visitor: TestClient) -> None:
    offered = tokens(say(visitor, "region please"))
    assert list(offered) == ["Knee", "Lower back", "Shoulder"]
    page = visitor.post("/say", data={"token": offered["Lower back"]}).text
    assert "You chose Lower back." in page
    assert tokens(page) == {}


def test_a_button_pressed_twice_is_answered_and_not_taken_twice(visitor: TestClient) -> None:
    token = tokens(say(visitor, "region please"))["Knee"]
    visitor.post("/say", data={"token": token})
    assert "That button is used up." in visitor.post("/say", data={"token": token}).text


def test_a_token_of_another_visitor_is_worth_nothing(opened: Opener, visitor: TestClient) -> None:
    token = tokens(say(visitor, "region please"))["Knee"]
    other = opened()
    other.get("/")
    page = other.post("/say", data={"token": token}).text
    assert "That button is used up." in page
    assert "You chose" not in page


def test_payloads_never_reach_the_page(visitor: TestClient) -> None:
    assert "answer:" not in say(visitor, "region please")


def test_a_stop_is_shown_as_an_alert_without_waiting_for_the_slow_engine(
    house: FakeHouse, opened: Opener
) -> None:
    house.slow = 60
    client = opened()
    client.get("/")
    began = datetime.now(UTC)
    page = say(client, "I have chest pain")
    assert (datetime.now(UTC) - began).total_seconds() < 2
    assert re.search(r'role="alert">\s*<p class="who">Coach<strong class="mark">Important</strong>', page)
    assert STOP_WORDS in page
    assert '<p id="writing" class="aside" role="status" hidden>' in page


def test_the_engine_hears_of_a_stop_afterwards(house: FakeHouse, visitor: TestClient) -> None:
    say(visitor, "I have chest pain")
    say(visitor, "good morning")
    assert len(house.answered) == 2


def test_while_an_answer_is_outstanding_the_page_says_so_and_links_to_it(
    house: FakeHouse, opened: Opener
) -> None:
    house.slow = 60
    client = opened(patience=0.05)
    client.get("/")
    page = say(client, "good morning")
    assert '<p id="writing" class="aside" role="status">' in page
    assert '<a href="/#end">Show the answer</a>' in page


def test_history_stays_with_the_cookie_and_a_new_browser_sees_nothing_of_it(
    opened: Opener, visitor: TestClient
) -> None:
    say(visitor, "my own secret")
    assert "my own secret" in visitor.get("/").text
    assert "my own secret" not in opened().get("/").text


def test_the_cookie_is_long_lived_and_out_of_reach_of_scripts_and_other_sites(opened: Opener) -> None:
    cookie = opened().get("/").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "max-age=31536000" in cookie
    assert "secure" not in cookie


def test_over_tls_the_cookie_stays_on_tls(house: FakeHouse) -> None:
    client = TestClient(build_app(house, SECRET), base_url="https://localhost")
    assert "secure" in client.get("/").headers["set-cookie"].lower()


def test_a_forged_cookie_opens_nobodys_talk(visitor: TestClient, opened: Opener) -> None:
    say(visitor, "my own secret")
    whole = visitor.cookies["safecue"]
    stranger = opened()
    for forged in (whole.partition(".")[0], whole[:-1] + ("0" if whole[-1] != "0" else "1"), ".", "é.ü"):
        page = stranger.get("/", headers={"cookie": f"safecue={forged}".encode()})
        assert page.status_code == 200
        assert "my own secret" not in page.text


def test_a_browser_without_cookies_still_sees_the_answer(opened: Opener) -> None:
    answer = opened().post("/say", data={"text": "I have chest pain"}, follow_redirects=False)
    assert answer.status_code == 200
    assert STOP_WORDS in answer.text


def test_a_link_on_another_site_does_not_cost_the_history(opened: Opener) -> None:
    answer = opened().get("/", headers={"sec-fetch-site": "cross-site"})
    assert "set-cookie" not in answer.headers
    assert 'content="0;url=/"' in answer.text


def test_a_form_sent_twice_is_one_message_but_other_words_from_it_are_another(
    house: FakeHouse, visitor: TestClient
) -> None:
    say(visitor, "good morning", key="k1")
    say(visitor, "good morning", key="k1")
    say(visitor, "I have chest pain", key="k1")
    (talk,) = house.messages.values()
    assert [m.text for m in talk if m.payload is None and m.content_id is None] == [
        "good morning",
        "I have chest pain",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "{{7*7}} {% include '/etc/hostname' %} ${7*7}",
        "'; DROP TABLE messages; --",
        '" onmouseover="x',
    ],
)
def test_what_a_person_or_the_coach_says_is_shown_and_never_run(
    text: str, house: FakeHouse, opened: Opener
) -> None:
    house.scripted = f"Echo: {text}"
    client = opened()
    client.get("/")
    page = say(client, text)
    assert page.count(html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")) == 2
    assert text not in page or text == html.escape(text)
    assert "49" not in re.findall(r'<p class="words"[^>]*>([^<]*)', page)[0]


def test_button_titles_are_escaped(house: FakeHouse, visitor: TestClient) -> None:
    say(visitor, "hello")
    (who,) = house.messages
    house.say(who, "Choose.", buttons=["<b>Bold</b>"], asks="region")
    assert "&lt;b&gt;Bold&lt;/b&gt;" in visitor.get("/").text


def test_right_to_left_text_turns_only_its_own_bubble(visitor: TestClient) -> None:
    page = say(visitor, "שלום \u202edlrow")
    assert '<p class="words" dir="auto">שלום \u202edlrow</p>' in page
    css = visitor.get("/static/chat.css").text
    assert re.search(r"\.words \{[^}]*unicode-bidi: isolate", css)


def test_a_hundred_thousand_characters_are_kept_whole(house: FakeHouse, visitor: TestClient) -> None:
    text = "ä" * 99_990 + "chest pain"
    assert STOP_WORDS in say(visitor, text)
    (talk,) = house.messages.values()
    assert talk[0].text == text


def test_a_longer_text_is_refused_in_plain_words(house: FakeHouse, visitor: TestClient) -> None:
    answer = visitor.post("/say", data={"text": "a" * 100_001})
    assert answer.status_code == 413
    assert "too long to read" in answer.text
    assert "emergency number" in answer.text
    assert house.messages == {}


def test_half_a_character_is_kept_as_a_mark(visitor: TestClient) -> None:
    answer = visitor.post(
        "/say",
        content=b"text=a%ED%A0%80b%FF",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 200
    assert "\ufffd" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://127.0.0.1:8000"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "http://evil.example"},
    ],
)
def test_another_sites_page_can_not_speak_for_the_visitor(
    headers: dict[str, str], house: FakeHouse, visitor: TestClient
) -> None:
    answer = visitor.post("/say", data={"text": "delete everything"}, headers=headers)
    assert answer.status_code == 403
    assert house.messages == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": HERE},
        {"sec-fetch-site": "same-origin", "origin": HERE},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {},
    ],
)
def test_our_own_page_may_speak(headers: dict[str, str], visitor: TestClient) -> None:
    assert HELLO in visitor.post("/say", data={"text": "good morning"}, headers=headers).text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "192.168.1.5:8000"])
def test_a_host_name_that_is_not_this_machines_is_refused(host: str, visitor: TestClient) -> None:
    assert visitor.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_the_names_of_this_machine_are_answered(host: str, visitor: TestClient) -> None:
    assert visitor.get("/", headers={"host": host}).status_code == 200


def test_a_public_page_answers_to_its_public_name(opened: Opener) -> None:
    assert opened(public=True).get("/", headers={"host": "coach.example"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/static/chat.js", "/static/chat.css", "/nothing", "/updates", "/static/../app.py"]
)
def test_every_answer_carries_the_strict_headers(path: str, visitor: TestClient) -> None:
    headers = visitor.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(visitor: TestClient) -> None:
    page = say(visitor, "region please")
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert re.findall(r'(?:src|href)="(?!/|#)([^"]*)"', page) == []
    for name in ("chat.js", "chat.css"):
        assert not re.search(r"https?:|//[a-z]+\.|@import", visitor.get(f"/static/{name}").text)


def test_when_keeping_fails_the_person_is_told_whom_to_call_and_no_log_holds_the_words(
    house: FakeHouse, visitor: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    house.broken = True
    answer = visitor.post("/say", data={"text": "I have chest pain"})
    assert answer.status_code == 500
    assert "call your local emergency number now" in answer.text
    assert "content-security-policy" in answer.headers
    assert "RuntimeError" in caplog.text
    assert "chest pain" not in caplog.text


def test_what_was_shown_is_reported_as_delivered(house: FakeHouse, visitor: TestClient) -> None:
    say(visitor, "good morning")
    (talk,) = house.messages.values()
    assert talk[1].id in house.handed_over
    assert talk[0].id not in house.handed_over


def test_late_words_come_with_the_next_look_once(house: FakeHouse, visitor: TestClient) -> None:
    say(visitor, "good morning")
    (who,) = house.messages
    house.say(who, "How did the walk go?")
    news = visitor.get("/updates?after=2").json()
    assert news["html"].count('class="bubble') == 1
    assert "How did the walk go?" in news["html"]
    assert news["last"] == 3
    assert visitor.get("/updates?after=3").json() == {"html": "", "last": 3, "writing": False}


def test_the_script_gets_its_message_back_at_once_and_the_answer_later(
    house: FakeHouse, opened: Opener
) -> None:
    house.slow = 0.2
    client = opened()
    client.get("/")
    asking = {"accept": "application/json"}
    first = client.post("/say", data={"text": "good morning", "after": "0"}, headers=asking).json()
    assert "good morning" in first["html"]
    assert first["writing"] is True
    news = first
    while news["writing"]:
        news = client.get(f"/updates?after={first['last']}", headers=asking).json()
    assert HELLO in news["html"]


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "²", "9" * 30, ""])
def test_a_senseless_position_is_refused(after: str, visitor: TestClient) -> None:
    assert visitor.get("/updates", params={"after": after}).status_code == 400


def test_the_progress_picture_is_drawn_for_its_own_patient_only(
    house: FakeHouse, opened: Opener, visitor: TestClient
) -> None:
    house.pains = [PainEntry(datetime.now(UTC), 6)]
    page = say(visitor, "show my progress")
    found = re.search(r'<img src="(/picture/[^"]+)"[^>]*alt="([^"]+)"', page)
    assert found is not None
    assert re.search(r": 6\.$", found[2])
    assert found[2].count("nothing noted.") == 6
    picture = visitor.get(found[1])
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    stranger = opened()
    stranger.get("/")
    assert stranger.get(found[1]).status_code == 404


@pytest.mark.parametrize("own", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_last_day_of_the_progress_picture_is_today_where_the_patient_lives(
    own: str, house: FakeHouse, visitor: TestClient
) -> None:
    """These two places never share a date, so one of them always differs from this machine's."""
    house.own_zone = ZoneInfo(own)
    house.pains = [PainEntry(datetime.now(UTC), 6)]
    page = say(visitor, "show my progress")
    today = datetime.now(UTC).astimezone(house.own_zone)
    assert f"{today:%A} {today.day} {today:%B}: 6." in " ".join(page.split())


def test_a_stored_picture_comes_from_the_folder_of_pictures(visitor: TestClient, tmp_path: Path) -> None:
    (tmp_path / "knee_bend.png").write_bytes(b"\x89PNG stored")
    page = say(visitor, "a picture please")
    found = re.search(r'<img src="([^"]+)" alt="Picture: knee bend">', page)
    assert found is not None
    assert visitor.get(found[1]).content == b"\x89PNG stored"


def test_a_picture_name_can_not_climb_out_of_its_folder(
    house: FakeHouse, opened: Opener, tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "pictures").mkdir()
    client = opened(pictures=tmp_path / "pictures")
    client.get("/")
    say(client, "hello")
    (who,) = house.messages
    climbing = house.say(who, "Look.", image="../secret.png")
    assert client.get(f"/picture/{climbing.id}.png").status_code == 404


def link_to_document(page: str) -> str:
    found = re.search(r'<a href="(/document/[0-9a-f]+)" download>Download my-data\.json</a>', page)
    assert found is not None
    return found[1]


def test_a_document_is_saved_under_its_name_and_kept_by_no_cache(visitor: TestClient) -> None:
    saved = visitor.get(link_to_document(say(visitor, "my data please")))
    assert saved.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert saved.headers["cache-control"] == "no-store"
    assert saved.headers["x-content-type-options"] == "nosniff"
    assert saved.json() == ["my data please", "Here is your file."]


def test_a_document_is_made_anew_each_time_it_is_fetched_and_not_before(
    house: FakeHouse, visitor: TestClient
) -> None:
    link = link_to_document(say(visitor, "my data please"))
    assert house.documents_made == 0
    visitor.get(link)
    say(visitor, "one thing more")
    assert "one thing more" in visitor.get(link).text
    assert house.documents_made == 2


def test_a_document_is_for_its_own_visitor_only(
    opened: Opener, house: FakeHouse, visitor: TestClient
) -> None:
    link = link_to_document(say(visitor, "my data please"))
    nobody, stranger = opened(), opened()
    stranger.get("/")
    say(stranger, "my data please")
    assert nobody.get(link).status_code == 404
    assert stranger.get(link).status_code == 404
    assert house.documents_made == 0


@pytest.mark.parametrize("wanted", ["..%2f..%2fvar%2fsafecue.db", "%2e%2e", "my-data.json", "", "a%00b"])
def test_what_is_no_message_with_a_document_hands_nothing_over(visitor: TestClient, wanted: str) -> None:
    say(visitor, "my data please")
    assert visitor.get(f"/document/{wanted}").status_code == 404


def test_a_message_without_a_document_hands_nothing_over(house: FakeHouse, visitor: TestClient) -> None:
    page = say(visitor, "hello")
    assert "/document/" not in page
    ((_, reply),) = house.messages.values()
    assert visitor.get(f"/document/{reply.id}").status_code == 404


def test_a_long_talk_shows_its_newest_part_and_a_way_to_the_rest(
    house: FakeHouse, visitor: TestClient
) -> None:
    say(visitor, "the very first words")
    (who,) = house.messages
    for number in range(450):
        house.say(who, f"line {number}")
    page = visitor.get("/").text
    assert "line 449<" in page
    assert "the very first words" not in page
    assert '<a href="/?all=1">' in page
    assert "the very first words" in visitor.get("/?all=1").text


def test_erased_words_are_shown_as_erased(house: FakeHouse, visitor: TestClient) -> None:
    say(visitor, "hello")
    (talk,) = house.messages.values()
    talk[0] = type(talk[0])(**{f: getattr(talk[0], f) for f in talk[0].__slots__} | {"text": None})
    assert "This message was erased." in visitor.get("/").text
