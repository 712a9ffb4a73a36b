"""One small trained engine for all tests here, started once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

HERE = Path(__file__).parent
for folder in (HERE, HERE.parents[1]):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

from engine_bench import ENGINE_PYTHON, RunningEngine, Talk, in_the_engine, launched  # noqa: E402
from small_project import lay_out  # noqa: E402


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project, laid out and trained."""
    if not ENGINE_PYTHON.exists():
        pytest.skip("the engine's environment is not set up: make setup")
    folder = lay_out(tmp_path_factory.mktemp("engine"))
    trained = in_the_engine(["engine.train"], folder)
    assert trained.returncode == 0, trained.stderr
    return folder


@pytest.fixture(scope="session")
def keys() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture(scope="session")
def second(project: Path, keys: str) -> Iterator[RunningEngine]:
    """Another process over the same store, with a newer key in front; on its way up beside the first."""
    with launched(project, f"{Fernet.generate_key().decode()},{keys}") as running:
        yield running


@pytest.fixture(scope="session")
def engine(project: Path, keys: str, second: RunningEngine) -> Iterator[RunningEngine]:
    with launched(project, keys) as running:
        yield running.when_ready()


@pytest.fixture
def talk(engine: RunningEngine) -> Talk:
    return engine.talk()
