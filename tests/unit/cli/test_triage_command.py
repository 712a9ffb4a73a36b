"""`safecue triage` as authors use it: one JSON line for each line, and an explanation with spans."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.authoring.triage import run

Printed = pytest.CaptureFixture[str]


def verdicts(tmp_path: Path, capsys: Printed, *lines: object) -> list[dict[str, object]]:
    file = tmp_path / "lines.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    assert run(["--jsonl", str(file)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_line_is_judged_with_its_question(tmp_path: Path, capsys: Printed) -> None:
    which = {"text": "the left one", "context": {"question": "Which leg went weak?"}}
    check = {"text": "it came and went", "context": {"question": "ask_check"}}
    alone = {"text": "the left one"}
    first, second, third = verdicts(tmp_path, capsys, which, check, alone)
    assert (first["level"], second["level"], third["level"]) == ("stop", "stop", "none")
    assert second["urgency"] == "same_day"
    assert second["answer"] == {"slot": "check", "value": "passed"}


@pytest.mark.parametrize("line", ["{", "[]", '{"words": "x"}', '{"text": "yes", "context": {"question": 7}}'])
def test_a_line_that_is_not_as_it_should_be_is_told_with_its_number(
    line: str, tmp_path: Path, capsys: Printed
) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text('{"text": "hello"}\n' + line, encoding="utf-8")
    assert run(["--jsonl", str(file)]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("line 2: ")


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: Printed) -> None:
    assert run(["--jsonl", str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl can't be read" in capsys.readouterr().err


def test_an_explanation_draws_the_spans_and_names_rule_cue_and_repair(capsys: Printed) -> None:
    text = "I was brethless on the stairs, no chest pain"
    assert run(["--explain", text]) == 0
    lines = capsys.readouterr().out.splitlines()
    drawn = lines[lines.index(text) + 1]
    assert "".join(a for a, b in zip(text, drawn, strict=False) if b == "^") == "brethlesschest pain"
    told = "\n".join(lines)
    assert "breathless (content/triage/signs_stop_heart.yml:" in told
    assert "cue deny_no (content/context/cues.yml:" in told
    assert "read 'brethless' as 'breathless'" in told
