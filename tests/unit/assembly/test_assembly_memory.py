"""What a part of the coach loads is what it uses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PART = """
import sys
from bot.assembly import assemble
from bot.settings import load
house = assemble(load(), reads_words={reads_words})
print("spacy" in sys.modules, *(fact.sign for fact in house.screen.read("I have chest pain")))
"""


@pytest.mark.parametrize("reads_words", [True, False])
def test_who_reads_no_words_loads_no_spacy_and_can_read_all_the_same(
    tmp_path: Path, reads_words: bool
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", PART.format(reads_words=reads_words)],
        # The second voice would be fitted first, and is no part of the question.
        env={"SAFECUE_DATA_DIR": str(tmp_path), "SAFECUE_SECOND_VOICE": "no"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded, *signs = told.stdout.split()
    assert loaded == str(reads_words)
    assert any("chest" in sign for sign in signs)


def loaded_by(code: str, **settings: str) -> set[str]:
    """The packages that a fresh process has loaded behind this."""
    told = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*{{name.split('.')[0] for name in sys.modules}})"],
        env=settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(told.stdout.split())


def test_what_keeps_the_parts_running_loads_nothing_but_the_standard_library() -> None:
    loaded = loaded_by("import bot.runner.keep")
    assert "bot" in loaded
    assert not {"pydantic", "dotenv", "httpx", "yaml", "sqlalchemy", "numpy", "spacy"} & loaded


def test_a_database_that_is_up_to_date_needs_no_migration_tool(tmp_path: Path) -> None:
    opens = "from bot.assembly import open_records; from bot.settings import load; open_records(load())"
    assert "alembic" in loaded_by(opens, SAFECUE_DATA_DIR=str(tmp_path))
    assert "alembic" not in loaded_by(opens, SAFECUE_DATA_DIR=str(tmp_path))


def test_the_second_voice_loads_no_spacy() -> None:
    loaded = loaded_by("import bot.extraction.likeness")
    assert "numpy" in loaded
    assert "spacy" not in loaded
