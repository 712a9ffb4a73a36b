"""The chain of the audit: one line for all who write, and no change of it goes unseen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from record_samples import NOW, Database
from sqlalchemy import create_engine, text

from bot.authoring import audit as command
from bot.facts.audit import AuditChain
from bot.records import SqlRecords, new_key

FLAG = "flag 7"


def note(records: SqlRecords, *details: str, actor: str = "ames", hours: int = 0) -> None:
    for detail in details:
        with records.unit() as unit:
            unit.audit.record(actor, "flag.clear", "somebody", detail, NOW + timedelta(hours=hours))
            unit.commit()


def verified(records: SqlRecords) -> AuditChain:
    with records.reading() as unit:
        return unit.audit.verify()


def tamper(database: Database, statement: str) -> None:
    engine = create_engine(database.url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def kept(records: SqlRecords) -> SqlRecords:
    note(records, "flag 1", "flag 2", "flag 3", "flag 4")
    return records


def test_an_audit_as_it_was_written_is_whole(kept: SqlRecords) -> None:
    chain = verified(kept)
    assert (chain.entries, chain.faults) == (4, [])
    assert len(chain.seal) == 64


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET detail = 'flag 9' WHERE id = 2",
        "UPDATE audit SET actor = 'bell' WHERE id = 4",
        "UPDATE audit SET at = '2026-11-01 09:30:01+00:00' WHERE id = 1",
        "DELETE FROM audit WHERE id = 1",
        "DELETE FROM audit WHERE id = 3",
        "DELETE FROM audit WHERE id = 4",
        "DELETE FROM audit",
        "UPDATE audit SET seal = NULL WHERE id = 3",
        "UPDATE audit SET id = 9 WHERE id = 4",
        "INSERT INTO audit (id, at, actor, action, subject, detail) "
        "SELECT 0, at, actor, action, subject, detail FROM audit WHERE id = 1",
        "INSERT INTO audit (id, at, actor, action, subject, detail, seal) "
        "SELECT 5, at, actor, action, subject, detail, seal FROM audit WHERE id = 4",
        "UPDATE audit SET (detail, seal) = (SELECT a.detail, a.seal FROM audit a WHERE a.id = 5 - audit.id) "
        "WHERE id IN (2, 3)",
    ],
)
def test_a_change_behind_our_back_is_seen(kept: SqlRecords, database: Database, change: str) -> None:
    tamper(database, change)
    assert verified(kept).faults


def test_what_was_removed_is_not_healed_by_what_comes_after(kept: SqlRecords, database: Database) -> None:
    tamper(database, "DELETE FROM audit WHERE id = 4")
    note(kept, "flag 5")
    assert verified(kept).faults


def test_those_who_write_at_the_same_time_make_one_chain(database: Database) -> None:
    each = [database.open() for _ in range(4)]
    with ThreadPoolExecutor(len(each)) as together:
        list(together.map(lambda records: note(records, *(f"flag {n}" for n in range(10))), each))
    chain = verified(each[0])
    assert (chain.entries, chain.faults) == (40, [])
    for records in each:
        records.close()


def test_what_is_not_committed_is_not_in_the_audit(kept: SqlRecords) -> None:
    with kept.unit() as unit:
        unit.audit.record("ames", "flag.clear", "somebody", FLAG, NOW)
    with kept.unit() as unit:
        unit.commit()
    assert verified(kept).entries == 4


def test_a_new_key_leaves_the_chain_whole(kept: SqlRecords, database: Database) -> None:
    both = database.open(new_key(), database.key)
    both.rotate()
    note(both, FLAG)
    assert verified(both).faults == []
    both.close()


def test_entries_from_before_the_chain_are_sealed_when_it_begins(
    kept: SqlRecords, database: Database
) -> None:
    tamper(database, "UPDATE audit SET seal = NULL")
    tamper(database, "DELETE FROM secrets WHERE name = 'audit-head'")
    kept.migrate()
    note(kept, FLAG)
    assert (verified(kept).entries, verified(kept).faults) == (5, [])


def test_entries_are_found_by_person_and_time_the_newest_first(records: SqlRecords) -> None:
    note(records, "flag 1", actor="ames")
    note(records, "flag 2", "flag 3", actor="bell", hours=1)
    note(records, "flag 4", actor="ames", hours=2)

    def found(**which: object) -> list[str]:
        with records.reading() as unit:
            return [entry.detail for entry in unit.audit.entries(**which)]  # type: ignore[arg-type]

    hour = timedelta(hours=1)
    assert found() == ["flag 4", "flag 3", "flag 2", "flag 1"]
    assert found(actor="ames") == ["flag 4", "flag 1"]
    assert found(since=NOW + hour, until=NOW + 2 * hour) == ["flag 3", "flag 2"]
    assert found(before=3, limit=1) == ["flag 2"]
    assert found(subject="nobody") == []


def test_the_command_tells_what_was_changed(
    kept: SqlRecords, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run(["verify"], kept) == 0
    assert "as it was written: 4 entries" in capsys.readouterr().out
    tamper(database, "UPDATE audit SET detail = 'flag 9' WHERE id = 2")
    assert command.run(["verify"], kept) == 1
    assert "entry 2 was changed" in capsys.readouterr().err
