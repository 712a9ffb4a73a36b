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
