"""The operator's commands over real records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from record_samples import NOW, Database, Talk

from bot.assembly import open_screen
from bot.authoring import erase, export, flags, keys
from bot.facts.clinical import Level
from bot.library.console import load_console
from bot.library.library import load_library
from bot.records import SqlRecords, new_key
from bot.settings import Settings
from bot.usecases.deliver import Words
from bot.usecases.flag_moves import MoveFlags
from bot.usecases.hand_over import HandOver
from bot.usecases.ports import EngineSilent, EngineTurn

CONTENT = Path(__file__).parents[3] / "content"
Captured = pytest.CaptureFixture[str]


class EngineAside:
    """An engine that remembers whom it erased, or says nothing."""

    def __init__(self, rows: int = 0, *, silent: bool = False) -> None:
        self.rows, self.silent = rows, silent
        self.erased: list[str] = []

    async def turn(
        self, patient_id: str, message_id: str, text: str, metadata: Mapping[str, object]
    ) -> EngineTurn:
        raise EngineSilent

    async def erase(self, patient_id: str) -> int:
        if self.silent:
            raise EngineSilent
        self.erased.append(patient_id)
        return self.rows


def handing_over(records: SqlRecords) -> HandOver:
    return HandOver(records, load_library(CONTENT), lambda: NOW)


@pytest.fixture
def flagged(records: SqlRecords) -> tuple[str, int]:
    """A patient with an open stop and its flag."""
    with records.unit() as unit:
        talk = Talk(unit)
        assessment = talk.judges(Level.STOP, of=talk.hears("chest pain"), words="chest pain")
        flag = talk.flags(assessment)
        unit.commit()
    return talk.patient_id, flag.id


@pytest.fixture(scope="session")
def words() -> Words:
    return Words(load_library(CONTENT), open_screen(Settings(content_dir=CONTENT)))


@pytest.fixture
def moves(records: SqlRecords, words: Words) -> MoveFlags:
    return MoveFlags(records, words, load_console(CONTENT).outcomes, lambda *_: None, lambda: NOW)


def test_open_flags_are_listed_with_the_most_urgent_first(
    records: SqlRecords, moves: MoveFlags, flagged: tuple[str, int], capsys: Captured
) -> None:
    patient, flag = flagged
    with records.unit() as unit:
        crisis = unit.flags.raise_(
            patient, level="crisis", urgency="now", summary="plan", assessment_id=None, now=NOW
        )
        unit.commit()
    assert flags.run(["list"], records, moves) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:2] == [str(crisis), "new"]
    assert second.split()[0] == str(flag)
    assert "chest_pain" in second
    assert patient in second


def test_without_flags_the_list_says_so(records: SqlRecords, moves: MoveFlags, capsys: Captured) -> None:
    assert flags.run(["list"], records, moves) == 0
    assert capsys.readouterr().out == "No open flags.\n"


def test_a_flag_is_shown_and_a_missing_one_is_told(
    records: SqlRecords, moves: MoveFlags, flagged: tuple[str, int], capsys: Captured
) -> None:
    assert flags.run(["show", str(flagged[1])], records, moves) == 0
    assert "2026-11-01 09:30 UTC" in capsys.readouterr().out
    assert flags.run(["show", "99"], records, moves) == 1
    assert "no flag 99" in capsys.readouterr().err


def test_a_flag_is_cleared_once_by_somebody_for_a_reason(
    records: SqlRecords, moves: MoveFlags, flagged: tuple[str, int], capsys: Captured
) -> None:
    command = ["clear", str(flagged[1]), "--by", "Dr Ames", "--reason", "ECG normal"]
    assert flags.run(command, records, moves) == 0
    assert flags.run(command, records, moves) == 1
    assert "is resolved" in capsys.readouterr().err
    assert flags.run(["list"], records, moves) == 0
    assert flags.run(["show", str(flagged[1])], records, moves) == 0
    assert "resolved, by Dr Ames: other: ECG normal" in capsys.readouterr().out
    with records.unit() as unit:
        assert unit.assessments.open_for(flagged[0]) == []


@pytest.mark.parametrize(
    "rest",
    [
        [],
        ["--by", "Dr Ames"],
        ["--reason", "seen"],
        ["--by", " ", "--reason", "seen"],
        ["--by", "A", "--reason", ""],
        ["--by", "A", "--reason", "seen", "--outcome", ""],
    ],
)
def test_a_flag_without_name_or_reason_stays_open(
    records: SqlRecords, moves: MoveFlags, flagged: tuple[str, int], rest: list[str], capsys: Captured
) -> None:
    assert flags.run(["clear", str(flagged[1]), *rest], records, moves) == 2
    assert "safecue flags" in capsys.readouterr().err
    with records.unit() as unit:
        assert [flag.id for flag in unit.flags.list()] == [flagged[1]]


def test_erasing_tells_what_went_here_and_at_the_engine(
    records: SqlRecords, flagged: tuple[str, int], database: Database, capsys: Captured
) -> None:
    engine = EngineAside(rows=12)
    assert erase.run([flagged[0], "--by", "Dr Ames"], records, engine) == 0
    told = {line.split()[-1]: line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert (told["patients"], told["messages"], told["flags"], told["engine"]) == ("1", "1", "1", "12")
    assert engine.erased == [flagged[0]]
    with records.unit() as unit:
        assert unit.patients.at_door("web", "conversation-1") is None


def test_an_erasure_the_engine_missed_is_told_and_can_be_finished(
    records: SqlRecords, flagged: tuple[str, int], capsys: Captured
) -> None:
    assert erase.run([flagged[0]], records, EngineAside(silent=True)) == 1
    said = capsys.readouterr()
    assert "messages" in said.out
    assert "did not answer" in said.err
    engine = EngineAside(rows=3)
    assert erase.run([flagged[0]], records, engine) == 0
    assert capsys.readouterr().out.split()[:2] == ["3", "engine"]


def test_erasing_nobody_is_told(records: SqlRecords, capsys: Captured) -> None:
    assert erase.run(["nobody"], records, EngineAside()) == 1
    assert "Nothing is kept" in capsys.readouterr().err


def test_keys_are_rotated_with_counts_and_a_second_run_finds_nothing(
    flagged: tuple[str, int], database: Database, capsys: Captured
) -> None:
    both = database.open(new_key(), database.key)
    assert keys.run(["rotate"], both, new_key) == 0
    first = capsys.readouterr().out
    assert "4  secrets" in first
    assert "newest key now" in first
    assert keys.run(["rotate"], both, new_key) == 0
    assert "no longer needed" in capsys.readouterr().out
    both.close()


def test_rotating_without_the_old_key_is_told(
    flagged: tuple[str, int], database: Database, capsys: Captured
) -> None:
    stranger = database.open(new_key())
    assert keys.run(["rotate"], stranger, new_key) == 1
    assert "missing key" in capsys.readouterr().err
    stranger.close()


def test_a_new_key_is_printed_and_nothing_else(records: SqlRecords, capsys: Captured) -> None:
    assert keys.run(["new"], records, lambda: "fresh") == 0
    assert capsys.readouterr().out == "fresh\n"


@pytest.mark.parametrize("command", [["--help"], ["rotate", "--help"]])
def test_help_needs_no_records(command: list[str], capsys: Captured) -> None:
    class Unopened:
        def rotate(self) -> Mapping[str, int]:
            raise AssertionError("opened for help")

    assert keys.run(command, Unopened(), new_key) == 0
    assert "usage: safecue keys" in capsys.readouterr().out


def test_commands_that_cannot_be_read_are_refused(
    records: SqlRecords, moves: MoveFlags, capsys: Captured
) -> None:
    assert flags.run(["clear", "one"], records, moves) == 2
    assert erase.run([], records, EngineAside()) == 2
    assert keys.run([], records, new_key) == 2
    assert "usage" in capsys.readouterr().err


def test_an_export_shows_the_words_and_is_written_into_the_audit(
    records: SqlRecords, flagged: tuple[str, int], capsys: Captured
) -> None:
    patient, _ = flagged
    assert export.run([patient, "--by", "Dr Rao"], handing_over(records)) == 0
    told = json.loads(capsys.readouterr().out)
    assert [message["text"] for message in told["messages"]] == ["chest pain"]
    assert [(row["actor"], row["action"]) for row in told["audit"]] == [("Dr Rao", "patient.export")]


def test_an_export_of_nobody_says_so(records: SqlRecords, capsys: Captured) -> None:
    assert export.run(["0" * 32, "--by", "Dr Rao"], handing_over(records)) == 1
    assert "Nothing is kept" in capsys.readouterr().err
