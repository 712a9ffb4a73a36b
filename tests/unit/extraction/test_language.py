"""Other languages are told apart from English, and English however it is written is left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.extraction.language import Language
from bot.extraction.repair import ordinary_words

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("SAFECUE_SHARED_DATA", ROOT.parent / "shared" / "data"))
LANGUAGE = Language(ordinary_words())


@pytest.mark.parametrize(
    "text",
    [
        "me duele la rodilla desde hace años",
        "tengo dolor en el pecho y no puedo respirar",
        "ME DUELE MUCHO EL PECHO",
        "ich habe seit Monaten Schmerzen im Knie",
        "mein Brustkorb tut weh und ich bekomme keine Luft",
        "ich möchte nicht mehr leben",
        "j'ai une douleur dans la poitrine",
        "je ne veux plus vivre",
        "ho dolore al ginocchio da tre mesi",
        "tenho dor nas costas há anos",
        "ik heb pijn op de borst en krijg geen lucht",
        "mam ból w klatce piersiowej",
        "göğsümde ağrı var nefes alamıyorum",
        "tôi bị đau đầu gối",
        "у меня болит колено",
        "كتفي متعب",
        "मेरे घुटने में दर्द है",
        "膝が痛いです",
        "我的膝盖很痛",
        "ฉันปวดเข่า",
        "με πονάει το γόνατο",
    ],
)
def test_another_language_is_told_apart(text: str) -> None:
    assert not LANGUAGE.is_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "👍👍👍",
        "7/10",
        "hola",
        "merci beaucoup",
        "José García Márquez",
        "Nguyễn Văn An",
        "Szymon Wojciechowski is my physio",
        "Dr Müller said no deep squats",
        "Иванов",
        "Rajesh Kumar Venkataraman",
        "kne hrts wen i wlk dwn strs",
        "plz hlp me im in pian",
        "hav bin doin da exrcises evry dai",
        "ym kene hrust wehn i wlak",
        "ma heid is birlin and ma knee's gowpin",
        "knee pain is there from 2 months only",
        "me knee hurting too much since long time yaar",
        "doctor is telling me to do walking but pain is coming",
        "L5 S1 spondylolisthesis dx",
        "gluteus medius tendinopathy",
        "vastus medialis obliquus",
        "omeprazole tramadol gabapentin pregabalin",
        "tai chi and qi gong",
        "zxcv qwop flarn",
        "lol haha hehe",
        "𝓱𝓮𝓵𝓵𝓸 𝓽𝓱𝓮𝓻𝓮 𝓶𝔂 𝓯𝓻𝓲𝓮𝓷𝓭",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "'; DROP TABLE messages; --",
        "{{7*7}} ${7*7} {% raw %} {goal} {emergency} %s %(x)s",
    ],
)
def test_english_however_it_is_written_is_left_alone(text: str) -> None:
    assert LANGUAGE.is_english(text)


def phrases() -> list[str]:
    """Everything the coach is taught to understand."""
    blocks = [
        block
        for file in (ROOT / "data" / "nlu").glob("*.yml")
        for block in yaml.safe_load(file.read_text())["nlu"]
    ]
    lines = [line for block in blocks for line in str(block.get("examples") or "").splitlines()]
    return [line.removeprefix("- ").strip() for line in lines]


def test_nothing_the_coach_is_taught_to_understand_is_taken_for_another_language() -> None:
    assert [text for text in phrases() if not LANGUAGE.is_english(text)] == []


@pytest.mark.parametrize("name", ["consultation_turns.jsonl", "unrelated_talk.jsonl"])
def test_what_people_really_say_is_not_taken_for_another_language(name: str) -> None:
    if not (SHARED / name).is_file():
        pytest.skip(f"the shared set {name} is absent")
    texts = [json.loads(line)["text"] for line in (SHARED / name).open(encoding="utf-8")]
    assert [text for text in texts if not LANGUAGE.is_english(text)] == []


@given(
    st.lists(st.sampled_from(sorted(ordinary_words())), max_size=12), st.sampled_from(["", ".", "!", " 5"])
)
def test_words_of_the_dictionary_are_english_in_any_order(words: list[str], end: str) -> None:
    assert LANGUAGE.is_english(" ".join(words) + end)


@given(st.text(max_size=300))
def test_any_text_can_be_asked(text: str) -> None:
    assert LANGUAGE.is_english(text) in (True, False)
