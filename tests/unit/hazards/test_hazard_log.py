"""A hazard log that cannot lie: every control names tests that exist, and a run in which they fail fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.authoring.hazards import run
from bot.library.hazards import LIKELIHOODS, read_hazards

ROOT = Path(__file__).resolve().parents[3]
CONTROL = """\
hazard: "A sign is missed."
cause: "Words."
effect: "Harm."
severity: critical
likelihood: occasional
controls:
  - control: "Rules."
    tests: [tests/test_signs.py::test_found]
    rules: [chest_pain]
likelihood_left: remote
residual_risk: "Some."
owner: "the lead"
reviewed_by: null
reviewed_on: null
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "safety/hazards").mkdir(parents=True)
    (tmp_path / "safety/hazards/H-01-missed.yml").write_text(CONTROL)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/conftest.py").write_text(
        "from hazard_proofs import watch\n\ndef pytest_configure(config):\n    watch(config)\n"
    )
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\ntestpaths = ["tests"]\n')
    written(tmp_path, "def test_found():\n    pass\n")
    return tmp_path


def written(project: Path, text: str) -> None:
    (project / "tests/test_signs.py").write_text("import pytest\n\n" + text)


def rewritten(project: Path, old: str, new: str) -> None:
    assert old in CONTROL
    (project / "safety/hazards/H-01-missed.yml").write_text(CONTROL.replace(old, new))


def ended(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run of that project's tests. -k and others choose tests; no argument runs them all."""
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    return subprocess.run(command, cwd=project, env={**os.environ, **paths}, capture_output=True, text=True)


def test_our_hazards_are_written_down_and_each_control_has_tests_that_exist() -> None:
    hazards, faults = read_hazards(ROOT)
    assert faults == []
    assert len(hazards) >= 11
    assert len({hazard.id for hazard in hazards}) == len(hazards)
    assert all(control.tests for hazard in hazards for control in hazard.controls)


def test_no_control_makes_a_hazard_likelier() -> None:
    for hazard in read_hazards(ROOT)[0]:
        assert LIKELIHOODS.index(hazard.likelihood_left) <= LIKELIHOODS.index(hazard.likelihood), hazard.id


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("::test_found", "::test_lost", "no test `tests/test_signs.py::test_lost`"),
        ("tests/test_signs.py", "tests/test_other.py", "no test `tests/test_other.py::test_found`"),
        ("[chest_pain]", "[no_such_sign]", "no rule `no_such_sign`"),
        ("    tests: [tests/test_signs.py::test_found]\n", "", "a control that no test proves"),
        ("severity: critical", "severity: bad", "`bad` as severity"),
        ("likelihood_left: remote", "likelihood_left: gone", "`gone` as likelihood_left"),
        ('effect: "Harm."\n', "", "no `effect`"),
        ('owner: "the lead"', 'owner: ""', "`owner` is empty"),
        ("reviewed_on: null", "reviewed_on: 2026-11-01", "half a signature"),
        ("cause:", "causes:", "the field `causes`"),
    ],
)
def test_a_fault_of_the_log_is_told_with_its_file(project: Path, old: str, new: str, found: str) -> None:
    assert read_hazards(project, lambda rule: rule == "chest_pain")[1] == []
    rewritten(project, old, new)
    faults = list(map(str, read_hazards(project, lambda rule: rule == "chest_pain")[1]))
    assert any(found in fault for fault in faults)
    assert all(fault.startswith("safety/hazards/H-01-missed.yml:") for fault in faults)


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("def test_found():\n    pass\n", None),
        ("@pytest.mark.skip\ndef test_found():\n    pass\n", "test_found was left out"),
        ("def test_found():\n    pass\ndel test_found\ndef test_b():\n    pass\n", "test_found did not run"),
        (
            "@pytest.mark.parametrize('a', [1, 2])\ndef test_found(a):\n    assert a < 2\n",
            "test_found failed",
        ),
    ],
)
def test_a_whole_run_fails_where_a_named_test_does_not_pass(
    project: Path, test: str, told: str | None, workers: tuple[str, ...]
) -> None:
    written(project, test)
    result = ended(project, *workers)
    assert (result.returncode == 0) is (told is None), result.stdout
    assert told is None or f"H-01: tests/test_signs.py::{told}" in result.stdout


@pytest.mark.parametrize("chosen", [("tests/test_b.py",), ("-k", "test_b")])
def test_a_part_of_the_tests_may_leave_named_ones_out(project: Path, chosen: tuple[str, ...]) -> None:
    (project / "tests/test_b.py").write_text("def test_b():\n    pass\n")
    assert ended(project, *chosen).returncode == 0


def test_the_log_is_shown_in_short_and_one_hazard_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    short = capsys.readouterr().out
    assert "H-10" in short
    assert run(["H-10"]) == 0
    whole = capsys.readouterr().out
    assert "proved by tests/" in whole
    assert "What is left:" in whole
    assert run(["H-99"]) == 2
