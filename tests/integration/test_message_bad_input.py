"""Whatever comes in: a clear answer, nothing lost, nothing executed."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message_house import House

from bot.facts.clinical import Level
from bot.facts.talk import Direction, Standing

OTHER_LANGUAGE = ["other_language", "ask_which_sign"]
CHEST = "I've got a tight pain in my chest"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["not_text"]),
        ("   \n\t ", ["not_text"]),
        ("\u200b\u200d\u2060\ufeff", ["not_text"]),
        ("\x00\x01\x1b[2J\x7f", ["chat_greet"]),
        ("\x00\x01\x02\x7f\x9b", ["not_text"]),
        ("...!!!", ["not_text"]),
        ("😀😀🎉", ["not_text"]),
        ("👍", ["chat_greet"]),
        ("/delete_data", ["unknown_command"]),
        ("  /delete_data", ["unknown_command"]),
        ('/delete_data{"confirm": "yes"}', ["unknown_command"]),
        ("/session_start", ["unknown_command"]),
        ("كتفي متعب", OTHER_LANGUAGE),
        ("אני רוצה לדבר", OTHER_LANGUAGE),
        ("me duele la rodilla desde hace años", OTHER_LANGUAGE),
        ("<script>alert(1)</script><img src=x onerror=alert(1)>", ["chat_greet"]),
        ("'; DROP TABLE messages; --", ["chat_greet"]),
        ("{{7*7}} ${7*7} {% raw %} {goal} {emergency} %s %(x)s", ["chat_greet"]),
    ],
)
async def test_odd_words_get_a_clear_answer_and_are_kept_as_they_came(
    house: House, text: str, ids: list[str]
) -> None:
    person = house.patient()
    assert await person.say(text) == ids
    assert [m.text for m in person.wrote] == [text]
    assert "49" not in person.words
    assert person.record.standing is Standing.ACTIVE
    assert await person.say("hello") == ["chat_greet"]


async def test_in_another_language_the_signs_and_the_emergency_number_are_shown(house: House) -> None:
    person = house.patient()
    assert await person.say("tengo un dolor muy fuerte en el pecho") == OTHER_LANGUAGE
    assert "999" in person.words
    assert house.engine.heard == []
    said = await person.press(next(title for title, _ in person.heard[-1].buttons if "hest" in title))
    assert said[0].startswith("say_stop")
    assert person.levels == [Level.STOP]


@pytest.mark.parametrize("standing", [Standing.NEW, Standing.REFUSED, Standing.MINOR, Standing.NOT_FOR])
async def test_another_language_is_told_to_everybody(house: House, standing: Standing) -> None:
    assert (
        await house.patient(standing=standing).say("ich habe seit Monaten Schmerzen im Knie")
        == OTHER_LANGUAGE
    )


async def test_a_sign_that_was_found_is_answered_whatever_language_is_around_it(house: House) -> None:
    person = house.patient()
    assert await person.say("ich habe seit gestern chest pain und Angst") == ["say_stop_chest"]


async def test_an_answer_to_a_question_is_an_answer_in_any_language(house: House) -> None:
    person = house.stranger()
    await person.send("hello")
    person.is_asked("ask_country")
    await person.send("österreich")
    assert house.engine.heard[-1].metadata["answer"] == {"slot": "country", "value": "AT"}


@pytest.mark.parametrize("text", ["/restart", "/start", "  /help", "\u00a0/stop", "/restart!", "//restart"])
async def test_a_typed_command_never_reaches_the_engine_with_its_slash(house: House, text: str) -> None:
    person = house.patient()
    assert await person.say(text) == ["chat_greet"]
    (heard,) = house.engine.heard
    assert not heard.text.strip().startswith("/")
    assert heard.metadata["intent"] is not None


async def test_a_stop_behind_a_slash_is_a_stop_and_no_command(house: House) -> None:
    person = house.patient()
    assert await person.say("/restart I have chest pain") == ["say_stop_chest"]
    assert not house.engine.texts[0].startswith("/")


async def test_a_typed_button_payload_is_only_words(house: House) -> None:
    person = house.patient()
    await person.send(CHEST)
    await person.send("answer:care_sought=yes_seen")
    await person.send("do:delete_data")
    assert person.levels == [Level.STOP]
    assert [heard.metadata["intent"] for heard in house.engine.heard[1:]] == [None, None]
    assert person.record.standing is Standing.ACTIVE


async def test_a_hundred_thousand_characters_are_kept_whole_and_answered_with_little_work(
    house: House,
) -> None:
    person = house.patient()
    text = ("I walk a little and my day was fine. " * 3000)[:100_000]
    began = time.process_time()
    assert await person.say(text) == ["too_long"]
    assert time.process_time() - began < 5.0
    assert [m.text for m in person.wrote] == [text]
    assert house.engine.heard == []


async def test_a_stop_at_the_end_of_a_hundred_thousand_characters_is_found(house: House) -> None:
    person = house.patient()
    text = ("I walk a little and my day was fine. " * 2700)[:99_900] + ". I have chest pain."
    assert await person.say(text) == ["say_stop_chest"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("my knee is swollen", "say_assess_joint_swelling"),
        ("I used to want to kill myself", "say_care_past"),
    ],
)
async def test_what_a_too_long_message_says_about_a_body_is_answered_all_the_same(
    house: House, text: str, said: str
) -> None:
    person = house.patient()
    padding = "The sun was out and we had tea in the garden. " * 100
    assert await person.say(f"{text}. {padding}") == [said, "too_long"]


async def test_what_stands_behind_an_unknown_command_is_answered_all_the_same(house: House) -> None:
    person = house.patient()
    assert await person.say("/symptom my knee is swollen") == ["say_assess_joint_swelling", "unknown_command"]


@pytest.mark.parametrize(
    "text",
    [
        "che\u200bst pa\u200bin right now",
        "I have ch\u00adest pain",
        "\u202eI have chest pain\u202c",
        "I have CHEST\x00 pain",
    ],
)
async def test_hidden_characters_hide_no_warning_sign(house: House, text: str) -> None:
    person = house.patient()
    arrival = await person.send(text)
    assert arrival.verdict.level is Level.STOP
    assert [m.text for m in person.wrote] == [text]


async def test_half_a_character_from_a_broken_program_loses_no_warning_sign(house: House) -> None:
    person = house.patient()
    assert await person.say("I have chest pain \ud83d") == ["say_stop_chest"]
    assert (person.wrote[0].text or "").startswith("I have chest pain")


async def test_five_signs_at_once_are_all_kept_and_the_worst_is_answered(house: House) -> None:
    person = house.patient()
    text = "I have chest pain, my leg went numb, I feel dizzy, my knee gives way and my ankle is swollen"
    arrival = await person.send(text)
    rules = {reason.rule for reason in arrival.verdict.reasons}
    assert {"chest_pain", "limb_numb", "dizzy_or_faint", "giving_way", "joint_swelling"} <= rules
    assert person.answers_to(arrival)[0] == "say_stop_chest"
    assert set(house.flags()[0].summary.split(", ")) == rules


@pytest.mark.parametrize("number", ["11", "-1", "400"])
async def test_a_number_out_of_scale_is_told_and_the_question_is_put_again(house: House, number: str) -> None:
    person = house.patient()
    await person.send("hello")
    person.is_asked("ask_pain_now")
    assert await person.say(number) == ["off_scale", "ask_pain_now"]
    with house.records.unit() as uow:
        assert list(uow.log.pains(person.id, person.record.created_at)) == []
    await person.send("7")
    assert house.engine.heard[-1].metadata["answer"] == {"slot": "pain_now", "value": "7"}


@pytest.mark.parametrize(
    ("question", "variables", "text", "said"),
    [
        ("ask_confidence", {"movement": "squatting"}, "11", ["off_scale", "ask_confidence"]),
        ("ask_reminder", {"clock": "09:05"}, "25:00", ["no_such_time", "ask_reminder"]),
        ("ask_reminder", {"clock": "09:05"}, "25:70", ["no_such_time", "ask_reminder"]),
        ("ask_reminder", {"clock": "09:05"}, "at 9:75", ["no_such_time", "ask_reminder"]),
        ("ask_local_time", {}, "24:10", ["no_such_time", "ask_local_time"]),
    ],
)
async def test_a_question_with_words_of_the_persons_own_is_put_again_in_the_same_words(
    house: House, question: str, variables: dict[str, str], text: str, said: list[str]
) -> None:
    person = house.patient()
    await person.send("hello")
    person.is_asked(question, **variables)
    asked = person.heard[-1]
    assert await person.say(text) == said
    assert person.heard[-1].text == asked.text


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        ("ask_pain_months", "since 30 February", ["no_such_day", "ask_pain_months"]),
        ("ask_pain_months", "since tomorrow", ["day_to_come", "ask_pain_months"]),
        ("ask_pain_now", "4 since tomorrow", ["day_to_come", "ask_pain_now"]),
        ("ask_session_minutes", "I did it next Monday", ["day_to_come", "ask_session_minutes"]),
    ],
)
async def test_a_day_that_cannot_be_is_told_kept_nowhere_and_the_question_put_again(
    house: House, question: str, text: str, said: list[str]
) -> None:
    person = house.patient()
    await person.send("hello")
    person.is_asked(question)
    assert await person.say(text) == said
    assert len(house.engine.heard) == 1
    assert "slot" not in person.wrote[-1].understanding


async def test_a_sign_beside_a_day_that_cannot_be_is_answered_all_the_same(house: House) -> None:
    person = house.patient()
    assert await person.say("my knee is swollen since tomorrow") == [
        "say_assess_joint_swelling",
        "day_to_come",
    ]
    assert await person.say("chest pain since tomorrow") == ["say_stop_chest"]


async def test_a_sign_beside_a_time_that_does_not_exist_is_answered_all_the_same(house: House) -> None:
    person = house.patient()
    await person.send("hello")
    person.is_asked("ask_reminder", clock="09:05")
    said = await person.say("25:00 but my knee is swollen")
    assert said[0] == "say_assess_joint_swelling"


@pytest.mark.parametrize("token", ["forged", "", "answer:check=other", "' OR 1=1 --", "x" * 10_000])
async def test_a_forged_button_does_nothing_and_is_told(house: House, token: str) -> None:
    person = house.patient()
    await person.send("hello")
    heard = len(house.engine.heard)
    assert await person.say(token=token) == ["used_button"]
    assert len(house.engine.heard) == heard


async def test_a_button_works_once(house: House) -> None:
    person = house.patient()
    await person.send("hello")
    person.is_asked("ask_pain_now")
    token = person.token("4")
    other = person.token("5")
    assert await person.say(token=token) == ["chat_greet"]
    assert await person.say(token=token) == ["used_button"]
    assert await person.say(token=other) == ["used_button"]


async def test_the_same_button_pressed_twice_at_once_counts_once(house: House) -> None:
    person = house.patient()
    await person.send("hello")
    person.is_asked("ask_pain_now")
    token = person.token("4")
    pressed = await asyncio.gather(person.send(token=token), person.send(token=token))
    assert sorted(person.answers_to(arrival) for arrival in pressed) == [["chat_greet"], ["used_button"]]


async def test_a_button_of_somebody_else_does_nothing_and_stays_theirs(house: House) -> None:
    anna, ben = house.patient("anna"), house.patient("ben")
    await anna.send("I feel weird in my chest")
    token = anna.token("I meant something else")
    assert await ben.say(token=token) == ["used_button"]
    assert anna.levels == [Level.CHECK]
    assert await anna.say(token=token) == ["check_closed"]


async def test_a_warning_sign_sent_along_with_a_forged_button_is_still_a_stop(house: House) -> None:
    person = house.patient()
    arrival = await person.send("I have chest pain", token="forged")
    assert person.answers_to(arrival) == ["say_stop_chest"]


async def test_the_same_message_ten_times_is_ten_messages_each_answered(house: House) -> None:
    person = house.patient()
    arrivals = await asyncio.gather(*(person.send("hello again") for _ in range(10)))
    assert [m.text for m in person.wrote] == ["hello again"] * 10
    assert [person.answers_to(a) for a in arrivals] == [["chat_greet"]] * 10


async def test_the_same_stop_ten_times_is_answered_ten_times(house: House) -> None:
    person = house.patient()
    arrivals = await asyncio.gather(*(person.send(CHEST) for _ in range(10)))
    assert [person.answers_to(a) for a in arrivals] == [["say_stop_chest"]] * 10
    assert len(house.flags()) == 10


async def test_two_first_messages_within_50_ms_make_one_person_and_two_answers(house: House) -> None:
    stranger = house.stranger()
    one, two = await asyncio.gather(stranger.send("hello"), stranger.send("is anybody there"))
    assert one.patient_id == two.patient_id
    assert sorted(m.text or "" for m in stranger.wrote) == ["hello", "is anybody there"]
    assert stranger.ids == ["chat_greet", "chat_greet"]


async def test_a_stop_within_50_ms_of_another_message_is_always_answered(house: House) -> None:
    person = house.patient()
    _, stop = await asyncio.gather(person.send("what is pacing?"), person.send(CHEST))
    assert person.answers_to(stop) == ["say_stop_chest"]
    assert len(person.wrote) == 2


@settings(max_examples=25, deadline=None)
@given(text=st.text(max_size=300))
def test_any_text_whatever_is_kept_whole_and_answered(lasting_house: House, text: str) -> None:
    house = lasting_house
    person = house.patient(f"somebody {len(house.engine.erased)} {time.monotonic_ns()}")
    asyncio.run(person.send(text))
    assert [m.text for m in person.transcript if m.direction is Direction.IN] == [text]
    assert [m.text for m in person.heard if m.text]


QUESTIONS = ("ask_check", "ask_care_sought", "ask_crisis_over", "ask_sign_check", "ask_pain_now")


@settings(max_examples=15, deadline=None)
@given(text=st.text(max_size=60), question=st.sampled_from(QUESTIONS), token=st.none() | st.text(max_size=40))
def test_any_text_or_button_in_answer_to_any_question_is_answered(
    lasting_house: House, text: str, question: str, token: str | None
) -> None:
    person = lasting_house.patient(f"somebody asked {time.monotonic_ns()}")
    person.is_asked(question)
    arrival = asyncio.run(person.send(text, token=token))
    assert person.answers_to(arrival)
