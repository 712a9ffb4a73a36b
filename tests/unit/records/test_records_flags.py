"""What the database itself holds to about flags, whoever writes to it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from record_samples import NOW, Database, Talk, reply
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from bot.facts.clinical import Level
from bot.facts.flags import NO_DATA, FlagKind, FlagState
from bot.facts.talk import Delivery, Standing
from bot.records import Cipher, FlagMoved, SqlRecords
from bot.triage.flag_life import LIFE, step

LATER = NOW + timedelta(hours=1)
STEPS = {(state, move.after) for move in LIFE for state in move.before}
# How each state is come by.
WAYS = {
    FlagState.NEW: (),
    FlagState.ACKNOWLEDGED: ("acknowledge",),
    FlagState.IN_PROGRESS: ("acknowledge", "begin"),
    FlagState.RESOLVED: ("acknowledge", "resolve"),
    FlagState.NOT_RELEVANT: ("acknowledge", "dismiss"),
}
WRITE = (
    "INSERT INTO flag_steps (patient_id, flag_id, at, actor, was, becomes, outcome, note) "
    "VALUES (:patient, :flag, :at, :actor, :was, :becomes, :outcome, :note)"
)
MOVE = "UPDATE flags SET state = :becomes, since = :at WHERE id = :flag"


def standing(records: SqlRecords, state: FlagState) -> dict[str, object]:
    """A kept flag in that state, as parameters of a step from it."""
    with records.unit() as unit:
        talk = Talk(unit)
        flag = talk.flags()
        if state is FlagState.ESCALATED:
            unit.flags.take(flag, step(flag, "escalate", by="clock", now=NOW))
        else:
            talk.takes(flag, *WAYS[state])
        unit.commit()
    return {
        "patient": talk.patient_id,
        "flag": flag.id,
        "was": state.value,
        "actor": "x",
        "at": str(LATER)[:19],
    }


def write(database: Database, *statements: str, **given: object) -> None:
    engine = create_engine(database.url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), given)
    finally:
        engine.dispose()


@pytest.mark.parametrize("becomes", FlagState)
@pytest.mark.parametrize("state", FlagState)
def test_the_database_takes_the_steps_of_the_table_and_refuses_all_others(
    records: SqlRecords, database: Database, state: FlagState, becomes: FlagState
) -> None:
    given = {**standing(records, state), "becomes": becomes.value, "outcome": "seen", "note": "sealed"}
    if (state, becomes) in STEPS:
        write(database, WRITE, MOVE, **given)
    else:
        with pytest.raises(IntegrityError):
            write(database, WRITE, MOVE, **given)


def test_a_state_without_its_step_is_refused(records: SqlRecords, database: Database) -> None:
    given = standing(records, FlagState.NEW)
    with pytest.raises(IntegrityError, match="a flag moves by a step"):
        write(database, MOVE, flag=given["flag"], becomes="acknowledged", at=given["at"])


def test_a_step_from_where_the_flag_does_not_stand_is_refused(
    records: SqlRecords, database: Database
) -> None:
    given = {**standing(records, FlagState.NEW), "was": "acknowledged", "outcome": "seen", "note": "sealed"}
    with pytest.raises(IntegrityError, match="a step begins where the flag stands"):
        write(database, WRITE, **given, becomes="resolved")


@pytest.mark.parametrize("missing", [{"actor": " "}, {"outcome": None}, {"note": None}])
def test_an_end_without_actor_outcome_or_note_is_refused(
    records: SqlRecords, database: Database, missing: dict[str, object]
) -> None:
    given = standing(records, FlagState.ACKNOWLEDGED)
    ended = {**given, "becomes": "resolved", "outcome": "seen", "note": "sealed", **missing}
    with pytest.raises(IntegrityError):
        write(database, WRITE, MOVE, **ended)


@pytest.mark.parametrize("change", ["actor = 'y'", "becomes = 'escalated'", "outcome = 'z'"])
def test_a_step_that_was_taken_stays_as_it_is(records: SqlRecords, database: Database, change: str) -> None:
    given = standing(records, FlagState.RESOLVED)
    with pytest.raises(IntegrityError, match="stays"):
        write(database, f"UPDATE flag_steps SET {change} WHERE flag_id = :flag", flag=given["flag"])


def test_a_flag_cannot_be_born_ended(records: SqlRecords, database: Database) -> None:
    given = standing(records, FlagState.NEW)
    born = (
        "INSERT INTO flags (patient_id, raised_at, level, urgency, summary, kind, state, since) "
        "VALUES (:patient, :at, 'stop', 'now', 'x', 'sign', 'resolved', :at)"
    )
    with pytest.raises(IntegrityError, match="begins as new"):
        write(database, born, patient=given["patient"], at=given["at"])


def test_of_two_who_take_a_step_at_once_the_second_is_told(talk: Talk) -> None:
    seen = talk.flags()
    talk.takes(seen, "acknowledge", by="Dr Ames")
    with pytest.raises(FlagMoved):
        talk.unit.flags.take(seen, step(seen, "acknowledge", by="Dr Bell", now=LATER))
    assert [taken.actor for taken in talk.unit.flags.steps(seen.id)] == ["Dr Ames"]


def test_the_steps_of_a_flag_come_back_as_they_were_taken(talk: Talk) -> None:
    ended = talk.takes(talk.takes(talk.flags(), "acknowledge"), "resolve", at=LATER, note="ECG normal")
    assert (ended.state, ended.since, ended.open) == (FlagState.RESOLVED, LATER, False)
    first, last = talk.unit.flags.steps(ended.id)
    assert (first.was, first.becomes, first.at) == (FlagState.NEW, FlagState.ACKNOWLEDGED, NOW)
    assert (last.outcome, last.note, last.actor) == ("seen", "ECG normal", "Dr Ames")
    assert list(talk.unit.flags.list()) == []
    assert list(talk.unit.flags.list(open_only=False)) == [ended]


def test_a_flag_is_found_by_what_raised_it_and_by_its_patient_also_when_ended(talk: Talk) -> None:
    assessment = talk.judges(Level.STOP)
    ended = talk.takes(talk.flags(assessment), "acknowledge", "resolve")
    other = Talk(talk.unit, "conversation-2")
    other.flags()
    assert list(talk.unit.flags.about(assessment)) == [ended]
    assert list(talk.unit.flags.about(assessment + 1)) == []
    assert list(talk.unit.flags.of_patient(talk.patient_id)) == [ended]


def test_resting_flags_are_found_by_state_urgency_and_age(talk: Talk) -> None:
    old, seen, ahead = talk.flags(at=NOW), talk.takes(talk.flags(), "acknowledge"), talk.flags(at=LATER)
    talk.takes(talk.flags(), "acknowledge", "resolve")

    def resting(state: FlagState, urgency: str, before: timedelta, leap: timedelta) -> list[int]:
        found = talk.unit.flags.resting({(state, urgency): NOW + before}, set_back=NOW + leap)
        return [flag.id for flag in found]

    day, second = timedelta(days=1), timedelta(seconds=1)
    assert resting(FlagState.NEW, "now", second, day) == [old.id]
    assert resting(FlagState.NEW, "soon", second, day) == []
    assert resting(FlagState.NEW, "now", timedelta(), day) == []
    assert resting(FlagState.ACKNOWLEDGED, "now", second, day) == [seen.id]
    assert resting(FlagState.NEW, "now", timedelta(), timedelta()) == [ahead.id]


def test_who_is_reminded_and_fell_silent_is_found(talk: Talk) -> None:
    talk.hears(at=NOW)
    talk.unit.patients.set_standing(talk.patient_id, Standing.ACTIVE)
    assert dict(talk.unit.patients.silent(LATER)) == {}
    talk.unit.patients.remind_at(talk.patient_id, LATER)
    assert dict(talk.unit.patients.silent(LATER)) == {talk.patient_id: NOW}
    assert dict(talk.unit.patients.silent(NOW)) == {}
    talk.unit.patients.set_standing(talk.patient_id, Standing.REFUSED)
    assert dict(talk.unit.patients.silent(LATER)) == {}


def test_when_a_kind_was_last_raised_is_known_by_patient(talk: Talk) -> None:
    for at in (LATER, NOW):
        talk.unit.flags.raise_(
            talk.patient_id,
            level=NO_DATA,
            urgency="soon",
            summary="x",
            assessment_id=None,
            now=at,
            kind=FlagKind.NO_DATA,
        )
    talk.flags(at=LATER + timedelta(days=1))
    assert dict(talk.unit.flags.last_raised(FlagKind.NO_DATA)) == {talk.patient_id: LATER}


def test_a_part_that_shows_life_again_is_known_by_its_last(talk: Talk) -> None:
    for at in (NOW, LATER):
        talk.unit.heartbeats.beat("scheduler", at)
    assert dict(talk.unit.heartbeats.last()) == {"scheduler": LATER}


def test_what_became_of_our_words_is_known(talk: Talk) -> None:
    sent, waits = talk.says(reply()), talk.says(reply())
    talk.unit.outbox.sent([sent.id], LATER)
    found = talk.unit.outbox.deliveries([sent.id, waits.id, "nobody's"])
    assert dict(found) == {sent.id: (Delivery.SENT, LATER), waits.id: (Delivery.PENDING, None)}


def test_the_last_message_before_a_moment_is_found(talk: Talk) -> None:
    first, second = talk.hears("one", at=NOW), talk.hears("two", at=LATER)

    def before(moment: timedelta) -> str | None:
        found = talk.unit.messages.last_before(talk.patient_id, NOW + moment)
        return found.id if found else None

    assert before(timedelta(minutes=59)) == first.id
    assert before(timedelta(hours=1)) == second.id
    assert before(timedelta(seconds=-1)) is None


def test_flags_from_before_keep_who_cleared_them_and_why(empty_database: Database) -> None:
    """A database of the version before is brought up: nothing is lost, and it is held to the life cycle."""
    empty_database.open().close()
    sealed = Cipher([empty_database.key]).seal("ECG normal")
    engine = create_engine(empty_database.url)
    with engine.begin() as connection:
        config = Config()
        migrations = Path(__file__).parents[3] / "bot" / "records" / "migrations"
        config.set_main_option("script_location", str(migrations))
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.execute(
            text(
                "INSERT INTO patients (id, door, address_lookup, address, standing, created_at, profile, "
                "last_seq) VALUES ('p', 'web', 'x', 'x', 'active', :at, 'x', 0)"
            ),
            {"at": str(NOW)[:19]},
        )
        kept = (
            ("stop", "chest_pain", str(LATER)[:19], "Dr Ames", sealed),
            ("stop", "check not answered: chest_pain", None, None, None),
            ("request", "human", None, None, None),
        )
        for level, summary, cleared_at, by, reason in kept:
            connection.execute(
                text(
                    "INSERT INTO flags (patient_id, raised_at, level, urgency, summary, cleared_at, "
                    "cleared_by, cleared_reason) "
                    "VALUES ('p', :at, :level, 'now', :summary, :cleared, :by, :why)"
                ),
                {
                    "at": str(NOW)[:19],
                    "level": level,
                    "summary": summary,
                    "cleared": cleared_at,
                    "by": by,
                    "why": reason,
                },
            )
    engine.dispose()
    records = empty_database.open()
    records.migrate()
    with records.unit() as unit:
        cleared, unanswered, request = unit.flags.list(open_only=False)
        steps = unit.flags.steps(cleared.id)
        assert (cleared.state, cleared.since, cleared.kind) == (FlagState.RESOLVED, LATER, FlagKind.SIGN)
        assert [(s.becomes, s.actor, s.note) for s in steps] == [
            (FlagState.ACKNOWLEDGED, "Dr Ames", None),
            (FlagState.RESOLVED, "Dr Ames", "ECG normal"),
        ]
        assert (unanswered.kind, unanswered.state, unanswered.since) == (
            FlagKind.UNANSWERED,
            FlagState.NEW,
            NOW,
        )
        assert request.kind is FlagKind.REQUEST
    records.close()
