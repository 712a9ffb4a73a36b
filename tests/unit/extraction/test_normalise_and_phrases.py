"""Levelled words keep their places; the phrase language says what it can't read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from screening_bench import ROOT, bench

from bot.extraction import build
from bot.extraction.extractor import BadVocabulary
from bot.facts.clinical import Level
from bot.facts.vocabulary import SignWords
from bot.library.screening_content import load_screening


def spans(text: str) -> list[str]:
    return [e.text for fact in bench().screening.read(text) for e in fact.evidence]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("I can’t breathe", "can’t breathe"),
        ("my ch\u200best hurts", "ch\u200best hurts"),
        ("so dizzyyyy", "dizzyyyy"),
        ("😵", "😵"),
        ("chestpain", "chestpain"),
        ("my chest, um, it hurts", "chest, um, it hurts"),
    ],
)
def test_the_words_quoted_are_the_writers_own(text: str, span: str) -> None:
    assert span in spans(text)


def test_ordinary_words_are_left_alone() -> None:
    assert spans("my purse was stolen and the chess game was tidy") == []


@pytest.mark.parametrize("phrase", ["<nosuch> pain", "(pain", "um"])
def test_a_phrase_that_cannot_be_read_is_named(phrase: str) -> None:
    vocabulary = load_screening(ROOT / "content").vocabulary
    broken = replace(vocabulary, signs=(SignWords("odd", Level.STOP, (phrase,)),))
    with pytest.raises(BadVocabulary) as told:
        build(broken)
    assert told.value.faults[0][0] == "sign:odd"


def test_every_message_and_question_a_rule_names_is_written() -> None:
    from bot.library.library import load_library

    rules = load_screening(ROOT / "content").rules
    library = load_library(ROOT / "content")
    named = (
        {
            name
            for rule in (*rules.signs.values(), *rules.logged.values())
            for name in (rule.message, rule.check, rule.question, rule.care, rule.care_other)
            if name
        }
        | set(rules.said.values())
        | {rules.check_question}
    )
    assert [name for name in sorted(named) if not library.has(name)] == []


def test_a_sign_that_an_option_reports_is_known() -> None:
    from bot.library.library import load_library

    rules = load_screening(ROOT / "content").rules
    library = load_library(ROOT / "content")
    reported = {option.sign for entry in library.entries() for option in entry.options if option.sign}
    assert sorted(reported - set(rules.signs)) == []


def test_faults_of_content_are_told_with_file_and_line(tmp_path: Path) -> None:
    from bot.library.screening_content import read_screening

    folder = tmp_path / "content" / "triage"
    folder.mkdir(parents=True)
    (folder / "signs_odd.yml").write_text("odd:\n  name: x\n  level: nonsense\n  urgency: now\n")
    _, faults = read_screening(tmp_path / "content")
    assert any(f.file == "content/triage/signs_odd.yml" and f.line == 2 for f in faults)
