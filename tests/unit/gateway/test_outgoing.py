"""The form of what is sent: pieces that fit, rows that fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.gateway.outgoing import LONGEST, ROW_BUTTONS, keyboard, length, split

WORDS = st.text(alphabet="ab .!\n😀é", max_size=300)


@given(text=WORDS, longest=st.integers(2, 40))
def test_every_piece_fits_and_no_letter_is_lost(text: str, longest: int) -> None:
    pieces = split(text, longest)
    assert all(length(piece) <= longest for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_text_that_fits_stays_whole() -> None:
    assert split("a" * LONGEST) == ["a" * LONGEST]


def test_the_cut_is_at_the_last_paragraph_that_fits_before_any_other_border() -> None:
    assert split("one\n\ntwo\n\nthree. four", 14) == ["one\n\ntwo", "three. four"]
    assert split("one. two three", 9) == ["one.", "two three"]
    assert split("one two", 5) == ["one", "two"]
    assert split("abcdefgh", 5) == ["abcde", "fgh"]


def test_a_character_of_two_units_is_never_cut_in_half() -> None:
    assert split("😀" * 4, 5) == ["😀😀", "😀😀"]


@given(
    st.lists(st.tuples(st.text("abc ", min_size=1, max_size=40), st.just("t" * 32)), min_size=1, max_size=30)
)
def test_every_button_stands_in_the_keyboard_once_in_its_order(buttons: list[tuple[str, str]]) -> None:
    markup = keyboard(buttons)
    assert markup is not None
    rows = markup.inline_keyboard
    assert [(b.text, b.callback_data) for row in rows for b in row] == buttons
    assert all(1 <= len(row) <= ROW_BUTTONS for row in rows)


def test_no_buttons_make_no_keyboard() -> None:
    assert keyboard(()) is None


def test_a_scale_stands_in_two_rows_and_long_titles_below_one_another() -> None:
    scale = keyboard([(str(number), "t") for number in range(11)])
    assert scale is not None
    assert [len(row) for row in scale.inline_keyboard] == [6, 5]
    long = keyboard([("Squatting or bending down", "t"), ("Stairs", "t"), ("Kneeling", "t")])
    assert long is not None
    assert [len(row) for row in long.inline_keyboard] == [1, 2]
