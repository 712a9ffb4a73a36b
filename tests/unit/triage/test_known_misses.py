"""The list of known misses that `make known-misses` writes."""

from __future__ import annotations

import yaml
from known_misses import known, written


def test_the_written_list_reads_back_by_sign_with_what_each_is_answered() -> None:
    text = 'it\'s "odd": no, yes # and 7'
    listed = written([("dizzy", "urgent", text, "none"), ("dizzy", "past", "no", "stop")])
    assert yaml.safe_load(listed) == [text, "no"]
    assert listed.count("# dizzy\n") == 1
    assert "  # past, answered stop\n" in listed


def test_every_known_miss_is_a_text() -> None:
    assert all(isinstance(text, str) for text in known())
