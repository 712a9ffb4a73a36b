"""The demonstration: made by the coach's own use cases, alike for the same seed, never in a used folder."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.assembly import open_records
from bot.authoring import demo
from bot.facts.flags import FlagKind, FlagState
from bot.facts.talk import SYNTHETIC
from bot.records import SqlRecords
from bot.settings import Settings

END = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
PEOPLE, WEEKS = 10, 2
Told = list[tuple[str, str, str | None]]


def made(folder: Path, seed: int = 2) -> SqlRecords:
    demo.make(Settings(data_dir=folder / "unused"), folder, seed=seed, end=END, people=PEOPLE, weeks=WEEKS)
    return open_records(Settings(data_dir=folder))


def talks(records: SqlRecords) -> tuple[Told, list[tuple[str, str, str, str]]]:
    """All that was said, and every flag with where it stands."""
    with records.reading() as uow:
        people = [uow.patients.at_door(SYNTHETIC, f"made-up {n + 1}") for n in range(PEOPLE)]
        names = {person.id: f"{n}" for n, person in enumerate(people) if person}
        said = [
            (names[person.id], m.at.isoformat(), m.text)
            for person in people
            if person
            for m in uow.messages.transcript(person.id, limit=10_000)
        ]
        flags = [
            (names[f.patient_id], f.level, f.state.value, f.since.isoformat())
            for f in uow.flags.list(open_only=False)
        ]
    return said, flags


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> SqlRecords:
    return made(tmp_path_factory.mktemp("demo") / "first")


def test_the_same_seed_makes_the_same_talks_and_flags(shown: SqlRecords, tmp_path: Path) -> None:
    again = made(tmp_path / "again")
    assert talks(shown) == talks(again)
    again.close()


def test_a_newcomer_sees_flags_in_every_state_and_of_every_level(shown: SqlRecords) -> None:
    with shown.reading() as uow:
        flags = uow.flags.list(open_only=False)
    assert {flag.state for flag in flags} == set(FlagState)
    assert {"crisis", "stop", "assess", "request", "no_data"} <= {flag.level for flag in flags if flag.open}
    assert {FlagKind.UNDELIVERED, FlagKind.NO_DATA, FlagKind.SIGN} <= {f.kind for f in flags if f.open}
    assert FlagState.ESCALATED in {flag.state for flag in flags}


def test_everybody_is_marked_as_made_up_and_in_the_demonstrations_team(
    shown: SqlRecords,
) -> None:
    with shown.reading() as uow:
        (team,) = uow.teams.list()
        people = [uow.patients.at_door(SYNTHETIC, f"made-up {n + 1}") for n in range(PEOPLE)]
        assert all(person and uow.teams.of_patient(person.id) == {team.id} for person in people)
    assert "made-up" in team.name


def test_most_days_bring_words_and_nobody_says_the_same_every_day(shown: SqlRecords) -> None:
    said, _ = talks(shown)
    assert len({at[:10] for _, at, _ in said}) >= WEEKS * 7 - 1
    assert Counter(who for who, _, _ in said).total() > PEOPLE * WEEKS * 5


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "safecue.db"
    kept.write_text("somebody's database")
    assert demo.run([str(tmp_path)], Settings(data_dir=tmp_path)) == 1
    assert "already" in capsys.readouterr().err
    assert kept.read_text() == "somebody's database"
    assert list(tmp_path.iterdir()) == [kept]


def test_whatever_database_is_set_the_demonstration_is_made_in_its_own_folder(
    tmp_path: Path,
) -> None:
    set_one = tmp_path / "own.db"
    settings = Settings(database_url=f"sqlite:///{set_one}", data_dir=tmp_path / "var")
    demo.make(settings, tmp_path / "demo", seed=1, end=END, people=3, weeks=1)
    assert (tmp_path / "demo" / "safecue.db").is_file()
    assert not set_one.exists()
    assert not (tmp_path / "var").exists()
