"""Keys and what they seal."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.records import Cipher, KeyFileUnsafe, WrongKey, load_or_make_key_file, new_key
from bot.records.cipher import Lookup, new_secret

OLD, NEW = new_key(), new_key()
anything = st.text(st.characters(codec=None), max_size=200)


@given(anything)
def test_any_text_opens_as_it_was_sealed(text: str) -> None:
    cipher = Cipher([OLD])
    assert cipher.open(cipher.seal(text)) == text


def test_the_same_text_is_never_sealed_alike_twice() -> None:
    cipher = Cipher([OLD])
    assert cipher.seal("chest pain") != cipher.seal("chest pain")


def test_a_wrong_key_is_told_and_gives_no_garbage() -> None:
    with pytest.raises(WrongKey, match="do not open"):
        Cipher([NEW]).open(Cipher([OLD]).seal("words"))


def test_a_changed_value_is_refused() -> None:
    sealed = Cipher([OLD]).seal("words")
    with pytest.raises(WrongKey):
        Cipher([OLD]).open(sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:])


def test_older_keys_still_open_what_they_sealed() -> None:
    assert Cipher([NEW, OLD]).open(Cipher([OLD]).seal("words")) == "words"


def test_a_resealed_value_needs_the_newest_key_only() -> None:
    sealed = Cipher([OLD]).seal("words")
    both = Cipher([NEW, OLD])
    assert not both.is_newest(sealed)
    again = both.reseal(sealed)
    assert both.is_newest(again)
    assert Cipher([NEW]).open(again) == "words"


@pytest.mark.parametrize("keys", [[], [""], ["short"], [OLD, "not a key"]])
def test_a_missing_or_malformed_key_is_told(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="key"):
        Cipher(keys)


@given(st.lists(anything, max_size=3), st.lists(anything, max_size=3))
def test_the_lookup_tells_apart_whatever_differs(one: list[str], other: list[str]) -> None:
    lookup = Lookup(new_secret())
    assert (lookup.of(*one) == lookup.of(*other)) == (one == other)


def test_the_lookup_is_worth_nothing_without_its_secret() -> None:
    one, other = Lookup(new_secret()), Lookup(new_secret())
    assert one.of("web", "abc") != other.of("web", "abc")


def test_a_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "keys"
    keys, made = load_or_make_key_file(path)
    assert made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_key_file(path) == (keys, False)
    assert Cipher(keys).open(Cipher(keys).seal("words")) == "words"
    assert [kept.name for kept in path.parent.iterdir()] == ["keys"]


def test_an_existing_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    path.write_text(f"{NEW}\n{OLD}\n")
    assert load_or_make_key_file(path) == ([NEW, OLD], False)
    assert path.read_text() == f"{NEW}\n{OLD}\n"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys"
    path.write_text(OLD)
    path.chmod(mode)
    with pytest.raises(KeyFileUnsafe, match="chmod 600"):
        load_or_make_key_file(path)


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    with pytest.raises(KeyFileUnsafe, match="no key"):
        load_or_make_key_file(path)


def test_programs_that_start_together_end_up_with_one_key(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: load_or_make_key_file(path), range(16)))
    assert len({tuple(keys) for keys, _ in found}) == 1
    assert sum(made for _, made in found) == 1
