"""The store alone: what it has at hand is what it keeps."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from engine_bench import ENGINE_PYTHON, settings_for

pytestmark = pytest.mark.engine

HEAD = """
import json, sqlalchemy as sa
from engine import tracker_store
from engine.tracker_store import PrivateTrackerStore
address = "sqlite:///engine.db"
def lasting(value):
    return {"slots": {"region": value}}
store = PrivateTrackerStore(None, address)
def told(**facts):
    print(json.dumps(facts))
"""
EARLIER = """
with sa.create_engine(address).begin() as database:
    database.execute(sa.text("CREATE TABLE events (sender_id, data)"))
    database.execute(sa.text("INSERT INTO events VALUES ('ann', 'x')"))
PrivateTrackerStore(None, address)
told(left=sa.inspect(sa.create_engine(address)).has_table("events"))
"""
TOGETHER = """
import sqlite3
made = []
@sa.event.listens_for(sa.engine.Engine, "before_cursor_execute")
def another_is_quicker(connection, cursor, statement, *more):
    if "CREATE TABLE conversations" in statement and not made:
        made.append("conversations")
        with sqlite3.connect("other.db") as other:
            other.execute("CREATE TABLE conversations (sender_id TEXT PRIMARY KEY, data TEXT NOT NULL)")
PrivateTrackerStore(None, "sqlite:///other.db")
told(made=made, tables=sa.inspect(sa.create_engine("sqlite:///other.db")).get_table_names())
"""
BROKEN = """
store.save_turn("ann", lasting("knee"), "m1", {"said": 1})
@sa.event.listens_for(store._database, "before_cursor_execute")
def full(connection, cursor, statement, *more):
    if statement.startswith("INSERT INTO answers"):
        raise sa.exc.OperationalError("disk", None, Exception("full"))
try:
    store.save_turn("ann", lasting("hip"), "m2", {"said": 2})
except sa.exc.OperationalError:
    told(at_hand=list(store._at_hand), now=store.lasting("ann"), answer=store.answer_to("ann", "m2"))
"""
ERASED = """
for sender in ("ann", "bob"):
    store.save_turn(sender, lasting("knee"), "m1", {"said": 1})
removed = store.erase("ann")
told(removed=removed, ann=store.lasting("ann"), answer=store.answer_to("ann", "m1"), bob=store.lasting("bob"))
"""
MANY = """
tracker_store.TALKERS_AT_HAND = 3
for number in (1, 2, 3, 4, 5, 1):
    store.save_turn(f"p{number}", lasting(number), f"m{len(store._at_hand)}-{number}", {"said": number})
told(at_hand=list(store._at_hand), first=store.lasting("p2"), size=len(store._at_hand))
"""
PAUSED = """
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from engine.lasting import lasting, tracker_from
domain = Domain.empty()
listens = ActionExecuted("action_listen", policy="MemoizationPolicy", timestamp=1000.0)
yes = UserUttered("yes, a secret", {"name": "affirm"}, timestamp=999.0)
kept = lasting(DialogueStateTracker.from_events("ann", [yes, listens], domain.slots))
assert "secret" not in json.dumps(kept)
def turns(after):
    events = tracker_from(kept, "ann", domain, 1000.0 + after).events
    return sum(isinstance(event, UserUttered) for event in events)
told(turns=[turns(3500), turns(3700)])
"""


def ran(script: str, folder: Path) -> dict[str, object]:
    environment = settings_for(folder, 0, Fernet.generate_key().decode(), "")
    done = subprocess.run(
        [str(ENGINE_PYTHON), "-c", HEAD + script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    facts: dict[str, object] = json.loads(done.stdout)
    return facts


def test_a_turn_that_cannot_be_kept_leaves_nothing_at_hand_and_the_last_state_holds(tmp_path: Path) -> None:
    assert ran(BROKEN, tmp_path) == {"at_hand": [], "now": {"slots": {"region": "knee"}}, "answer": None}


def test_who_is_erased_is_not_at_hand_either(tmp_path: Path) -> None:
    kept = {"slots": {"region": "knee"}}
    assert ran(ERASED, tmp_path) == {"removed": 2, "ann": None, "answer": None, "bob": kept}


def test_only_so_many_people_are_at_hand_and_the_others_are_read_again(tmp_path: Path) -> None:
    facts = ran(MANY, tmp_path)
    assert facts == {"at_hand": ["p4", "p5", "p1"], "first": {"slots": {"region": 2}}, "size": 3}


def test_what_an_earlier_version_kept_of_every_event_is_gone(tmp_path: Path) -> None:
    assert ran(EARLIER, tmp_path) == {"left": False}


def test_two_engines_that_start_together_make_the_tables_once(tmp_path: Path) -> None:
    assert ran(TOGETHER, tmp_path) == {"made": ["conversations"], "tables": ["answers", "conversations"]}


def test_after_an_hour_a_yes_no_longer_belongs_to_a_story(tmp_path: Path) -> None:
    assert ran(PAUSED, tmp_path) == {"turns": [1, 0]}
