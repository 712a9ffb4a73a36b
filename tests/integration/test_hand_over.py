"""A person's own file: theirs alone, whole, made when it is fetched, and written into the audit."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from message_house import DOOR, House, Person

ASK = "send me my data"


async def offered(house: House, person: Person) -> str:
    """The message that hands the file over."""
    house.engine.script[ASK] = house.library.say("export_data_done")
    assert await person.say(ASK) == ["export_data_done"]
    return person.heard[-1].id


def fetched(house: House, person: Person, message_id: str) -> dict[str, Any]:
    document = house.hand_over.document(DOOR, person.address, message_id)
    assert document is not None
    assert document.name == "my-data.json"
    told: dict[str, Any] = json.loads(document.content)
    return told


async def test_the_file_holds_every_word_of_the_talk_and_says_what_it_is(house: House) -> None:
    person = house.patient(goal="dance again – später")
    await person.send("I've got a tight pain in my chest")
    told = fetched(house, person, await offered(house, person))
    assert [m["text"] for m in told["messages"]] == [m.text for m in person.transcript]
    assert told["patients"][0]["profile"]["goal"] == "dance again – später"
    assert told["flags"][0]["summary"] == "chest_pain"
    assert told["about"] == [reply.text for reply in house.library.say("about_my_data")]


async def test_the_file_is_made_when_it_is_fetched(house: House) -> None:
    person = house.patient()
    message_id = await offered(house, person)
    before = fetched(house, person, message_id)
    await person.send("one thing more")
    assert "one thing more" not in str(before)
    assert "one thing more" in str(fetched(house, person, message_id))


async def test_every_fetching_stands_in_the_audit_and_the_file_tells_of_it(house: House) -> None:
    person = house.patient()
    message_id = await offered(house, person)
    fetched(house, person, message_id)
    told = fetched(house, person, message_id)
    made = [(row["actor"], row["action"]) for row in told["audit"]]
    assert made == [("patient", "patient.export")] * 2


async def test_nobody_else_can_fetch_it_and_nothing_is_written_of_the_try(house: House) -> None:
    anna, ben = house.patient("anna"), house.patient("ben")
    message_id = await offered(house, anna)
    assert house.hand_over.document(DOOR, "ben", message_id) is None
    assert house.hand_over.document("terminal", "anna", message_id) is None
    assert house.hand_over.document(DOOR, "nobody", message_id) is None
    assert house.hand_over.document(DOOR, "anna", "0" * 32) is None
    assert house.records.export(anna.id)["audit"] == house.records.export(ben.id)["audit"] == []


async def test_a_message_without_a_document_hands_nothing_over(house: House) -> None:
    person = house.patient()
    await person.send("hello")
    for message in person.transcript:
        assert house.hand_over.document(DOOR, person.address, message.id) is None


async def test_words_that_are_erased_hand_nothing_over_any_more(house: House) -> None:
    stranger = house.stranger()
    message_id = await offered(house, stranger)
    assert house.hand_over.document(DOOR, stranger.address, message_id) is not None
    with house.records.unit() as uow:
        uow.messages.erase_due_text(house.clock() + timedelta(days=400))
        uow.commit()
    assert house.hand_over.document(DOOR, stranger.address, message_id) is None
