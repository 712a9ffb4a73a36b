"""What puts something right, and what only sounds like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.usecases.correction import correction


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("no, I meant 4", "4"),
        ("No I meant my back", "my back"),
        ("sorry, i meant to put 3.", "3"),
        ("I meant hip, not knee", "hip"),
        ("that should be 4 not 7", "4"),
        ("oops, it should have been a 6", "a 6"),
        ("wrong button", ""),
        ("Oh no, wrong button!", ""),
        ("I pressed the wrong one", ""),
        ("wrong button, I meant 5", "5"),
        ("I hit the wrong number. That should be 2", "2"),
    ],
)
def test_a_correction_tells_what_is_meant_instead(said: str, meant: str) -> None:
    assert correction(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        "I meant to go for a walk but my knee hurt",
        "no, I mean it",
        "4",
        "no",
        "I was told I lift in the wrong way",
        "the button on the page looks wrong",
        "it should be better by now",
        "what is meant by pacing",
        "",
    ],
)
def test_what_corrects_nothing_is_no_correction(said: str) -> None:
    assert correction(said) is None


@given(st.text(max_size=80))
def test_any_text_can_be_asked(said: str) -> None:
    meant = correction(said)
    assert meant is None or len(meant) <= len(said)
