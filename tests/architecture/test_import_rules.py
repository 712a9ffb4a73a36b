"""The arrows of docs/architecture.md, read from the code."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RULES = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
LAYERS = next(contract["layers"] for contract in RULES["contracts"] if contract["type"] == "layers")


def lint_imports(where: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([command, "--no-cache"], cwd=where, capture_output=True, text=True)


def imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def test_no_import_points_up_or_sideways() -> None:
    ended = lint_imports(ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_part_of_our_package_has_its_layer() -> None:
    parts = {
        f"bot.{path.stem}"
        for path in (ROOT / "bot").iterdir()
        if path.name != "__init__.py" and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    placed = {part.strip() for layer in LAYERS for part in layer.split("|")}
    assert placed == parts | {"actions"}


def test_the_engine_imports_nothing_of_ours() -> None:
    files = sorted((ROOT / "engine").glob("*.py"))
    assert files
    ours = [
        (file.name, name)
        for file in files
        for name in imports_of(file)
        if name.split(".")[0] in {"bot", "actions"}
    ]
    assert ours == []


def test_of_the_engine_we_import_the_sentence_encoder_alone_and_in_one_place() -> None:
    files = [*(ROOT / "bot").rglob("*.py"), *(ROOT / "actions").rglob("*.py")]
    theirs = [
        (str(file.relative_to(ROOT)), name)
        for file in files
        for name in imports_of(file)
        if name.split(".")[0] in {"engine", "rasa"}
    ]
    assert theirs == [("bot/extraction/__init__.py", "engine.minilm")]


def test_the_sentence_encoder_needs_nothing_of_the_engine() -> None:
    packages = {name.split(".")[0] for name in imports_of(ROOT / "engine" / "minilm.py")}
    assert packages - set(sys.stdlib_module_names) - {"__future__"} == {"numpy", "tokenizers"}


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("triage", "from bot import library"),
        ("webchat", "from bot import terminal"),
        ("scheduler", "import spacy"),
        ("usecases", "import sqlalchemy"),
    ],
)
def test_the_rules_would_catch_a_wrong_import(tmp_path: Path, part: str, line: str) -> None:
    assert lint_imports(small_house(tmp_path / "right", part, "")).returncode == 0
    ended = lint_imports(small_house(tmp_path / "wrong", part, line))
    assert ended.returncode == 1
    assert "BROKEN" in ended.stdout


def small_house(home: Path, part: str, line: str) -> Path:
    """Every part as an empty package under our rules; one of them holds `line`."""
    home.mkdir()
    (home / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8"), "utf-8")
    for name in {"bench", *(part.strip() for layer in LAYERS for part in layer.split("|"))}:
        package = home.joinpath(*name.split("."))
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"{line}\n" if name == f"bot.{part}" else "", "utf-8")
    (home / "bot" / "__init__.py").write_text("", "utf-8")
    return home
