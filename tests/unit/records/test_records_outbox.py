"""What waits for delivery, in which order, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_samples import NOW, Database, Talk, reply

from bot.facts.talk import Button, Kind
from bot.usecases.ports import UnitOfWork

LATER = NOW + timedelta(minutes=1)


def due(talk: Talk, at: timedelta = timedelta(0), door: str = "web") -> list[str]:
    return [parcel.message.text or "" for parcel in talk.unit.outbox.due(door, NOW + at)]


def leaving(unit: UnitOfWork, at: datetime, door: str = "web") -> list[str]:
    """What leaves one after another, as each is sent."""
    said: list[str] = []
    while parcels := unit.outbox.due(door, at):
        for parcel in parcels:
            said.append(parcel.message.text or "")
            unit.outbox.sent([parcel.message.id], at)
    return said


def test_safety_goes_before_everything_older(talk: Talk) -> None:
    talk.says(reply(words="first"))
    talk.says(reply(words="second"))
    talk.says(reply(words="call 999", kind=Kind.SAFETY), at=LATER)
    talk.says(reply(words="third"), at=LATER)
    assert leaving(talk.unit, LATER) == ["call 999", "first", "second", "third"]


def test_ordinary_words_wait_behind_those_before_them_that_are_to_be_tried_again(talk: Talk) -> None:
    first = talk.says(reply(words="first"))
    talk.says(reply(words="second"))
    assert due(talk) == ["first"]
    talk.unit.outbox.failed(first.id, error="no line", retry_at=LATER)
    assert due(talk) == []
    talk.unit.outbox.failed(first.id, error="no line", retry_at=None)
    assert due(talk) == ["second"]


def test_safety_words_wait_for_nothing_that_was_said_to_other_messages(talk: Talk) -> None:
    talk.says(reply(words="first"))
    held = talk.says(reply(words="call 999", kind=Kind.SAFETY))
    talk.unit.outbox.failed(held.id, error="no line", retry_at=LATER)
    talk.says(reply(words="call 112", kind=Kind.SAFETY))
    assert due(talk) == ["call 112"]


def test_one_answer_leaves_in_its_own_order_also_where_safety_words_end_it(talk: Talk) -> None:
    asked = talk.hears("give me a cue")
    talk.says(reply(words="let it be heavy"), to=asked)
    talk.says(reply(words="stop if your leg goes numb", kind=Kind.SAFETY), to=asked)
    talk.says(reply(words="what do you think will happen?"), to=asked)
    assert leaving(talk.unit, NOW) == [
        "let it be heavy",
        "stop if your leg goes numb",
        "what do you think will happen?",
    ]


def test_answers_that_each_end_in_safety_words_do_not_wait_for_one_another(talk: Talk) -> None:
    first, second = talk.hears("a cue"), talk.hears("another cue")
    for place, asked in enumerate((first, second)):
        talk.says(reply(words=f"cue {place}"), to=asked)
        talk.says(reply(words=f"stop list {place}", kind=Kind.SAFETY), to=asked)
    assert leaving(talk.unit, NOW) == ["cue 0", "stop list 0", "cue 1", "stop list 1"]


def test_nobody_waits_for_somebody_else(talk: Talk) -> None:
    other = Talk(talk.unit, "conversation-2")
    held = talk.says(reply(words="first"))
    other.says(reply(words="hello ben"))
    talk.unit.outbox.failed(held.id, error="no line", retry_at=LATER)
    assert due(talk) == ["hello ben"]


def test_a_door_sees_its_own_parcels_only(talk: Talk) -> None:
    Talk(talk.unit, "conversation-1", door="terminal").says(reply(words="terminal"))
    talk.says(reply(words="web"))
    assert due(talk) == ["web"]
    assert due(talk, door="terminal") == ["terminal"]
    assert due(talk, door="telegram") == []


def test_a_sent_parcel_is_not_due_again_and_cannot_fail_later(talk: Talk) -> None:
    said = talk.says(reply())
    talk.unit.outbox.sent([said.id], NOW)
    talk.unit.outbox.failed(said.id, error="late answer", retry_at=NOW)
    assert due(talk) == []


def test_a_failed_parcel_comes_back_at_its_time_until_it_is_given_up(talk: Talk) -> None:
    said = talk.says(reply(words="again"))
    talk.unit.outbox.failed(said.id, error="no line", retry_at=LATER)
    assert due(talk) == []
    assert due(talk, timedelta(seconds=59)) == []
    assert due(talk, timedelta(minutes=1)) == ["again"]
    assert talk.unit.outbox.due("web", LATER)[0].attempts == 1
    talk.unit.outbox.failed(said.id, error="no line", retry_at=None)
    assert due(talk, timedelta(days=1)) == []


def test_a_parcel_under_way_is_not_offered_and_those_behind_it_wait(talk: Talk) -> None:
    talk.says(reply(words="first"))
    talk.says(reply(words="second"))
    (parcel,) = talk.unit.outbox.due("web", NOW)
    assert list(talk.unit.outbox.due("web", NOW, but=[parcel.id])) == []


def test_a_parcel_carries_its_live_buttons(talk: Talk) -> None:
    said = talk.says(reply(buttons=(Button("Yes", "answer:adult=yes"),)))
    (parcel,) = talk.unit.outbox.due("web", NOW)
    assert parcel.message == said
    assert (parcel.patient_id, parcel.attempts) == (talk.patient_id, 0)


def test_no_more_parcels_come_than_were_asked_for(talk: Talk) -> None:
    for count in range(5):
        Talk(talk.unit, f"conversation-{count + 1}").says(reply(words=str(count)))
    assert [p.message.text for p in talk.unit.outbox.due("web", NOW, limit=2)] == ["0", "1"]


@pytest.fixture(scope="module")
def one_database(sqlite_template: Database) -> Database:
    return sqlite_template


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=12))
def test_whatever_was_said_leaves_safety_first_and_the_rest_in_the_order_of_saying(
    one_database: Database, said: list[tuple[bool, int]]
) -> None:
    records = one_database.open()
    try:
        with records.unit() as unit:
            talk = Talk(unit)
            for place, (safety, minute) in enumerate(said):
                kind = Kind.SAFETY if safety else Kind.PLAIN
                talk.says(reply(words=str(place), kind=kind), at=NOW + timedelta(minutes=minute))
            found = [int(words) for words in leaving(unit, NOW + timedelta(hours=1))]
    finally:
        records.close()
    safety = [place for place, (first, _) in enumerate(said) if first]
    ordinary = [place for place, (first, _) in enumerate(said) if not first]
    assert sorted(found[: len(safety)]) == safety
    assert found[len(safety) :] == ordinary
