"""Several programs at one database, and a database that has grown."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from record_samples import NOW, Database, Talk, reply
from sqlalchemy import Connection, create_engine, event, text

from bot.facts.clinical import Level, SessionEntry
from bot.facts.talk import Button, Kind, TurnState
from bot.records import NotMigrated, SqlRecords
from bot.records.tables import Base

Result = TypeVar("Result")
START = (
    "import sys; from bot.records import *; r = SqlRecords(sys.argv[1], Cipher([sys.argv[2]])); r.migrate()\n"
)
WRITE = START + (
    "import datetime as d\n"
    "now = d.datetime.now(d.UTC)\n"
    "for n in range(int(sys.argv[4])):\n"
    "    with r.unit() as u:\n"
    "        p = u.patients.at_door('web', 'shared') or u.patients.enrol('web', 'shared', now)\n"
    "        u.messages.receive(p.id, text=f'{sys.argv[3]} {n}', payload=None, door_key=f'{sys.argv[3]} {n}',"
    " now=now, erase_at=None)\n"
    "        u.commit()\n"
)


def together(*programs: list[str]) -> list[str]:
    """Run them at once; what each of them complained about."""
    started = [
        subprocess.Popen([sys.executable, "-c", *program], stderr=subprocess.PIPE, text=True)
        for program in programs
    ]
    return [process.communicate(timeout=120)[1] for process in started]


def test_the_migrations_make_the_tables_the_models_describe(empty_database: Database) -> None:
    records = empty_database.open()
    records.migrate()
    records.close()
    engine = create_engine(empty_database.url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_programs_that_start_together_migrate_once(empty_database: Database) -> None:
    program = [START, empty_database.url, empty_database.key]
    assert together(program, program) == ["", ""]
    records = empty_database.open()
    records.migrate()
    with records.unit() as unit:
        Talk(unit).hears()
        unit.commit()
    records.close()


def test_two_programs_that_write_at_once_lose_nothing(database: Database) -> None:
    each = 40
    program = [WRITE, database.url, database.key]
    assert together([*program, "one", str(each)], [*program, "two", str(each)]) == ["", ""]
    records = database.open()
    with records.unit() as unit:
        patient = unit.patients.at_door("web", "shared")
        assert patient is not None
        kept = unit.messages.transcript(patient.id, limit=1000)
    records.close()
    assert [m.seq for m in kept] == list(range(1, 2 * each + 1))
    assert {m.text for m in kept} == {f"{who} {n}" for who in ("one", "two") for n in range(each)}
    for who in ("one", "two"):
        own = [m.text for m in kept if m.text and m.text.startswith(who)]
        assert own == [f"{who} {n}" for n in range(each)]


def at_once(work: Callable[[int], Result], times: int = 8) -> list[Result]:
    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(work, range(times)))


def test_one_message_told_by_many_at_once_is_kept_once(records: SqlRecords) -> None:
    def tell(_: int) -> tuple[str, bool]:
        with records.unit() as unit:
            patient = unit.patients.at_door("web", "a") or unit.patients.enrol("web", "a", NOW)
            message, new = unit.messages.receive(
                patient.id, text="hi", payload=None, door_key="7", now=NOW, erase_at=None
            )
            unit.log.add_pain(patient.id, pain=3, region=None, message_id="m", now=NOW)
            unit.commit()
        return message.id, new

    told = at_once(tell)
    assert len({message for message, _ in told}) == 1
    assert sum(new for _, new in told) == 1


def test_one_button_pressed_by_many_at_once_works_once(records: SqlRecords) -> None:
    with records.unit() as unit:
        talk = Talk(unit)
        buttons = tuple(Button(str(n), f"do:x{n}") for n in range(8))
        offered = talk.says(reply(buttons=buttons)).buttons
        unit.commit()

    def press(number: int) -> object:
        with records.unit() as unit:
            taken = unit.messages.take_token(talk.patient_id, offered[number][1], NOW)
            unit.commit()
        return taken

    assert sum(taken is not None for taken in at_once(press)) == 1


def test_one_turn_wanted_by_many_at_once_has_one_owner(records: SqlRecords) -> None:
    with records.unit() as unit:
        talk = Talk(unit)
        unit.commit()

    def claim(number: int) -> object:
        with records.unit() as unit:
            got = unit.patients.claim_turn(talk.patient_id, str(number), NOW, NOW + timedelta(seconds=9))
            unit.commit()
        return got

    assert sum(bool(got) for got in at_once(claim)) == 1


def test_reading_waits_for_no_writer_and_sees_what_was_committed(records: SqlRecords) -> None:
    with records.unit() as unit:
        talk = Talk(unit)
        unit.commit()
    with records.unit() as writing:
        writing.patients.remember(talk.patient_id, {"region": "knee"})

        def read(_: int) -> object:
            with records.reading() as reading:
                return reading.patients.get(talk.patient_id).profile.get("region")

        assert at_once(read) == [None] * 8
        writing.commit()
    with records.reading() as reading:
        assert reading.patients.get(talk.patient_id).profile.get("region") == "knee"


def test_turns_of_one_person_written_at_once_wait_for_one_another(records: SqlRecords) -> None:
    with records.unit() as unit:
        talk = Talk(unit)
        heard = [talk.hears(str(n)) for n in range(6)]
        asked = talk.says(reply(asks="region", buttons=(Button("Yes", "do:x"),)))
        unit.commit()

    def turn(number: int) -> object:
        with records.unit() as unit:
            unit.messages.set_state(heard[number].id, TurnState.WAITING, {"answered": asked.id})
            if number % 2:
                unit.messages.drop_offers(talk.patient_id)
            unit.messages.say(talk.patient_id, reply(), in_reply_to=heard[number].id, now=NOW)
            unit.patients.remember(talk.patient_id, {f"key{number}": "kept"})
            unit.commit()
        return None

    at_once(turn, len(heard))
    with records.unit() as unit:
        assert len(unit.patients.get(talk.patient_id).profile) == len(heard)
        said = unit.messages.transcript(talk.patient_id)
    assert [m.seq for m in said] == list(range(1, 2 * len(heard) + 2))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["one", "two"]), st.sampled_from(["claim", "release"]), st.integers(0, 6)),
        max_size=12,
    )
)
def test_a_turn_never_has_two_owners(sqlite_template: Database, steps: list[tuple[str, str, int]]) -> None:
    """Checked against a lease of two variables."""
    owner, until, clock = "", NOW, NOW
    records = sqlite_template.open()
    with records.unit() as unit:
        talk = Talk(unit)
        for who, act, seconds in steps:
            clock += timedelta(seconds=seconds)
            if act == "release":
                unit.patients.release_turn(talk.patient_id, who)
                owner = "" if owner == who else owner
                continue
            free = owner in {"", who} or until <= clock
            ends = clock + timedelta(seconds=5)
            assert unit.patients.claim_turn(talk.patient_id, who, clock, ends) is free
            owner, until = (who, ends) if free else (owner, until)
    records.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.text(max_size=5)), max_size=15))
def test_whatever_arrives_twice_is_kept_once_and_in_order(
    sqlite_template: Database, arrivals: list[tuple[int, int, str]]
) -> None:
    records = sqlite_template.open()
    expected: dict[int, list[tuple[int, str]]] = {}
    with records.unit() as unit:
        talks = [Talk(unit, uuid.uuid4().hex) for _ in range(3)]
        for key, who, words in arrivals:
            _, new = unit.messages.receive(
                talks[who].patient_id, text=words, payload=None, door_key=str(key), now=NOW, erase_at=None
            )
            known = expected.setdefault(who, [])
            assert new is (key not in dict(known))
            if new:
                known.append((key, words))
        for who, known in expected.items():
            kept = unit.messages.transcript(talks[who].patient_id)
            assert [(m.seq, m.text) for m in kept] == list(enumerate((words for _, words in known), 1))
    records.close()


def test_tables_made_by_a_newer_version_are_refused(empty_database: Database) -> None:
    records = empty_database.open()
    records.migrate()
    engine = create_engine(empty_database.url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(NotMigrated, match="newer"):
        records.migrate()
    records.close()


def test_a_database_without_tables_is_told(empty_database: Database) -> None:
    records = empty_database.open()
    with pytest.raises(NotMigrated, match="migrate"), records.unit():
        pass
    records.close()


def test_a_database_in_memory_works_too() -> None:
    records = Database("sqlite://", "A" * 43 + "=").open()
    records.migrate()
    with records.unit() as unit:
        talk = Talk(unit)
        talk.hears("hi")
        unit.commit()

    def count(_: int) -> object:
        with records.unit() as unit:
            return len(unit.messages.transcript(talk.patient_id))

    assert at_once(count) == [1] * 8
    records.close()


def test_sqlite_is_set_up_to_keep_what_was_committed(sqlite: Database) -> None:
    records = sqlite.open()
    with records._engine.connect() as connection:
        read = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "secure_delete")
        }
        waits = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    records.close()
    assert read == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "secure_delete": 1}
    assert waits is not None
    assert waits >= 5000


def test_no_query_of_a_turn_walks_through_a_whole_table(sqlite: Database) -> None:
    records = sqlite.open()
    asked: dict[str, object] = {}

    def note(_c: Connection, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            asked[statement] = parameters

    event.listen(records._engine, "before_cursor_execute", note)
    whole_turn(records)
    event.remove(records._engine, "before_cursor_execute", note)
    assert len(asked) > 25
    with records._engine.connect() as connection:
        walks = [
            (step.detail, statement)
            for statement, parameters in asked.items()
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
            if step.detail.startswith("SCAN")
            and not any(harmless in step.detail for harmless in ("waiting", "anon", "CONSTANT ROW"))
        ]
    records.close()
    assert walks == []


def whole_turn(records: SqlRecords) -> None:
    with records.unit() as unit:
        talk = Talk(unit)
        heard, _ = unit.messages.receive(
            talk.patient_id, text="hi", payload=None, door_key="1", now=NOW, erase_at=NOW
        )
        unit.messages.unscreened(NOW)
        unit.messages.set_state(heard.id, TurnState.SCREENED, {"answered": heard.id})
        unit.messages.unanswered(talk.patient_id)
        said = talk.says(reply(kind=Kind.QUESTION, asks="x", buttons=(Button("a", "do:a"),)), to=heard)
        unit.messages.replies_to(heard.id)
        unit.messages.last_said(talk.patient_id)
        unit.messages.open_question(talk.patient_id)
        unit.messages.transcript(talk.patient_id)
        unit.messages.take_token(talk.patient_id, said.buttons[0][1], NOW)
        unit.messages.drop_offers(talk.patient_id)
        assessment = talk.judges(Level.STOP, of=heard)
        unit.assessments.for_message(heard.id)
        unit.assessments.open_for(talk.patient_id)
        unit.assessments.all_open(Level.CHECK)
        unit.assessments.closed_because(Level.ASSESS, "x", NOW)
        unit.messages.last_said_of(talk.patient_id, "x")
        unit.messages.last_heard(talk.patient_id)
        unit.flags.about(assessment)
        unit.assessments.record_green(talk.patient_id, heard.id, NOW)
        unit.assessments.last_green_and_alarm(talk.patient_id)
        flag = talk.flags(assessment)
        unit.flags.list()
        unit.flags.of_patient(talk.patient_id)
        unit.flags.resting({(flag.state, flag.urgency): NOW}, set_back=NOW)
        talk.takes(flag, "acknowledge", "resolve")
        unit.flags.steps(flag.id)
        unit.assessments.get(assessment)
        unit.messages.last_before(talk.patient_id, NOW)
        unit.outbox.deliveries([said.id])
        unit.log.add_pain(talk.patient_id, pain=1, region=None, message_id="m", now=NOW)
        unit.log.add_session(talk.patient_id, SessionEntry(NOW, "walk"), message_id="m")
        unit.log.history(talk.patient_id, NOW)
        unit.outbox.due("web", NOW)
        unit.outbox.failed(said.id, error="x", retry_at=NOW)
        unit.outbox.sent([said.id], NOW)
        unit.misses.keep(talk.patient_id, heard.id, [])
        unit.patients.claim_turn(talk.patient_id, "a", NOW, NOW)
        unit.patients.release_turn(talk.patient_id, "a")
        unit.patients.with_waiting(NOW)
        unit.messages.erase_due_text(NOW)
        unit.commit()
    records.export(talk.patient_id)


def test_the_records_open_nothing_before_they_are_used(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path / 'safecue.db'}", "A" * 43 + "=")
    records = made.open()
    assert not made.file.exists() or made.file.stat().st_size == 0
    records.close()
