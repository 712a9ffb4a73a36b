"""What waits for delivery, in which order, and what became of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_samples import NOW, Database, Talk, reply

from bot.facts.talk import Button, Kind

LATER = NOW + timedelta(minutes=1)


def due(talk: Talk, at: timedelta = timedelta(0), door: str = "web") -> list[str]:
    return [parcel.message.text or "" for parcel in talk.unit.outbox.due(door, NOW + at)]


def test_safety_goes_before_everything_older(talk: Talk) -> None:
    talk.says(reply(words="first"))
    talk.says(reply(words="second"))
    talk.says(reply(words="call 999", kind=Kind.SAFETY), at=LATER)
    talk.says(reply(words="third"), at=LATER)
    assert due(talk, timedelta(minutes=1)) == ["call 999", "first", "second", "third"]


def test_a_door_sees_its_own_parcels_only(talk: Talk) -> None:
    Talk(talk.unit, "conversation-1", door="terminal").says(reply(words="terminal"))
    talk.says(reply(words="web"))
    assert due(talk) == ["web"]
    assert due(talk, door="terminal") == ["terminal"]
    assert due(talk, door="telegram") == []


def test_a_sent_parcel_is_not_due_again_and_cannot_fail_later(talk: Talk) -> None:
    said = talk.says(reply())
    talk.unit.outbox.sent(said.id, NOW)
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


def test_a_parcel_carries_its_live_buttons(talk: Talk) -> None:
    said = talk.says(reply(buttons=(Button("Yes", "answer:adult=yes"),)))
    (parcel,) = talk.unit.outbox.due("web", NOW)
    assert parcel.message == said
    assert (parcel.patient_id, parcel.attempts) == (talk.patient_id, 0)


def test_no_more_parcels_come_than_were_asked_for(talk: Talk) -> None:
    for count in range(5):
        talk.says(reply(words=str(count)))
    assert [p.message.text for p in talk.unit.outbox.due("web", NOW, limit=2)] == ["0", "1"]


@pytest.fixture(scope="module")
def one_database(sqlite_template: Database) -> Database:
    return sqlite_template


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=12))
def test_whatever_was_said_leaves_safety_first_then_oldest(
    one_database: Database, said: list[tuple[bool, int]]
) -> None:
    records = one_database.open()
    try:
        with records.unit() as unit:
            talk = Talk(unit)
            for place, (safety, minute) in enumerate(said):
                kind = Kind.SAFETY if safety else Kind.PLAIN
                talk.says(reply(words=str(place), kind=kind), at=NOW + timedelta(minutes=minute))
            found = [int(p.message.text or "") for p in unit.outbox.due("web", NOW + timedelta(hours=1))]
    finally:
        records.close()
    expected = sorted(range(len(said)), key=lambda place: (not said[place][0], said[place][1], place))
    assert found == expected
