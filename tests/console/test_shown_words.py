"""Patients' words on a page: nothing in them acts, nothing in them hides, nothing of them is lost."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.transcript import rows, told
from bot.console.wanted import asked_in, place_in, told_place
from bot.console.words import LONG, folded, marked, visible
from bot.facts.clinical import Evidence
from bot.facts.review import Line, Place
from bot.facts.talk import Direction, Message

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=60)
NASTY = st.text(st.sampled_from("<>&\"'\u202e\u2066\u200f\x00\ud800ab👩\u200d\n"), max_size=30)
NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


def read_back(page: str) -> str:
    """What somebody reads who takes the numbers for the characters."""
    numbered = re.sub(r"<span[^>]*>\[U\+([0-9A-F]{4,6})\]</span>", lambda m: f"&&{m[1]};", page)
    plain = html.unescape(re.sub("</?mark>", "", numbered).replace("&&", "\x07"))
    return re.sub("\x07([0-9A-F]{4,6});", lambda m: chr(int(m[1], 16)), plain)


@given(ANYTHING | NASTY)
def test_every_character_is_shown_or_named_and_none_acts(text: str) -> None:
    page = str(visible(text))
    page.encode()
    assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x00]", page)
    assert "<" not in re.sub(r'<span class="hidden-char" title="[^"<>]*">\[U\+[0-9A-F]+\]</span>', "", page)
    if "\x07" not in text:
        assert read_back(page) == text


@given(NASTY, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))))
def test_marking_loses_no_word_whatever_the_spans(text: str, spans: list[tuple[int, int]]) -> None:
    evidence = [Evidence(start, end, "") for start, end in spans]
    page = str(marked(text, evidence))
    assert read_back(page) == text
    inside = {at for start, end in spans for at in range(start, min(end, len(text)))}
    found = "".join(read_back(piece) for piece in re.findall("<mark>(.*?)</mark>", page, re.DOTALL))
    assert found == "".join(text[at] for at in sorted(inside))


def test_emoji_and_writing_from_right_to_left_are_left_alone() -> None:
    assert visible("👩‍👩‍👧 مرحبا") == "👩‍👩‍👧 مرحبا"


@pytest.mark.parametrize(("length", "behind"), [(LONG, 0), (LONG + 1, 1), (100_000, 100_000 - LONG)])
def test_only_what_is_too_long_is_folded(length: int, behind: int) -> None:
    first, rest = folded("x" * length)
    assert (len(first), len(rest)) == (length - behind, behind)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (30, "less than a minute"),
        (60, "1 minute"),
        (3600 + 120, "1 hour 2 minutes"),
        (86400 + 61, "1 day 1 minute"),
        (2 * 86400 + 3 * 3600 + 60, "2 days 3 hours"),
    ],
)
def test_a_span_is_told_by_its_two_largest_units(seconds: int, words: str) -> None:
    assert told(timedelta(seconds=seconds)) == words


def test_days_begin_at_the_patients_midnight_and_gaps_count_real_hours() -> None:
    """In the night of the 29th the clocks in Paris go one hour ahead."""
    hours = (0, 0.5, 10.5, 11.5, 34)
    lines = [line(NOON + timedelta(hours=after)) for after in hours]
    shown = [*rows(lines, ZoneInfo("Europe/Paris"))]
    assert [row.at.strftime("%d %H:%M") for row in shown] == [
        "28 13:00",
        "28 13:30",
        "28 23:30",
        "29 00:30",
        "30 00:00",
    ]
    assert [row.new_day and row.new_day.day for row in shown] == [28, None, None, 29, 30]
    assert [row.gap and row.gap.total_seconds() / 3600 for row in shown] == [None, None, 10, 1, 22.5]


def line(at: datetime) -> Line:
    return Line(Message(id="m", patient_id="p", seq=1, direction=Direction.IN, at=at, text="hi"))


@given(st.datetimes(datetime(2000, 1, 1), datetime(2900, 1, 1)), st.integers(0, 2**128 - 1))
def test_a_place_in_the_list_is_found_again(at: datetime, number: int) -> None:
    place = Place(at.replace(tzinfo=UTC), f"{number:032x}")
    assert place_in(told_place(place)) == place


@pytest.mark.parametrize("words", ["", "x", "20261301T000000000000-" + "0" * 32, "20261101T000000000000-1"])
def test_a_forged_place_is_the_beginning(words: str) -> None:
    assert place_in(words) is None


@given(
    st.dictionaries(
        st.sampled_from(["since", "until", "level", "tags", "content", "from", "asks", "x"]), ANYTHING
    )
)
def test_whatever_stands_in_the_address_is_understood_or_told(address: dict[str, str]) -> None:
    asked = asked_in(address)
    assert asked.faults.keys() <= asked.typed.keys() <= address.keys()
    assert all(asked.faults.values())
