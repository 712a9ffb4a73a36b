"""Copies of one person: as many people as wanted, each whole, none touching another's rows."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.crowd import copy_patient, copy_talker, patient_ids
from bot.facts.clinical import Level, Reason, Urgency, Verdict
from bot.facts.talk import Button, Kind, Reply
from bot.records import SqlRecords, new_key
from bot.records.cipher import Cipher

NOW = datetime(2031, 5, 6, 12, tzinfo=UTC)
ASKED = Reply(
    "ask_region", "1", Kind.QUESTION, "Where?", (Button("Knee", "answer:region=knee"),), asks="region"
)
CONTINUES = Verdict(
    Level.CONTINUE, Urgency.NONE, (Reason("known_pattern", "1", Level.CONTINUE, Urgency.NONE),)
)


@pytest.fixture
def records(tmp_path: Path) -> SqlRecords:
    records = SqlRecords(f"sqlite:///{tmp_path / 'safecue.db'}", Cipher([new_key()]))
    records.migrate()
    return records


def somebody(records: SqlRecords) -> str:
    with records.unit() as uow:
        patient = uow.patients.enrol("web", "api:one", NOW)
        heard, _ = uow.messages.receive(
            patient.id, text="my knee is sore", payload=None, door_key="k", now=NOW, erase_at=None
        )
        uow.assessments.add(patient.id, heard.id, (), CONTINUES, content_version="1", now=NOW)
        uow.messages.say(patient.id, ASKED, in_reply_to=heard.id, now=NOW)
        uow.log.add_pain(patient.id, pain=4, region="knee", message_id=heard.id, now=NOW)
        uow.commit()
    return patient.id


def test_every_copy_has_the_whole_talk_of_the_person_copied(records: SqlRecords, tmp_path: Path) -> None:
    first = somebody(records)
    assert copy_patient(tmp_path / "safecue.db", first, 3) == 8
    people = patient_ids(tmp_path / "safecue.db")
    assert len(people) == 4
    for patient_id in people:
        with records.unit() as uow:
            heard, said = uow.messages.transcript(patient_id)
            verdict = uow.assessments.for_message(heard.id)
            assert uow.messages.replies_to(heard.id) == [said]
            pains = uow.log.pains(patient_id, NOW)
            assert uow.messages.take_token(patient_id, said.buttons[0][1], NOW) is not None
        assert (heard.text, said.text) == ("my knee is sore", "Where?")
        assert verdict == CONTINUES
        assert [entry.pain for entry in pains] == [4]


def test_erasing_the_person_copied_leaves_every_copy_whole(records: SqlRecords, tmp_path: Path) -> None:
    first = somebody(records)
    copy_patient(tmp_path / "safecue.db", first, 2)
    with records.unit() as uow:
        uow.patients.erase(first)
        uow.commit()
        (one, other) = patient_ids(tmp_path / "safecue.db")
        assert len(uow.messages.transcript(one)) == len(uow.messages.transcript(other)) == 2


def test_the_engine_knows_every_copy_too(tmp_path: Path) -> None:
    database = tmp_path / "engine.db"
    with sqlite3.connect(database) as connection:
        connection.executescript(
            "CREATE TABLE conversations (sender_id PRIMARY KEY, data);"
            "CREATE TABLE answers (id INTEGER PRIMARY KEY, sender_id, message_id, at, data);"
            "INSERT INTO conversations VALUES ('aaaaaaaaaa', 'x'), ('other', 'y');"
            "INSERT INTO answers VALUES (1, 'aaaaaaaaaa', 'm1', 1.5, 'z');"
        )
    connection.close()
    assert copy_talker(database, "aaaaaaaaaa", 2) == 4
    with sqlite3.connect(database) as connection:
        senders = [row[0] for row in connection.execute("SELECT sender_id FROM answers ORDER BY id")]
    connection.close()
    assert senders == ["aaaaaaaaaa", "000001aaaa", "000002aaaa"]
