"""The JSON door: what programs may send and what they get back."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from fake_house import HELLO, STOP_WORDS, FakeHouse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from bot.webchat.app import build_app

SECRET = "a secret of sixteen letters"


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


@pytest.fixture
def program(house: FakeHouse) -> Iterator[TestClient]:
    app = build_app(house, SECRET)
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50000)) as client:
        yield client


def test_a_text_is_answered_with_replies_verdict_and_intent(program: TestClient) -> None:
    answer = program.post("/api/chat", json={"conversation": "c1", "text": "good morning"}).json()
    assert [reply["text"] for reply in answer["replies"]] == [HELLO]
    assert {"text", "buttons", "image", "content_id"} <= set(answer["replies"][0])
    assert answer["verdict"] == {"level": "none", "urgency": "none", "reasons": []}
    assert answer["intent"] == {"name": "greet", "confidence": 0.9}


def test_a_stop_names_its_rule_and_the_words_that_said_so(program: TestClient) -> None:
    answer = program.post("/api/chat", json={"conversation": "c1", "text": "chest pain"}).json()
    assert [reply["text"] for reply in answer["replies"]] == [STOP_WORDS]
    assert answer["verdict"]["level"] == "stop"
    assert answer["verdict"]["reasons"][0]["rule"] == "chest_pain"
    assert answer["verdict"]["reasons"][0]["evidence"] == [{"start": 0, "end": 10, "text": "chest pain"}]
    assert answer["intent"] == {"name": "safety_stop", "confidence": 1.0}


def test_a_payload_is_a_token_that_works_once_and_in_its_own_conversation(program: TestClient) -> None:
    def press(conversation: str, payload: str) -> str:
        answer = program.post("/api/chat", json={"conversation": conversation, "payload": payload}).json()
        return str(answer["replies"][0]["text"])

    asked = program.post("/api/chat", json={"conversation": "c1", "text": "region"}).json()
    knee = asked["replies"][0]["buttons"][0]
    assert knee["title"] == "Knee"
    assert "answer:" not in knee["payload"]
    assert press("c2", knee["payload"]) == "That button is used up."
    assert press("c1", knee["payload"]) == "You chose Knee."
    assert press("c1", knee["payload"]) == "That button is used up."
    assert press("c1", "answer:region=Knee") == "That button is used up."


def test_late_words_can_be_fetched_and_count_as_delivered(house: FakeHouse, program: TestClient) -> None:
    program.post("/api/chat", json={"conversation": "c1", "text": "good morning"})
    (who,) = house.messages
    late = house.say(who, "How did the walk go?")
    news = program.post("/api/updates", json={"conversation": "c1", "after": 2}).json()
    assert [reply["text"] for reply in news["replies"]] == ["How did the walk go?"]
    assert news["last"] == 3
    assert late.id in house.handed_over


def test_a_reply_names_its_document_which_its_own_conversation_can_fetch(program: TestClient) -> None:
    said = program.post("/api/chat", json={"conversation": "c1", "text": "my data"}).json()
    document = said["replies"][0]["document"]
    assert document["name"] == "my-data.json"
    wanted = {"conversation": "c1", "document": document["id"]}
    saved = program.post("/api/document", json=wanted)
    assert saved.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert saved.json() == ["my data", "Here is your file."]
    assert program.post("/api/document", json=wanted | {"conversation": "c2"}).status_code == 404
    assert program.post("/api/document", json=wanted | {"document": ""}).status_code == 400
    assert program.post("/api/document", json={"conversation": "c1"}).status_code == 400


def test_a_reply_without_a_document_says_nothing_of_one(program: TestClient) -> None:
    said = program.post("/api/chat", json={"conversation": "c1", "text": "good morning"}).json()
    assert set(said["replies"][0]) == {"text", "buttons", "image", "content_id", "kind", "asks"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", "either 'text' or 'payload'"),
        (b'{"text": "a", "payload": "b", "conversation": "c"}', "either 'text' or 'payload'"),
        (b'{"text": "a"}', "'conversation' is missing"),
        (b'{"text": 7, "conversation": "c"}', "'text' must be a string"),
        (b'{"text": null, "conversation": "c"}', "'text' must be a string"),
        (b'{"text": "a", "conversation": ["c"]}', "'conversation' must be a string"),
        (b'{"text": "a", "conversation": ""}', "'conversation' must have"),
        (b'{"text": "a", "conversation": "\\ud800"}', "'conversation' must have"),
        (b'{"text": "a", "conversation": "a\\u0000b"}', "'conversation' must have"),
        (b'{"payload": "", "conversation": "c"}', "'payload' must have"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_the_reason(
    body: bytes, said: str, house: FakeHouse, program: TestClient
) -> None:
    answer = program.post("/api/chat", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert house.messages == {}


def test_only_json_is_taken(program: TestClient) -> None:
    body = json.dumps({"conversation": "c", "text": "a"})
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = program.post("/api/chat", content=body, headers={"content-type": kind})
        assert answer.status_code == 415
        assert "application/json" in answer.json()["error"]


def test_the_longest_text_is_taken_and_one_more_character_is_not(
    house: FakeHouse, program: TestClient
) -> None:
    taken = program.post("/api/chat", json={"conversation": "c", "text": "a" * 100_000})
    assert taken.status_code == 200
    refused = program.post("/api/chat", json={"conversation": "c", "text": "a" * 100_001})
    assert refused.status_code == 413
    assert "100,000 characters" in refused.json()["error"]


def test_a_body_above_a_megabyte_is_refused_without_reading_on(program: TestClient) -> None:
    answer = program.post("/api/chat", content=b" " * 1_048_577, headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_another_method_is_told_so_as_json(program: TestClient) -> None:
    answer = program.get("/api/chat")
    assert answer.status_code == 405
    assert answer.json() == {"error": "Method Not Allowed."}


def test_a_browser_page_of_another_origin_is_refused(house: FakeHouse, program: TestClient) -> None:
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = program.post("/api/chat", json={"conversation": "c", "text": "a"}, headers=headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
    assert house.messages == {}


def test_a_program_on_another_machine_is_refused_unless_the_page_is_public(house: FakeHouse) -> None:
    def status(*, public: bool) -> int:
        app = build_app(house, SECRET, public=public)
        far = TestClient(app, base_url="http://127.0.0.1:8000", client=("192.0.2.7", 50000))
        return far.post("/api/chat", json={"conversation": "c", "text": "a"}).status_code

    assert status(public=False) == 403
    assert status(public=True) == 200


def test_a_program_can_not_name_a_visitor_of_the_page(house: FakeHouse, program: TestClient) -> None:
    program.get("/")
    program.post("/say", data={"text": "my own secret"})
    visitor = program.cookies["safecue"].partition(".")[0]
    news = program.post("/api/updates", json={"conversation": visitor}).json()
    assert news["replies"] == []


def test_a_fault_of_ours_is_told_without_the_words_that_met_it(
    house: FakeHouse, program: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    house.broken = True
    answer = program.post("/api/chat", json={"conversation": "c", "text": "my own secret"})
    assert answer.status_code == 500
    assert answer.json() == {"error": "Something went wrong on our side."}
    assert "secret" not in caplog.text
    assert [record.levelno for record in caplog.records if record.name.startswith("bot")] == [logging.ERROR]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_any_text_at_all_gets_an_answer(program: TestClient, text: str) -> None:
    body = json.dumps({"conversation": "c", "text": text}).encode()
    answer = program.post("/api/chat", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["replies"]
