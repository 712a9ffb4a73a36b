"""A talk at the terminal, typed line by line."""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fake_house import HELLO, STOP_WORDS, FakeHouse
from hypothesis import given
from hypothesis import strategies as st

from bot.facts.clinical import PainEntry
from bot.facts.talk import Direction
from bot.terminal import own_id
from bot.terminal.lines import typed_lines
from bot.terminal.looks import Looks, harmless, labels, wrapped
from bot.terminal.session import Session


class Screen:
    """Collects what is shown. `wait_for` gives the coach time to say something."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    async def wait_for(self, words: str) -> None:
        async with asyncio.timeout(5):
            while words not in self.text:
                await asyncio.sleep(0.01)


Typist = Callable[[Screen], AsyncIterator[str]]


async def talk(house: FakeHouse, typist: Typist, folder: Path, width: int = 60) -> str:
    screen = Screen()
    words = labels()
    session = Session(
        house,
        "me",
        out=screen.write,
        width=lambda: width,
        looks=Looks(words),
        words=words,
        pictures=folder / "content",
        drawn=folder / "drawn",
        handed=folder / "handed",
    )
    await session.run(typist(screen))
    return screen.text


def typed(house: FakeHouse) -> list[tuple[str | None, str | None]]:
    return [(m.text, m.payload) for m in house.messages["terminal|me"] if m.direction is Direction.IN]


async def test_what_is_typed_is_answered_under_the_coachs_mark(tmp_path: Path) -> None:
    async def typist(_: Screen) -> AsyncIterator[str]:
        yield "good morning"

    assert f"coach: {HELLO}" in await talk(FakeHouse(), typist, tmp_path)


async def test_typing_two_presses_the_second_button(tmp_path: Path) -> None:
    house = FakeHouse()

    async def typist(screen: Screen) -> AsyncIterator[str]:
        yield "region"
        await screen.wait_for("3. Shoulder")
        yield "2"
        await screen.wait_for("You chose Lower back.")

    shown = await talk(house, typist, tmp_path)
    assert "       1. Knee\n       2. Lower back\n       3. Shoulder" in shown
    assert typed(house)[1] == ("Lower back", "answer:region=Lower back")


async def test_a_button_can_be_pressed_by_typing_its_title(tmp_path: Path) -> None:
    house = FakeHouse()

    async def typist(screen: Screen) -> AsyncIterator[str]:
        yield "region"
        await screen.wait_for("3. Shoulder")
        yield "lower BACK"

    await talk(house, typist, tmp_path)
    assert typed(house)[1] == ("Lower back", "answer:region=Lower back")


async def test_a_number_beyond_the_buttons_is_a_message(tmp_path: Path) -> None:
    house = FakeHouse()

    async def typist(screen: Screen) -> AsyncIterator[str]:
        yield "region"
        await screen.wait_for("3. Shoulder")
        yield "4"

    await talk(house, typist, tmp_path)
    assert typed(house)[1] == ("4", None)


async def test_a_number_that_answers_a_question_never_presses_a_button(tmp_path: Path) -> None:
    house = FakeHouse()

    async def typist(screen: Screen) -> AsyncIterator[str]:
        yield "pain number"
        await screen.wait_for("[Skip]")
        yield "2"

    await talk(house, typist, tmp_path)
    assert typed(house)[1] == ("2", None)


async def test_on_a_scale_a_number_presses_the_button_that_bears_it(tmp_path: Path) -> None:
    house = FakeHouse()

    async def typist(screen: Screen) -> AsyncIterator[str]:
        yield "scale"
        await screen.wait_for("[10]")
        yield "7"

    await talk(house, typist, tmp_path)
    assert typed(house)[1] == ("7", "answer:pain=7")


async def test_old_buttons_do_not_catch_numbers_after_other_words(tmp_path: Path) -> None:
    house = FakeHouse()

    async def typist(screen: Screen) -> AsyncIterator[str]:
        yield "region"
        await screen.wait_for("3. Shoulder")
        yield "good morning"
        await screen.wait_for(HELLO)
        yield "2"

    await talk(house, typist, tmp_path)
    assert typed(house)[2] == ("2", None)


async def test_a_stop_stands_out_without_colour_and_does_not_wait_for_a_hanging_turn(tmp_path: Path) -> None:
    house = FakeHouse(slow=60)

    async def typist(screen: Screen) -> AsyncIterator[str]:
        yield "good morning"
        yield "I have chest pain"
        await screen.wait_for(STOP_WORDS)
        raise KeyboardInterrupt

    screen_text = ""

    async def keep(screen: Screen) -> AsyncIterator[str]:
        nonlocal screen_text
        try:
            async for line in typist(screen):
                yield line
        finally:
            screen_text = screen.text

    with pytest.raises(KeyboardInterrupt):
        await talk(house, keep, tmp_path)
    assert re.search(r"!{60}\ncoach: IMPORTANT\n\n  Stop now.*\n!{60}", screen_text)


async def test_late_words_appear_by_themselves(tmp_path: Path) -> None:
    house = FakeHouse()

    async def typist(screen: Screen) -> AsyncIterator[str]:
        yield "good morning"
        await screen.wait_for(HELLO)
        house.say("terminal|me", "How did the walk go?")
        await screen.wait_for("How did the walk go?")

    shown = await talk(house, typist, tmp_path)
    assert shown.count("How did the walk go?") == 1
    assert house.messages["terminal|me"][2].id in house.handed_over


async def test_the_talk_goes_on_where_it_was(tmp_path: Path) -> None:
    house = FakeHouse()

    async def first(_: Screen) -> AsyncIterator[str]:
        yield "good morning"

    async def nothing(_: Screen) -> AsyncIterator[str]:
        for line in ():
            yield line

    await talk(house, first, tmp_path)
    shown = await talk(house, nothing, tmp_path)
    assert "you  > good morning" in shown
    assert shown.count(HELLO) == 1


async def test_the_end_of_input_waits_for_the_answer(tmp_path: Path) -> None:
    async def typist(_: Screen) -> AsyncIterator[str]:
        yield "good morning"

    assert HELLO in await talk(FakeHouse(slow=0.3), typist, tmp_path)


async def test_an_empty_line_is_not_sent(tmp_path: Path) -> None:
    house = FakeHouse()

    async def typist(_: Screen) -> AsyncIterator[str]:
        yield "   "

    assert labels()["empty"] in await talk(house, typist, tmp_path)
    assert house.messages == {}


async def test_what_could_not_be_kept_is_said_with_whom_to_call_and_the_talk_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = FakeHouse(broken=True)

    async def typist(screen: Screen) -> AsyncIterator[str]:
        yield "I have chest pain"
        assert "call your local emergency number now" in screen.text.replace("\n", " ")
        house.broken = False
        yield "I have chest pain"

    assert STOP_WORDS in await talk(house, typist, tmp_path)
    assert "chest pain" not in caplog.text


async def test_the_progress_picture_is_drawn_and_its_path_shown(tmp_path: Path) -> None:
    house = FakeHouse()
    house.pains = [PainEntry(datetime.now(UTC), 6)]

    async def typist(_: Screen) -> AsyncIterator[str]:
        yield "show my progress"

    shown = await talk(house, typist, tmp_path)
    drawn = tmp_path / "drawn" / "progress.png"
    assert f"Picture: {drawn}" in shown
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert stat.S_IMODE(drawn.stat().st_mode) == 0o600


async def test_a_document_is_written_beside_for_its_user_alone_and_its_path_is_shown(tmp_path: Path) -> None:
    house = FakeHouse()

    async def typist(_: Screen) -> AsyncIterator[str]:
        yield "my data please"

    shown = await talk(house, typist, tmp_path, width=400)
    (written,) = (tmp_path / "handed").rglob("*.json")
    assert f"Your file: {written}" in shown
    assert "my data please" in written.read_text("utf-8")
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(written.parent.stat().st_mode) == 0o700


async def test_a_document_that_was_written_is_named_again_and_not_made_again(tmp_path: Path) -> None:
    house = FakeHouse()

    async def typist(_: Screen) -> AsyncIterator[str]:
        yield "my data please"

    async def silent(_: Screen) -> AsyncIterator[str]:
        for line in ():
            yield line

    await talk(house, typist, tmp_path)
    assert "Your file: " in await talk(house, silent, tmp_path, width=400)
    assert house.documents_made == 1


@given(st.text(max_size=300), st.integers(24, 88))
def test_no_line_is_wider_than_the_screen(text: str, width: int) -> None:
    assert all(len(line) <= width for line in wrapped(text, width, "coach: ", " " * 7).split("\n"))


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_no_text_can_steer_the_terminal(text: str) -> None:
    shown = harmless(text + "\x1b[2J\x9b\x07\r\u202e")
    assert not set(shown) & {"\x1b", "\x9b", "\x07", "\r", "\u202e"}


def test_the_id_is_kept_private_and_changes_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "var" / "terminal-id"
    first = own_id(path, begin_anew=False)
    assert own_id(path, begin_anew=False) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert own_id(path, begin_anew=True) not in {first, ""}
    assert own_id(path, begin_anew=False) != first


async def test_lines_come_whole_from_a_pipe_also_when_letters_arrive_in_halves() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as source:
        for part in ("gr\u00fc".encode()[:3], "\u00fc".encode()[1:] + b"n\r\nse", b"cond\n\xff\nlast"):
            os.write(writing, part)
            await asyncio.sleep(0)
        os.close(writing)
        assert [line async for line in typed_lines(source)] == ["grün", "second", "\ufffd", "last"]


async def test_lines_come_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("one\ntwo")
    with (tmp_path / "lines").open() as source:
        assert [line async for line in typed_lines(source)] == ["one", "two"]
