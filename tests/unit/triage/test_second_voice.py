"""What only sounds like a sign becomes a question; nothing is ever taken back, and denials aren't raised."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from screening_bench import CASES, ROOT, bench, both_voices

from bot.assembly import open_second_voice
from bot.extraction.likeness import KEPT, REMEMBERED, Vectors, clauses, fingerprint, second_voice
from bot.extraction.normalise import Word
from bot.facts.clinical import LIKENESS, History, Level, Presence, Subject, SymptomFact, Time
from bot.facts.vocabulary import Bank
from bot.library.screening_content import load_screening, read_screening
from bot.settings import Settings
from engine.minilm import encoder, weights_folder

FRESH = {
    "a python is coiled round my ribs and gets tighter on the slope": "chest_pain",
    "could not clutch the banister with my right hand, it simply slid off": "limb_weak",
}
BANK = Bank({"chest_pain": ("aa ab", "ab ac")}, {"chat": ("xx xy", "xy xz")}, 0.6, 14, 60)


def letters(texts: Sequence[str]) -> tuple[Vectors, Vectors]:
    """A stand-in for the sentence model: texts with the same letters are alike."""
    counted = np.array([[text.count(chr(97 + n)) for n in range(26)] for text in texts], dtype=np.float32)
    vectors = counted / np.linalg.norm(counted, axis=1, keepdims=True)
    return vectors, vectors


@pytest.mark.parametrize(("text", "sign"), FRESH.items())
def test_words_like_a_sign_that_no_phrase_knows_are_asked_about(text: str, sign: str) -> None:
    assert bench().judge(text).level is Level.NONE
    verdict = both_voices().judge(text)
    assert (verdict.level, verdict.question) == (Level.CHECK, "ask_check")
    assert sign in {reason.rule for reason in verdict.reasons}
    assert both_voices().record(text)["rules"] == [LIKENESS] * len(verdict.reasons)
    assert all(evidence.text in text for reason in verdict.reasons for evidence in reason.evidence)


@pytest.mark.parametrize(
    "text",
    [
        "no chest pain", "never dizzy", "I haven't had any tightness round my ribs", "my bladder is fine",
        "what should I do if I feel swimmy in the head?", "my back aches a bit more than usual",
        "legs are tired from the walk, nice tired", "remind me at nine", "are you done?",
        "I am finished for today",         "this stretch is murder",
        "I went swimmy once, ten years ago, all checked and clear",
    ],
)  # fmt: skip
def test_harmless_talk_and_denials_are_not_raised(text: str) -> None:
    assert both_voices().judge(text).level in {Level.NONE, Level.CONTINUE}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [*FRESH, "I have chest pain.", "I want to die.", "No chest pain.", "My knee is swollen.",
             "I felt dizzy.", "Thighs burning on the last squat.", "My chest feels funny.", "Hello."]
        ),
        min_size=1,
        max_size=3,
    )
)  # fmt: skip
def test_it_only_ever_turns_none_or_continue_into_check(sentences: list[str]) -> None:
    text = " ".join(sentences)
    rules, both = bench().judge(text), both_voices().judge(text)
    assert both == rules or (rules.level in {Level.NONE, Level.CONTINUE} and both.level is Level.CHECK)


@pytest.mark.parametrize("said", ["joint_swelling", "dizzy_or_faint"])
def test_likeness_adds_nothing_to_what_the_rules_found(said: str) -> None:
    found = SymptomFact(said, Presence.PRESENT, Subject.SELF, Time.NOW, ())
    alike = replace(found, sign="chest_pain", presence=Presence.DOUBTFUL, cues=(LIKENESS,))
    rules = load_screening(ROOT / "content").rules
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert rules.judge([alike, found], History(), now) == rules.judge([found], History(), now)
    assert rules.judge([alike], History(), now).level is Level.CHECK


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80))
def test_clauses_hold_every_standing_word_once_but_for_scraps(marks: list[tuple[bool, bool]]) -> None:
    words = [Word("w", n, n + 1, soft) for n, (soft, _) in enumerate(marks)]
    stands = [standing for _, standing in marks]
    found = clauses(words, stands, 14)
    held = [n for first, last in found for n in range(first, last)]
    assert held == sorted(set(held))
    assert all(stands[n] for n in held)
    assert all(last - first <= 21 for first, last in found)


def test_a_sign_in_the_middle_of_a_ramble_is_heard() -> None:
    ramble = "I went to the shops and then we had our tea in the garden. "
    text = ramble * 4 + next(iter(FRESH)) + ". " + ramble * 4
    assert both_voices().judge(text).level is Level.CHECK


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(exclude_categories=()), max_size=120))
def test_any_text_is_heard(text: str) -> None:
    both_voices().judge(text)


def test_what_people_expect_of_a_movement_is_seldom_asked_about() -> None:
    predictions = yaml.safe_load((CASES / "predictions.yml").read_text("utf-8"))["none"]
    asked = [text for text in predictions if both_voices().judge(text).level is not Level.NONE]
    assert len(asked) <= len(predictions) * 0.1


def test_what_the_engine_would_make_of_a_short_text_is_known_once_it_was_heard() -> None:
    text = "my cartilage is worn, and it is bone on bone in there"
    both = both_voices()
    assert both.screening.meaning(text) is None
    both.screening.read(text)
    known = both.screening.meaning(text)
    assert known is not None
    assert np.allclose(
        np.frombuffer(known, np.float32), encoder(weights_folder()).embed([text])[0], atol=1e-6
    )


def test_a_text_that_is_one_clause_is_embedded_once(tmp_path: Path) -> None:
    embedded: list[str] = []

    def noting(texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        embedded.extend(texts)
        return letters(texts)

    voice = second_voice(BANK, noting, tmp_path)
    embedded.clear()
    text = "aa xx ab xy"
    voice.hear(text, [Word(text[at : at + 2], at, at + 2) for at in (0, 3, 6, 9)], [True] * 4)
    assert embedded == [text]


def test_only_the_texts_of_the_last_seconds_are_remembered(tmp_path: Path) -> None:
    voice = second_voice(BANK, letters, tmp_path)
    texts = [f"aa ab ac {number}" for number in range(REMEMBERED + 1)]
    for text in texts:
        words = [Word(text[at : at + 2], at, at + 2) for at in (0, 3, 6)]
        voice.hear(text, [*words, Word(text[9:], 9, len(text))], [True] * 4)
    assert [text for text in texts if voice.meaning(text) is None] == texts[:1]


def test_a_damaged_head_is_fitted_again_and_another_bank_gets_its_own(tmp_path: Path) -> None:
    first = second_voice(BANK, letters, tmp_path)
    kept = tmp_path / f"{fingerprint(BANK)}.npz"
    kept.write_bytes(kept.read_bytes()[:-40])
    text = "aa ac ab ac"
    words = [Word(text[at : at + 2], at, at + 2) for at in (0, 3, 6, 9)]
    again = second_voice(BANK, letters, tmp_path)
    assert again.hear(text, words, [True] * 4) == first.hear(text, words, [True] * 4) != []
    for number in range(KEPT + 1):
        second_voice(replace(BANK, harmless={"chat": (f"zz{number}",)}), letters, tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == KEPT
    assert not kept.exists()


def test_a_sign_with_a_margin_of_its_own_is_heard_below_the_margin_of_all(tmp_path: Path) -> None:
    text = "aa xx ab xy"
    words = [Word(text[at : at + 2], at, at + 2) for at in (0, 3, 6, 9)]

    def heard(least_of: dict[str, float]) -> list[str]:
        bank = replace(BANK, signs={**BANK.signs, "crisis": ("aa ac ab",)}, least=0.9, least_of=least_of)
        voice = second_voice(bank, letters, tmp_path)
        return [one.sign for one in voice.alarming(voice.hear(text, words, [True] * 4))]

    assert heard({}) == heard({"crisis": 0.9}) == []
    assert heard({"crisis": 0.1}) == ["crisis"]


def test_what_the_engine_learns_from_is_harmless_talk_but_for_intents_of_symptoms(tmp_path: Path) -> None:
    harmless = load_screening(ROOT / "content").bank.harmless
    assert "do the garden without fear" in harmless["goals"]
    assert "remind me to do my exercises" in harmless["intent set_reminder"]
    assert "intent report_flare" not in harmless
    assert not [phrase for several in harmless.values() for phrase in several if "](" in phrase]
    shutil.copytree(ROOT / "content", tmp_path / "content")
    _, faults = read_screening(tmp_path / "content")
    assert "no phrases of `report_flare` in data/nlu" in {fault.found for fault in faults}


def test_without_weights_screening_says_so_and_runs_by_its_rules(tmp_path: Path) -> None:
    told: list[str] = []
    bank = load_screening(ROOT / "content").bank
    (tmp_path / "model.safetensors").write_bytes(b"not the weights")
    damaged = Settings(weights_dir=tmp_path, data_dir=tmp_path)
    assert open_second_voice(damaged, bank, told.append) is None
    assert "without the second voice" in told[0]
    assert open_second_voice(Settings(second_voice=False), bank, told.append) is None
    assert len(told) == 1
