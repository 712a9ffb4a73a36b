"""The set-up: what it says on a bare machine, and what it leaves alone."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "setup" / "setup.py"


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"setup_{name}", ROOT / "setup" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


setup = loaded("setup")
checks = loaded("checks")


class Machine:
    """A checkout with small locks, on a machine that has only what is put into `bin`."""

    def __init__(self, home: Path) -> None:
        self.root = home / "checkout"
        self.bin = home / "bin"
        self.home = home
        for folder in (self.root / "setup", self.root / "requirements", self.bin):
            folder.mkdir(parents=True)
        shutil.copy(SCRIPT, self.root / "setup" / "setup.py")
        for lock in ("tools", "app", "dev", "engine", "engine-weights"):
            (self.root / "requirements" / f"{lock}.txt").write_text(f"# {lock}\n", "utf-8")
        (self.root / "pyproject.toml").write_text("", "utf-8")

    def has(self, *programs: str) -> None:
        for program in programs:
            found = shutil.which(program)
            assert found, program
            (self.bin / program).symlink_to(found)

    def stamp(self, environment: str, text: str) -> None:
        folder = self.root / environment
        folder.mkdir(parents=True, exist_ok=True)
        (folder / setup.STAMP).write_text(text, "utf-8")

    def has_our_tools(self) -> None:
        self.stamp(".tools", setup.digest([self.root / "requirements" / "tools.txt"]))
        uv = self.root / ".tools" / "bin" / "uv"
        uv.parent.mkdir()
        uv.symlink_to(ROOT / ".tools" / "bin" / "uv")

    def has_the_coach(self) -> None:
        locks = [self.root / "requirements" / name for name in ("app.txt", "engine-weights.txt")]
        inputs = [*locks, self.root / "pyproject.toml"]
        self.stamp(".venv", f"app {setup.digest(inputs)}")

    def set_up(self) -> subprocess.CompletedProcess[str]:
        surroundings = {
            "PATH": str(self.bin),
            "HOME": str(self.home),
            "PYENV_ROOT": str(self.home / "pyenv"),
            "UV_PYTHON_INSTALL_DIR": str(self.home / "pythons"),
            "UV_PYTHON_DOWNLOADS": "never",
        }
        command = [sys.executable, str(self.root / "setup" / "setup.py")]
        return subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_missing_programs_are_named_together_with_the_line_to_type(machine: Machine) -> None:
    ended = machine.set_up()
    assert ended.returncode == 1
    assert "Missing on this machine: git, make." in ended.stderr
    assert "sudo apt-get install git make" in ended.stderr


def test_a_missing_python_for_the_coach_is_named_with_the_lines_to_type(machine: Machine) -> None:
    machine.has("git", "make")
    machine.has_our_tools()
    ended = machine.set_up()
    assert ended.returncode == 1
    assert "Python 3.11 is missing." in ended.stderr
    for line in ("pyenv install 3.11", "uv python install 3.11", "sudo apt-get install python3.11-venv"):
        assert line in ended.stderr


def test_a_missing_python_for_the_engine_is_named_with_the_lines_to_type(machine: Machine) -> None:
    machine.has("git", "make")
    machine.has_our_tools()
    machine.has_the_coach()
    ended = machine.set_up()
    assert ended.returncode == 1
    assert "Python 3.10 is missing." in ended.stderr
    assert "pyenv install 3.10" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_steps_with_a_current_stamp_are_skipped_and_said_in_one_line_each(machine: Machine) -> None:
    machine.has("git", "make")
    machine.has_our_tools()
    machine.has_the_coach()
    lines = machine.set_up().stdout.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["[1/5]", "tools", "skip", "(current)"],
        ["[2/5]", "coach", "skip", "(current)"],
    ]


def test_a_changed_lock_is_not_skipped(machine: Machine) -> None:
    machine.has("git", "make")
    machine.has_our_tools()
    machine.has_the_coach()
    (machine.root / "requirements" / "app.txt").write_text("# changed\n", "utf-8")
    assert "skip" not in machine.set_up().stdout.splitlines()[1]


def test_a_missing_lock_is_told_without_a_traceback(machine: Machine) -> None:
    machine.has("git", "make")
    machine.has_our_tools()
    machine.has_the_coach()
    (machine.root / "requirements" / "engine.txt").unlink()
    ended = machine.set_up()
    assert "requirements/engine.txt is missing" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_failing_step_shows_the_last_lines_of_its_log_and_what_to_do(tmp_path: Path) -> None:
    work = setup.Setup("run", tmp_path)
    work.logs.mkdir(parents=True)
    work.progress.begin("engine")
    code = "for number in range(50): print('line', number)\nraise SystemExit(4)"
    with pytest.raises(setup.Fault) as caught:
        work.run("engine", [sys.executable, "-c", code], ["type this line"])
    told = str(caught.value)
    assert "This step failed: engine." in told
    assert "line 49" in told
    assert "line 30" not in told
    assert told.endswith("-> type this line")


def test_a_python_kept_by_pyenv_is_found_without_its_shims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for release in ("3.10.2", "3.10.9"):
        python = tmp_path / "versions" / release / "bin" / "python3.10"
        python.parent.mkdir(parents=True)
        python.write_text("#!/bin/sh\necho 3.10\n", "utf-8")
        python.chmod(0o755)
    broken = tmp_path / "versions" / "3.10.99" / "bin" / "python3.10"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert setup.in_pyenv("3.10") == str(tmp_path / "versions" / "3.10.9" / "bin" / "python3.10")
    assert setup.in_pyenv("3.11") == ""


def test_two_setups_at_once_wait_for_one_another(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "lock"
    code = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, 2); print(1, flush=True)"
    other = subprocess.Popen(
        [sys.executable, "-c", f"{code}; time.sleep(0.5)", str(lock)], stdout=subprocess.PIPE
    )
    assert other.stdout
    other.stdout.readline()
    with lock.open("w") as mine:
        setup.wait_for_other_setup(mine)
    assert other.wait(5) == 0
    other.stdout.close()
    assert "another setup is running" in capfd.readouterr().out


def test_the_set_up_runs_on_an_old_python_without_packages() -> None:
    tree = ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names


def test_no_lock_names_an_index_and_every_package_has_a_hash() -> None:
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert {lock.name for lock in locks} >= {
        "app.txt",
        "dev.txt",
        "engine.txt",
        "engine-weights.txt",
        "tools.txt",
    }
    for lock in locks:
        text = lock.read_text("utf-8")
        assert "://" not in text, lock.name
        assert "index-url" not in text, lock.name
        entries = [
            entry for entry in text.replace("\\\n", "").splitlines() if entry and not entry.startswith("#")
        ]
        assert [entry for entry in entries if "--hash=sha256:" not in entry] == [], lock.name


def test_every_check_runs_although_one_failed_and_the_failed_are_named(
    capfd: pytest.CaptureFixture[str],
) -> None:
    given = (("first", ("/bin/false",)), ("second", ("/bin/echo", "I ran")), ("third", ("/bin/false",)))
    assert checks.main(given) == 1
    out = capfd.readouterr().out
    assert "I ran" in out
    assert out.rstrip().endswith("FAILED: first, third")
    assert checks.main(given[1:2]) == 0


def test_make_without_a_target_lists_the_commands_and_changes_nothing() -> None:
    surroundings = {**os.environ, "MAKEFLAGS": "", "MAKELEVEL": "0"}
    ended = subprocess.run(["make"], cwd=ROOT, env=surroundings, capture_output=True, text=True, check=True)
    assert {line.split()[1] for line in ended.stdout.splitlines()} == {
        "run",
        "bench",
        "triage-report",
        "known-misses",
        "faults",
        "chat",
        "demo",
        "test",
        "check",
        "lock",
        "format",
    }


def test_what_is_installed_is_compiled_at_once_and_not_at_the_first_start(tmp_path: Path) -> None:
    class Noted(setup.Setup):  # type: ignore[misc, name-defined]
        def run(self, name: str, command: list[str], *_: object, **__: object) -> None:
            commands.append(command)

    commands: list[list[str]] = []
    Noted("run", tmp_path).sync("engine", tmp_path, [tmp_path / "engine.txt"])
    assert [("sync" in command, "--compile-bytecode" in command) for command in commands] == [(True, True)]
