"""The shipped pipeline, policies, door and store under a small project, as a real Rasa server."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import httpx
import pytest
from engine_bench import RunningEngine, Talk

from engine.minilm import encoder, weights_folder

pytestmark = pytest.mark.engine

STOPS = ["crisis", "stop", "check"]


def texts(answer: dict[str, Any]) -> list[str]:
    return [reply["text"] for reply in answer["replies"]]


def test_an_answer_carries_replies_intent_ranking_and_where_the_flow_stands(talk: Talk) -> None:
    answer = talk.say("let us begin", intent="begin")
    assert answer["replies"][-1] == {
        "text": "say ask_region",
        "buttons": [{"title": "Knee", "payload": "answer:region=knee"}],
        "image": None,
        "document": None,
        "content_id": "ask_region",
        "version": "1",
        "kind": "question",
        "asks": "region",
        "region": None,
        "variables": {},
    }
    assert answer["intent"] == {"name": "begin", "confidence": 1.0}
    assert answer["ranking"] == [answer["intent"]], "settled without its words"
    assert (answer["flow"], answer["requested_slot"], answer["entities"]) == ("talk_form", "region", [])


def test_words_of_several_bubbles_arrive_in_order(talk: Talk) -> None:
    assert texts(talk.say("hello there")) == ["first", "say greeting"]


def test_what_a_custom_action_says_keeps_its_id_and_variables(talk: Talk) -> None:
    reply = talk.say("what is pacing")["replies"][0]
    assert (reply["content_id"], reply["version"], reply["variables"]) == (
        "action_teach",
        "1",
        {"said": "action_teach"},
    )


def vector_of(text: str) -> str:
    vector = encoder(weights_folder()).embed([text])[0]
    return base64.b64encode(vector.tobytes()).decode("ascii")


def test_a_vector_that_comes_along_is_taken_instead_of_the_words(talk: Talk) -> None:
    told = talk.say("hello there", vector=vector_of("what is pacing"))
    read = talk.say("what is pacing")
    assert told["intent"]["name"] == read["intent"]["name"] == "pacing"
    assert told["intent"]["confidence"] == pytest.approx(read["intent"]["confidence"], abs=1e-4)


@pytest.mark.parametrize(
    "vector", ["", "no vector!", "AAAA", 7, ["a"], base64.b64encode(bytes(1536)).decode()]
)
def test_what_is_no_vector_is_passed_over(talk: Talk, vector: Any) -> None:
    assert talk.say("what is pacing", vector=vector)["intent"]["name"] == "pacing"


@pytest.mark.parametrize("level", STOPS)
def test_a_stop_ends_the_flow_and_fills_nothing(talk: Talk, level: str) -> None:
    talk.say(intent="begin")
    ended = talk.say("chest pain", verdict={"level": level}, answer={"slot": "region", "value": "chest pain"})
    assert (ended["intent"]["name"], ended["flow"], ended["replies"]) == ("safety_stop", None, [])
    assert texts(talk.say(intent="belief_damage")) == ["{}"]


def test_a_stop_ends_the_flow_in_the_middle_of_a_digression_too(talk: Talk) -> None:
    talk.say(intent="begin")
    talk.say(intent="pacing")
    talk.say("pain in my chest", verdict={"level": "stop"}, question={"slot": "region", "form": "text"})
    assert talk.say(intent="greet")["flow"] is None


def test_after_a_stop_the_flow_resumes_at_the_first_open_question(talk: Talk) -> None:
    talk.say(intent="begin")
    talk.answer("region", "knee")
    talk.say("chest pain", verdict={"level": "stop"})
    assert talk.say(intent="begin")["requested_slot"] == "thought"


@pytest.mark.parametrize("intent", ["pacing", "greet", "belief_damage", "nlu_fallback", "begin"])
def test_after_a_digression_the_question_is_asked_again_once_and_nothing_is_filled(
    talk: Talk, intent: str
) -> None:
    talk.say(intent="begin")
    answer = talk.say("knee", intent=intent)
    assert texts(answer).count("say ask_region") == 1
    assert texts(answer)[-1] == "say ask_region"
    assert answer["requested_slot"] == "region"
    assert "{'requested_slot': 'region'}" in texts(talk.say(intent="belief_damage"))


def test_only_an_answer_fills_a_slot_not_the_same_words_as_anything_else(talk: Talk) -> None:
    talk.say(intent="begin")
    talk.say("knee", intent="pacing", slots={"region": "knee"})
    talk.say("knee")
    assert talk.say("knee", verdict={"level": "assess"})["requested_slot"] == "region"
    assert talk.answer("region", "knee")["requested_slot"] == "thought"


@pytest.mark.parametrize("value", [0, "", "two words"])
def test_any_value_that_is_an_answer_fills_its_slot(talk: Talk, value: object) -> None:
    talk.say(intent="begin")
    assert talk.answer("region", value)["requested_slot"] == "thought"


def test_a_flow_goes_back_one_question_and_ends_when_all_is_answered(talk: Talk) -> None:
    talk.say(intent="begin")
    talk.answer("region", "knee")
    assert talk.say(intent="go_back")["requested_slot"] == "region"
    talk.answer("region", "hip")
    ended = talk.say("my joint is wearing out", question={"slot": "thought", "form": "text"})
    assert (texts(ended), ended["flow"]) == (["action_done"], None)
    assert texts(talk.say(intent="belief_damage")) == [
        "{'region': 'hip', 'thought': 'my joint is wearing out'}"
    ]


def test_an_answer_to_nothing_is_told_as_such(talk: Talk) -> None:
    assert texts(talk.answer("region", "knee")) == ["action_stray_answer"]


@pytest.mark.parametrize(
    "typed", ["/restart", "  /session_start", "//greet", "/ /back", '/begin{"region": "knee"}']
)
def test_a_typed_slash_is_no_command(talk: Talk, typed: str) -> None:
    talk.say(intent="begin")
    answer = talk.say(typed)
    assert answer["intent"]["name"] in {"greet", "pacing", "belief_damage", "nlu_fallback"}
    assert answer["requested_slot"] == "region"


@pytest.mark.parametrize(
    "typed", ["", " ", "\u200b", "\x00\x01", "x" * 100_000, "🦵", "{{7*7}}'; DROP TABLE events; --"]
)
def test_odd_input_gets_an_answer(talk: Talk, typed: str) -> None:
    assert talk.say(typed)["replies"]


def test_a_repeated_message_gets_the_stored_answer_and_changes_nothing(
    talk: Talk, engine: RunningEngine
) -> None:
    talk.say(intent="begin")
    first = talk.say("knee", "same", answer={"slot": "region", "value": "knee"})
    rows = len(engine.rows("conversations", talk.sender))
    assert talk.say("hip", "same", answer={"slot": "thought", "value": "hip"}) == first
    assert len(engine.rows("conversations", talk.sender)) == rows


def test_a_message_id_belongs_to_its_sender(engine: RunningEngine) -> None:
    one, other = engine.talk(), engine.talk()
    one.say("hello there", "same")
    assert texts(other.say("what is pacing", "same")) == ["action_teach"]


def test_messages_of_one_person_at_the_same_time_are_taken_one_by_one(talk: Talk) -> None:
    talk.say(intent="begin")
    with ThreadPoolExecutor(4) as many:
        answers = list(
            many.map(lambda _: talk.say("knee", "same", answer={"slot": "region", "value": "knee"}), range(4))
        )
    assert all(answer == answers[0] for answer in answers)
    assert talk.say(intent="greet")["requested_slot"] == "thought"


def test_a_person_whose_turn_hangs_keeps_nobody_else_waiting(engine: RunningEngine) -> None:
    slow, other = engine.talk(), engine.talk()
    slow.say(intent="greet")
    with ThreadPoolExecutor(1) as beside:
        hanging = beside.submit(slow.say, intent="pacing", wait=3)
        time.sleep(0.3)
        other.say(intent="greet")
        assert not hanging.done()
        assert texts(hanging.result()) == ["action_teach"]


def test_a_caller_that_hangs_up_finds_the_answer_when_it_asks_again(
    talk: Talk, engine: RunningEngine
) -> None:
    talk.say(intent="greet")
    body = {
        "sender": talk.sender,
        "message_id": "late",
        "text": "",
        "metadata": {"intent": "pacing", "wait": 1.5},
    }
    with pytest.raises(httpx.ReadTimeout):
        engine.door.post("/turn", json=body, timeout=0.5)
    assert texts(talk.say("never looked at", "late")) == ["action_teach"]
    assert len(engine.rows("answers", talk.sender)) == 2


def test_a_turn_that_fails_says_so_and_leaves_no_trace(talk: Talk, engine: RunningEngine) -> None:
    talk.say(intent="begin")
    before = engine.rows("conversations", talk.sender)
    failed = talk.post("what is pacing", "again", intent="pacing", **{"break": True})
    assert (failed.status_code, failed.json()) == (500, {"error": "failed"})
    assert engine.rows("conversations", talk.sender) == before
    assert talk.say("what is pacing", "again", intent="pacing")["requested_slot"] == "region"


def test_two_hundred_turns_keep_no_more_than_the_first_and_the_last_fifty_answers(
    talk: Talk, engine: RunningEngine
) -> None:
    def kept() -> int:
        ((_, data),) = engine.rows("conversations", talk.sender)
        return len(data)

    talk.say(intent="greet")
    first = kept()
    for _ in range(199):
        talk.say(intent="greet")
    assert kept() == first
    answered = [row[2] for row in engine.rows("answers", talk.sender)]
    assert answered == [f"m{number}" for number in range(151, 201)]


def test_a_flow_keeps_its_question_and_its_answers_however_long_it_takes(talk: Talk) -> None:
    talk.say(intent="begin")
    talk.answer("region", "knee")
    for _ in range(62):
        assert talk.say(intent="greet")["requested_slot"] == "thought"
    assert talk.answer("thought", "worn")["flow"] is None
    assert texts(talk.say(intent="belief_damage")) == ["{'region': 'knee', 'thought': 'worn'}"]


def test_a_story_goes_on_with_what_was_said_and_then_is_over(talk: Talk) -> None:
    told = [texts(talk.say(intent=intent))[-1] for intent in ("worry", "affirm", "affirm", "affirm")]
    assert told == ["say worry_asked", "say worry_heard", "say worry_done", "action_default_fallback"]


def test_a_story_goes_on_behind_an_action_that_itself_says_to_listen(talk: Talk) -> None:
    told = [texts(talk.say(intent=intent))[-1] for intent in ("worry", "tell_more", "affirm")]
    assert told == ["say worry_asked", "action_more", "say worry_told"]


def test_a_story_is_found_at_any_place_of_a_talk_whatever_slots_are_filled(talk: Talk) -> None:
    talk.say(intent="begin")
    talk.answer("region", "knee")
    talk.answer("thought", "worn")
    for before in (["greet"], ["worry"], ["worry", "affirm"]):
        for intent in before:
            talk.say(intent=intent)
        assert texts(talk.say(intent="worry"))[-1] == "say worry_asked"
        assert texts(talk.say(intent="affirm"))[-1] == "say worry_heard"


@pytest.mark.parametrize("level", STOPS)
def test_a_stop_in_the_middle_of_a_story_leaves_it(talk: Talk, level: str) -> None:
    talk.say(intent="worry")
    assert talk.say("chest pain", verdict={"level": level})["replies"] == []
    assert texts(talk.say(intent="affirm")) == ["action_default_fallback"]


@pytest.mark.parametrize("between", ["greet", "pacing", "report_symptom", "nlu_fallback"])
def test_anything_else_in_the_middle_of_a_story_leaves_it(talk: Talk, between: str) -> None:
    talk.say(intent="worry")
    talk.say(intent="affirm")
    talk.say(intent=between)
    assert texts(talk.say(intent="affirm")) == ["action_default_fallback"]


def test_a_flow_leaves_a_story_and_its_question_is_asked_again(talk: Talk) -> None:
    talk.say(intent="worry")
    talk.say(intent="begin")
    answer = talk.say(intent="affirm")
    assert "say worry_heard" not in texts(answer)
    assert (texts(answer)[-1], answer["requested_slot"]) == ("say ask_region", "region")


def test_a_yes_without_a_story_gets_the_usual_reply(talk: Talk) -> None:
    assert texts(talk.say(intent="affirm")) == ["action_default_fallback"]


def test_erasing_a_person_removes_every_row_and_nobody_elses(engine: RunningEngine) -> None:
    gone, stays = engine.talk(), engine.talk()
    for each in (gone, stays):
        each.say(intent="begin")
        each.answer("region", "knee")
    rows = len(engine.rows("conversations", gone.sender)) + len(engine.rows("answers", gone.sender))
    assert engine.door.delete(f"/person/{gone.sender}").json() == {"removed": rows}
    assert engine.rows("conversations", gone.sender) == engine.rows("answers", gone.sender) == []
    assert engine.door.delete(f"/person/{gone.sender}").json() == {"removed": 0}
    assert stays.say(intent="greet")["requested_slot"] == "thought"
    assert gone.say(intent="greet")["flow"] is None


def test_nothing_a_person_wrote_or_heard_can_be_read_in_the_files(talk: Talk, engine: RunningEngine) -> None:
    talk.say("begin", intent="begin")
    talk.say("a quite singular sentence", answer={"slot": "region", "value": "an unmistakable value"})
    talk.say("another singular sentence", question={"slot": "thought", "form": "text"})
    stored = b"".join(path.read_bytes() for path in engine.folder.glob("engine.db*"))
    logged = engine.log.encode()
    for words in (b"singular", b"unmistakable", b"safety_stop", b"say ask", b"talk_form"):
        assert words not in stored, words
        assert words not in logged, words


@pytest.mark.parametrize("key", ["", "wrong", "a key of the tests "[:-2]])
def test_without_the_key_the_door_stays_shut(engine: RunningEngine, key: str) -> None:
    strange = {"X-SafeCue-Key": key}
    assert (
        engine.door.post("/turn", json={"sender": "a", "message_id": "b"}, headers=strange).status_code == 401
    )
    assert engine.door.delete("/person/a", headers=strange).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        json.dumps({"sender": "a"}).encode(),
        json.dumps({"sender": "", "message_id": "b"}).encode(),
        json.dumps({"sender": "a", "message_id": 7}).encode(),
        json.dumps({"sender": "a" * 256, "message_id": "b"}).encode(),
        json.dumps({"sender": "a", "message_id": "b", "text": 7}).encode(),
        json.dumps({"sender": "a", "message_id": "b", "metadata": ["x"]}).encode(),
    ],
)
def test_a_call_that_is_not_as_agreed_is_refused(engine: RunningEngine, body: bytes) -> None:
    assert engine.door.post("/turn", content=body).status_code == 400


def test_rasas_own_doors_are_shut(engine: RunningEngine) -> None:
    root = str(engine.door.base_url).split("/webhooks")[0]
    for path in ("/model/parse", "/conversations/a/tracker", "/domain", "/webhooks/rest/webhook"):
        assert httpx.get(root + path, trust_env=False).status_code == 404, path


def test_another_process_with_a_newer_key_goes_on_with_the_talk(
    engine: RunningEngine, second: RunningEngine
) -> None:
    talk = engine.talk()
    talk.say(intent="begin")
    first = talk.say("knee", "before", answer={"slot": "region", "value": "knee"})
    same = Talk(second.when_ready().door, talk.sender, count(100))
    assert same.say("anything", "before") == first
    assert same.say(intent="greet")["requested_slot"] == "thought"
