from datetime import date
from pathlib import Path

import pytest

from bot.library.reading import Listed, Mapped, line_at, read_file, read_text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("0800", "0800"),
        ("112", 112),
        ("'112'", "112"),
        ("0.40", 0.4),
        ("true", True),
        ("null", None),
        ("2026-02-30", "2026-02-30"),
        ("2026-02-28", date(2026, 2, 28)),
    ],
)
def test_only_plain_numbers_truths_and_days_are_more_than_text(written: str, read: object) -> None:
    value, faults = read_text(f"key: {written}\n", "a.yml")
    assert value == {"key": read}
    assert type(value["key"]) is type(read)
    assert faults == []


def test_every_mapping_key_and_item_knows_its_line() -> None:
    value, _ = read_text("a:\n  b:\n    - x\n    - y: 1\n", "a.yml")
    assert isinstance(value["a"], Mapped)
    assert isinstance(value["a"]["b"], Listed)
    assert line_at(value, ("a", "b", 1, "y")) == 4
    assert line_at(value, ("a", "b", 0)) == 3
    assert line_at(value, ("a", "missing")) == 1


def test_a_key_that_stands_twice_is_a_fault_and_the_first_stays() -> None:
    value, faults = read_text("a: 1\nb: 2\na: 3\n", "a.yml")
    assert value == {"a": 1, "b": 2}
    assert [(fault.file, fault.line) for fault in faults] == [("a.yml", 3)]
    assert "first in line 1" in faults[0].found


def test_a_fault_names_file_and_line_first_and_the_mend_last() -> None:
    _, faults = read_text("a: 1\na: 2\n", "a.yml")
    assert str(faults[0]).startswith("a.yml:2: ")
    assert str(faults[0]).endswith("-> keep one of the two")


def test_broken_yaml_names_the_line_it_breaks_in() -> None:
    value, faults = read_text("a: 1\nb: [1, 2\nc: 3\n", "a.yml")
    assert value is None
    assert faults[0].line in (2, 3)


def test_a_tag_that_could_run_code_is_a_fault_and_stays_text() -> None:
    value, faults = read_text("a: !!python/name:os.system 'x'\nb: !thing x\n", "a.yml")
    assert value["b"] == "x"
    assert [fault.line for fault in faults] == [2]


def test_files_that_are_missing_or_no_text_are_faults(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_bytes(b"\xff\xfe\x00")
    assert read_file(tmp_path / "a.yml", "a.yml")[1][0].found == "the file is missing"
    assert "can't be read" in read_file(tmp_path / "b.yml", "b.yml")[1][0].found
