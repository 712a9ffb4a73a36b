"""What is readable in the database, how long it's kept, and that it goes when it must."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from record_samples import NOW, Database, Talk, reply
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from bot.facts.clinical import Level, SessionEntry
from bot.facts.staff import Invitation, Role
from bot.facts.talk import Button, Kind, Standing, TurnState
from bot.records import NotInRecords, SqlRecords, SqlUnit, WrongKey, new_key
from bot.records.rotation import sealed_columns
from bot.records.rows import put
from bot.records.tables import Base, MessageRow

DAY = timedelta(days=1)
YEAR = timedelta(days=365)

SECRETS = (
    "address-9142",
    "crushing-chest-words",
    "profile-gardening",
    "evidence-quote",
    "understood-belief",
    "variable-name-Ann",
    "button-title",
    "do:secret_payload",
    "answer:secret=chosen",
    "reason-of-clinician",
    "note-of-clinician",
    "exercise-with-dog",
    "error-with-token",
    "door-key-5551",
    "spoken-reply",
    "picture-name",
    "note-in-the-margin",
    "name-of-nurse",
    "name-of-sender",
    "reason-of-glass",
)
SECRETS_OF_STAFF = (
    "ames@clinic.example",
    "hash-of-password",
    "secret-of-totp",
    "recovery-code-7",
    "address-of-office",
    "browser-of-ames",
)


OF_THE_STAFF = {"staff", "staff_sessions", "teams", "team_staff", "invitations"}


def fill(talk: Talk) -> None:
    """A row in every table, a secret in every sealed column."""
    unit, patient = talk.unit, talk.patient_id
    unit.patients.remember(patient, {"loves": "profile-gardening"})
    unit.patients.record_consent(patient, given=True, version="1", text_hash="ff", channel="web", now=NOW)
    heard, _ = unit.messages.receive(
        patient,
        text="crushing-chest-words",
        payload="answer:secret=chosen",
        door_key="door-key-5551",
        now=NOW,
        erase_at=None,
    )
    unit.messages.set_state(heard.id, TurnState.ANSWERED, {"belief": "understood-belief"})
    buttons = (Button("button-title", "do:secret_payload"),)
    spoken = reply(words="spoken-reply", asks="region", buttons=buttons, name="variable-name-Ann")
    said = talk.says(replace(spoken, image="picture-name"), to=heard)
    unit.outbox.failed(said.id, error="error-with-token", retry_at=NOW)
    assessment = talk.judges(Level.STOP, of=heard, words="evidence-quote")
    flag = talk.flags(assessment)
    talk.takes(flag, "acknowledge", "resolve", note="note-of-clinician")
    unit.assessments.close(assessment, by="Dr Ames", reason="reason-of-clinician", now=NOW)
    unit.audit.record("Dr Ames", "flag.resolve", patient, f"flag {flag.id}", NOW)
    unit.heartbeats.beat("scheduler", NOW)
    unit.assessments.record_green(patient, heard.id, NOW)
    unit.log.add_pain(patient, pain=7, region="knee", message_id=heard.id, now=NOW)
    unit.log.add_session(patient, SessionEntry(NOW, "exercise-with-dog"), message_id=heard.id)
    unit.misses.keep(patient, heard.id, [("pacing", 0.2)])
    unit.margins.note(
        patient,
        heard.id,
        by="n1",
        by_name="name-of-nurse",
        text="note-in-the-margin",
        shared=False,
        now=NOW,
    )
    unit.margins.tag(patient, heard.id, "odd", by="n1", now=NOW)
    unit.margins.read_upto(patient, "n1", seq=1, later=False)
    unit.margins.sent_by_hand(patient, said.id, by="n1", by_name="name-of-sender")
    clinic = a_clinic(unit)
    unit.teams.put_patient(patient, clinic, NOW)
    (hired,) = unit.staff.list()
    unit.teams.take_code(unit.teams.add_code(clinic, hired.id, NOW + DAY), patient, NOW)
    unit.glass.note(patient, hired.id, reason="reason-of-glass", now=NOW, until=NOW)


def a_clinic(unit: SqlUnit) -> str:
    """Its team, of one who is at work; the same one each time."""
    if known := unit.teams.list():
        return known[0].id
    hired = unit.staff.add(
        name="Dr Ames",
        email="ames@clinic.example",
        password="hash-of-password",
        roles=[Role.CLINICIAN],
        now=NOW,
    )
    unit.staff.keep(replace(hired, totp="secret-of-totp", recovery_codes=("recovery-code-7",)))
    unit.staff.begin_session(hired.id, place="address-of-office", agent="browser-of-ames", now=NOW)
    team = unit.teams.add("Knees")
    unit.teams.put_staff(hired.id, [team.id])
    unit.invitations.add(Invitation("Dr Bell", frozenset({Role.AUDITOR}), frozenset(), hired.id, NOW))
    return team.id


def filled(records: SqlRecords, address: str = "address-9142") -> str:
    with records.unit() as unit:
        talk = Talk(unit, address)
        fill(talk)
        unit.commit()
    return talk.patient_id


def rows(database: Database) -> dict[str, int]:
    engine = create_engine(database.url)
    with engine.connect() as connection:
        counts = {
            name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0
            for name in inspect(engine).get_table_names()
        }
    engine.dispose()
    return counts


def everything_stored(database: Database) -> str:
    engine = create_engine(database.url)
    with engine.connect() as connection:
        kept = [
            str(row)
            for name in inspect(engine).get_table_names()
            for row in connection.execute(text(f"SELECT * FROM {name}"))
        ]
    engine.dispose()
    return "\n".join(kept)


@pytest.fixture
def patient(records: SqlRecords) -> str:
    return filled(records)


def test_the_sample_person_has_a_row_in_every_table(patient: str, database: Database) -> None:
    assert [name for name, count in rows(database).items() if not count] == []


def test_no_word_of_a_person_can_be_read_in_the_database(patient: str, database: Database) -> None:
    kept = everything_stored(database)
    assert [secret for secret in (*SECRETS, *SECRETS_OF_STAFF) if secret in kept] == []


def test_no_word_of_a_person_can_be_read_in_the_files(sqlite: Database) -> None:
    records = sqlite.open()
    filled(records)
    files = sorted(sqlite.file.parent.glob("safecue.db*"))
    raw = b"".join(file.read_bytes() for file in files)
    assert b"chest_pain" in raw
    assert [secret for secret in SECRETS if secret.encode() in raw] == []
    records.close()


def test_an_export_holds_every_word_and_is_plain_json(patient: str, records: SqlRecords) -> None:
    told = json.dumps(records.export(patient))
    keyed_only = {"door-key-5551"}
    assert [secret for secret in SECRETS if secret not in told] == sorted(keyed_only)
    assert "token" not in records.export(patient)["offers"][0]


def test_an_export_tells_nothing_of_others(patient: str, records: SqlRecords) -> None:
    with records.unit() as unit:
        stranger = Talk(unit, "address-0000")
        stranger.hears("words of a stranger")
        unit.commit()
    told = json.dumps(records.export(stranger.patient_id))
    assert "words of a stranger" in told
    assert patient not in told
    with pytest.raises(NotInRecords):
        records.export("nobody")


def test_every_table_is_about_a_patient_or_known_not_to_be() -> None:
    elsewhere = {name for name, table in Base.metadata.tables.items() if "patient_id" not in table.c}
    assert elsewhere == {"patients", "audit", "secrets", "heartbeats", *OF_THE_STAFF}


def test_erasing_removes_every_row_of_the_person_and_none_of_others(
    patient: str, records: SqlRecords, database: Database
) -> None:
    before = rows(database)
    other = filled(records, "address-0000")
    with records.unit() as unit:
        removed = unit.patients.erase(patient)
        unit.audit.record("operator", "patient.erase", patient, "rows", NOW)
        unit.commit()
    kept = {"audit", "secrets", "heartbeats", "alembic_version", *OF_THE_STAFF}
    assert removed == {name: count for name, count in before.items() if name not in kept}
    assert {name: n for name, n in rows(database).items() if name not in kept} == removed
    assert records.export(other)["messages"] != []
    with records.unit() as unit:
        assert unit.patients.at_door("web", "address-9142") is None


def test_after_erasure_the_audit_alone_knows_the_random_id(
    patient: str, records: SqlRecords, database: Database
) -> None:
    with records.unit() as unit:
        unit.patients.erase(patient)
        unit.audit.record("operator", "patient.erase", patient, "rows", NOW)
        unit.commit()
    lines = [line for line in everything_stored(database).splitlines() if patient in line]
    assert len(lines) == 2
    assert all("flag.resolve" in line or "patient.erase" in line for line in lines)


def test_erasing_somebody_unknown_removes_nothing(records: SqlRecords) -> None:
    with records.unit() as unit:
        assert unit.patients.erase("nobody") == {}


def test_ids_that_erasure_freed_do_not_come_back(patient: str, records: SqlRecords) -> None:
    with records.unit() as unit:
        first = unit.flags.list(open_only=False)[0].id
        unit.patients.erase(patient)
        unit.commit()
    filled(records)
    with records.unit() as unit:
        assert unit.flags.list(open_only=False)[0].id > first


def test_words_that_are_due_go_everywhere_and_not_before(records: SqlRecords, database: Database) -> None:
    with records.unit() as unit:
        talk = Talk(unit)
        heard = talk.hears("held for a day", erase_at=NOW + DAY)
        unit.messages.set_state(heard.id, TurnState.WAITING, {"answer": "held too"})
        talk.judges(Level.STOP, of=heard, words="quoted words")
        said = talk.says(reply(words="call 999", kind=Kind.SAFETY), to=heard)
        kept = talk.hears("kept for good")
        unit.commit()
        assert unit.messages.erase_due_text(NOW + DAY - timedelta(seconds=1)) == 0
        assert unit.messages.get(heard.id).text == "held for a day"
        assert unit.messages.erase_due_text(NOW + DAY) == 2
        unit.commit()
    with records.unit() as unit:
        erased = unit.messages.get(heard.id)
        assert (erased.text, erased.understanding) == (None, {})
        assert unit.messages.get(said.id).text is None
        assert unit.messages.get(kept.id).text == "kept for good"
        assert list(unit.messages.unanswered(talk.patient_id)) == []
        assert list(unit.patients.with_waiting(NOW + DAY)) == []
        assert unit.outbox.due("web", NOW + DAY) == []
        judged = unit.assessments.for_message(heard.id)
        assert judged is not None
        assert [(reason.rule, reason.evidence) for reason in judged.reasons] == [("chest_pain", ())]
        assert unit.messages.erase_due_text(NOW + 2 * DAY) == 0
    told = json.dumps(records.export(talk.patient_id))
    assert "held" not in told
    assert "quoted" not in told


def test_joining_keeps_what_we_said_and_still_erases_what_they_said(records: SqlRecords) -> None:
    with records.unit() as unit:
        talk = Talk(unit)
        heard = talk.hears("before consent", erase_at=NOW + DAY)
        said = talk.says(reply(words="welcome"), to=heard)
        unit.patients.set_standing(talk.patient_id, Standing.ACTIVE)
        assert unit.messages.erase_due_text(NOW + DAY) == 1
        assert unit.messages.get(heard.id).text is None
        assert unit.messages.get(said.id).text == "welcome"


def test_many_due_messages_go_at_once(records: SqlRecords) -> None:
    with records.unit() as unit:
        talk = Talk(unit)
        for _ in range(520):
            talk.hears("held", erase_at=NOW)
        assert unit.messages.erase_due_text(NOW) == 520
        assert {m.text for m in unit.messages.transcript(talk.patient_id, limit=600)} == {None}


def test_a_purge_takes_what_is_older_and_leaves_the_rest(records: SqlRecords) -> None:
    patient = filled(records)
    assert set(records.purge(NOW + YEAR, YEAR).values()) == {0}
    removed = records.purge(NOW + YEAR + timedelta(seconds=1), YEAR)
    assert removed == {
        "messages": 2,
        "facts": 1,
        "assessments": 1,
        "symptom_entries": 1,
        "exercise_sessions": 1,
        "green_checks": 1,
        "notes": 1,
        "tags": 0,  # it went with its message
    }
    left = records.export(patient)
    assert {name for name, kept in left.items() if kept} == {
        "patients",
        "consents",
        "audit",
        "flags",
        "flag_steps",
        "team_patients",
        "readings",
        "broken_glass",
        "team_codes",
    }


def test_a_purge_leaves_what_still_stands(records: SqlRecords) -> None:
    with records.unit() as unit:
        talk = Talk(unit)
        heard = talk.hears("chest pain")
        standing = talk.judges(Level.ASSESS, of=heard)
        flagged = talk.judges(Level.STOP, of=heard)
        unit.assessments.close(flagged, by="patient", reason="seen", now=NOW)
        flag = unit.flags.raise_(
            talk.patient_id, level="stop", urgency="now", summary="x", assessment_id=flagged, now=NOW
        )
        unit.commit()
    records.purge(NOW + 2 * YEAR, YEAR)
    with records.unit() as unit:
        assert [a.id for a in unit.assessments.open_for(talk.patient_id)] == [standing]
        assert [f.id for f in unit.flags.list()] == [flag]
    left = records.export(talk.patient_id)
    assert [kept["id"] for kept in left["assessments"]] == [standing, flagged]
    assert len(left["facts"]) == 2
    assert left["messages"] == []


def test_a_purge_of_many_rows_counts_them_all(records: SqlRecords) -> None:
    with records.unit() as unit:
        talk = Talk(unit)
        for _ in range(501):
            talk.hears("old")
        talk.hears("new", at=NOW + YEAR)
        unit.commit()
    assert records.purge(NOW + YEAR + DAY, YEAR)["messages"] == 501
    with records.unit() as unit:
        assert [m.text for m in unit.messages.transcript(talk.patient_id)] == ["new"]


def test_rotation_brings_every_sealed_value_under_the_newest_key(patient: str, database: Database) -> None:
    newest = new_key()
    old = database.open()
    before = old.export(patient)
    old.close()
    both = database.open(newest, database.key)
    resealed = both.rotate()
    both.close()
    assert {name for name, count in resealed.items() if count} == {
        table.name for table in Base.metadata.sorted_tables if sealed_columns(table)
    }
    alone = database.open(newest)
    assert alone.export(patient) == before
    with alone.unit() as unit:
        known = unit.patients.at_door("web", "address-9142")
    alone.close()
    assert known is not None
    assert known.id == patient


def test_a_second_rotation_finds_nothing_to_do(patient: str, database: Database) -> None:
    both = database.open(new_key(), database.key)
    assert sum(both.rotate().values()) > 0
    assert set(both.rotate().values()) == {0}
    both.close()


def test_a_rotation_broken_off_goes_on_where_it_stopped(
    patient: str, records: SqlRecords, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = filled(records, "address-0000")
    newest = new_key()
    both = database.open(newest, database.key)
    whole = both._cipher.reseal
    budget = iter(range(9))

    def reseal(sealed: str) -> str:
        if next(budget, None) is None:
            raise KeyboardInterrupt
        return whole(sealed)

    monkeypatch.setattr(both._cipher, "reseal", reseal)
    with pytest.raises(KeyboardInterrupt):
        both.rotate()
    monkeypatch.undo()
    told = both.export(other)
    assert sum(both.rotate().values()) > 0
    both.close()
    alone = database.open(newest)
    assert alone.export(other) == told
    alone.close()


def test_rotation_without_the_old_key_is_told_and_spoils_nothing(
    patient: str, database: Database, records: SqlRecords
) -> None:
    before = records.export(patient)
    stranger = database.open(new_key())
    with pytest.raises(WrongKey):
        stranger.rotate()
    stranger.close()
    assert records.export(patient) == before


def test_a_wrong_key_is_told_at_the_start(patient: str, database: Database) -> None:
    stranger = database.open(new_key())
    with pytest.raises(WrongKey, match="do not open this database"):
        stranger.migrate()
    stranger.close()


def test_a_database_file_is_for_its_owner_only(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path / 'new' / 'safecue.db'}", new_key())
    records = made.open()
    records.migrate()
    filled(records)
    modes = {file.name: file.stat().st_mode & 0o777 for file in made.file.parent.iterdir()}
    records.close()
    assert set(modes.values()) == {0o600}


def test_a_fault_in_the_database_does_not_repeat_a_persons_words(talk: Talk) -> None:
    heard = talk.hears()
    again = MessageRow(
        id=heard.id, patient_id=talk.patient_id, seq=9, direction="in", at=NOW, text="private words"
    )
    with pytest.raises(IntegrityError) as fault:
        put(talk.unit._session, again)  # type: ignore[attr-defined]
    assert "private words" not in str(fault.value)
