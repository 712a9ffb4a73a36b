"""The engine's store on PostgreSQL, by setting alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_bench import launched
from postgres_at_hand import new_postgres, run_on_server
from sqlalchemy import create_engine, make_url, text

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def database(postgres_server: str) -> Iterator[str]:
    name, url = new_postgres(postgres_server)
    yield url
    run_on_server(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def stored(database: str) -> dict[str, list[tuple[str, str]]]:
    """(sender, what is kept) of every row, by table."""
    engine = create_engine(database)
    with engine.connect() as connection:
        rows = {
            table: [
                (str(sender), str(data))
                for sender, data in connection.execute(text(f"SELECT sender_id, data FROM {table}"))
            ]
            for table in ("conversations", "answers")
        }
    engine.dispose()
    return rows


def of(rows: dict[str, list[tuple[str, str]]], sender: str) -> int:
    return sum(each == sender for table in rows.values() for each, _ in table)


def test_a_conversation_is_kept_there_unreadable_and_one_persons_rows_are_erased(
    project: Path, keys: str, database: str
) -> None:
    theirs = make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
    with launched(project, keys, theirs) as running:
        engine = running.when_ready()
        gone, stays = engine.talk(), engine.talk()
        for each in (gone, stays):
            each.say(intent="begin")
            each.answer("region", "an unmistakable value")
        assert gone.say(intent="greet")["requested_slot"] == "thought"
        before = stored(database)
        assert of(before, gone.sender) == 4
        assert "unmistakable" not in str(before)
        removed = engine.door.delete(f"/person/{gone.sender}").json()
        assert removed == {"removed": of(before, gone.sender)}
        after = stored(database)
        assert of(after, gone.sender) == 0
        assert of(after, stays.sender) == of(before, stays.sender) > 0
        assert stays.say(intent="greet")["requested_slot"] == "thought"
        assert gone.say(intent="greet")["flow"] is None
