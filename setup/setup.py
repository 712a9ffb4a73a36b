"""Sets up what is missing, and only that.

Runs on any Python from 3.8 on, without packages, so that it can say what a bare machine lacks. Each step
keeps a stamp (a hash of its inputs); a step whose stamp is current is skipped.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = ".safecue-stamp"
OURS = ("3.11", "3.12", "3.13")
ENGINES = ("3.10",)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


class Fault(Exception):
    """A step that can't be done: what, the last lines of its log if it ran something, the lines to type."""

    def __init__(self, what: str, mends: list[str], log: Path | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.mends = mends
        self.log = log

    def __str__(self) -> str:
        lines = ["", self.what]
        if self.log is not None:
            tail = self.log.read_text("utf-8", "replace").splitlines()[-12:]
            lines += [f"The last lines of {shown(self.log)}:", *(f"    {line}" for line in tail)]
        return "\n".join([*lines, *(f"  -> {mend}" for mend in self.mends)])


def shown(path: Path) -> str:
    """The path as seen from the project's folder."""
    return str(path.relative_to(ROOT)) if ROOT in path.parents else str(path)


class Progress:
    """One line per step; on a terminal the seconds count up while it runs."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.at = 0

    def begin(self, name: str) -> None:
        self.at += 1
        self.began = time.monotonic()
        self.head = f"[{self.at}/{self.steps}] {name:<22}"
        if not sys.stdout.isatty():
            print(self.head, end=" ", flush=True)

    def tick(self) -> None:
        if sys.stdout.isatty():
            print(f"\r{self.head} {time.monotonic() - self.began:4.0f} s …", end="", flush=True)

    def end(self, outcome: str) -> None:
        start = f"\r\033[K{self.head} " if sys.stdout.isatty() else ""
        print(f"{start}{outcome}", flush=True)

    def done(self) -> None:
        self.end(f"done in {time.monotonic() - self.began:.0f} s")


class Setup:
    """The steps, in order, for a group: `run` or `test`."""

    def __init__(self, group: str, root: Path = ROOT) -> None:
        self.group = group
        self.root = root
        self.logs = root / "var" / "log"
        self.steps = [
            ("tools", self.tools),
            ("coach", self.coach),
            ("engine", self.engine),
            ("model", self.model),
            ("second voice", self.second_voice),
        ]
        if group == "test":
            self.steps.append(("browser and database", self.system_packages))
        self.progress = Progress(len(self.steps))

    def run_all(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        need_programs()
        with (self.root / "var" / "setup.lock").open("w") as lock:
            wait_for_other_setup(lock)
            for name, step in self.steps:
                self.progress.begin(name)
                step()

    def tools(self) -> None:
        lock = self.root / "requirements" / "tools.txt"
        home = self.root / ".tools"
        stamp = digest([lock])
        if self.skipped(home, stamp):
            return
        if not (home / "bin" / "pip").exists():
            self.run("tools", [sys.executable, "-m", "venv", "--clear", str(home)], VENV_MENDS)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--require-hashes", "-r", str(lock)]
        self.run("tools", pip, NETWORK_MENDS)
        self.finish(home, stamp)

    def coach(self) -> None:
        home = self.root / ".venv"
        dev = self.group == "test" or "dev" in stamp_of(home)
        lock = self.root / "requirements" / ("dev.txt" if dev else "app.txt")
        weights = self.root / "requirements" / "engine-weights.txt"
        stamp = ("dev " if dev else "app ") + digest([lock, weights, self.root / "pyproject.toml"])
        if self.skipped(home, stamp):
            return
        self.environment("coach", home, OURS)
        self.sync("coach", home, [lock, weights])
        own = [self.uv, "pip", "install", "--no-deps", "--no-build-isolation", "--python", python_in(home)]
        self.run("coach", [*own, "-e", str(self.root)], NETWORK_MENDS, keep_log=True)
        self.finish(home, stamp)

    def engine(self) -> None:
        home = self.root / "engine" / ".venv"
        locks = [self.root / "requirements" / name for name in ("engine.txt", "engine-weights.txt")]
        stamp = digest(locks)
        if self.skipped(home, stamp):
            return
        self.environment("engine", home, ENGINES)
        self.sync("engine", home, locks)
        self.finish(home, stamp)

    def model(self) -> None:
        """The engine knows by itself whether its model is current, but not what is wrong with a story."""
        ours = python_in(self.root / ".venv")
        self.run(
            "stories", [ours, "-m", "bot.cli", "check", "--stories"], MODEL_MENDS, what="A story is wrong"
        )
        python = python_in(self.root / "engine" / ".venv")
        chosen = from_env_file(self.root / ".env", ("SAFECUE_PIPELINE", "SAFECUE_WEIGHTS_DIR"))
        self.run("model", [python, "-m", "engine.train"], MODEL_MENDS, {**chosen, **os.environ})
        if "Training" in (self.logs / "setup-model.log").read_text("utf-8", "replace"):
            self.progress.done()
        else:
            self.progress.end("skip (current)")

    def second_voice(self) -> None:
        """Screening knows by itself whether its second voice fits the bank."""
        tune = [python_in(self.root / ".venv"), "-m", "bot.cli", "tune"]
        self.run("second-voice", tune, MODEL_MENDS)
        self.progress.done()

    def system_packages(self) -> None:
        missing = missing_system_packages()
        if not missing:
            self.progress.end("skip (both there)")
            return
        line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
        if not (Path("/etc/debian_version").exists() and os.geteuid() == 0):
            self.progress.end(f"missing: {', '.join(missing)}; their tests can't pass. Type: sudo {line}")
            return
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        mends = [f"apt-get update && {line}"]
        self.run("system", ["apt-get", "update"], mends, quiet)
        self.run("system", line.split(), mends, quiet, keep_log=True)
        self.progress.done()

    @property
    def uv(self) -> str:
        return str(self.root / ".tools" / "bin" / "uv")

    def environment(self, name: str, home: Path, versions: tuple[str, ...]) -> None:
        """An environment on one of these Pythons, made anew unless it runs on one already."""
        if version_of(python_in(home)) in versions:
            return
        python = self.find_python(name, versions)
        self.run(name, [self.uv, "venv", "--clear", "--python", python, str(home)], [])

    def find_python(self, name: str, versions: tuple[str, ...]) -> str:
        for version in versions:
            found = self.ask_uv(version) or in_pyenv(version)
            if found:
                return found
        wanted = versions[0]
        fetch = [self.uv, "python", "install", wanted]
        self.run(name, fetch, missing_python_mends(wanted), what=f"Python {wanted} is missing")
        return self.ask_uv(wanted) or wanted

    def ask_uv(self, version: str) -> str:
        line = [self.uv, "python", "find", "--system", "--no-project", "--no-python-downloads", version]
        return answer_of(line)

    def sync(self, name: str, home: Path, locks: list[Path]) -> None:
        # Compiled now, or the first start would compile every module while somebody waits for it.
        options = ["--require-hashes", "--compile-bytecode", "--python", python_in(home)]
        line = [self.uv, "pip", "sync", *options, *map(str, locks)]
        self.run(name, line, NETWORK_MENDS, keep_log=True)

    def skipped(self, home: Path, stamp: str) -> bool:
        if stamp_of(home) != stamp:
            return False
        self.progress.end("skip (current)")
        return True

    def finish(self, home: Path, stamp: str) -> None:
        (home / STAMP).write_text(stamp, "utf-8")
        self.progress.done()

    def run(
        self,
        name: str,
        command: list[str],
        mends: list[str],
        environment: dict[str, str] | None = None,
        keep_log: bool = False,
        what: str = "",
    ) -> None:
        """Run a command with its output in the step's log. Raises Fault when it fails."""
        log = self.logs / f"setup-{name}.log"
        with log.open("ab" if keep_log else "wb") as output:
            output.write(f"$ {' '.join(command)}\n".encode())
            output.flush()
            surroundings = {**os.environ, **(environment or {})}
            process = subprocess.Popen(
                command, stdout=output, stderr=output, cwd=str(self.root), env=surroundings
            )
            while process.poll() is None:
                self.progress.tick()
                try:
                    process.wait(timeout=0.5)
                except subprocess.TimeoutExpired:
                    continue
        if process.returncode != 0:
            self.progress.end("failed")
            raise Fault(f"{what or 'This step failed: ' + name}.", mends, log)


AGAIN = "then type the same command again"
VENV_MENDS = ["Debian, Ubuntu: sudo apt-get install python3-venv python3-pip", AGAIN]
NETWORK_MENDS = ["check that this machine reaches a Python package index", AGAIN]
MODEL_MENDS = ["mend the file it names", AGAIN]


def missing_python_mends(version: str) -> list[str]:
    """How to get a Python, on the usual machines."""
    return [
        f"with pyenv: pyenv install {version}",
        f"with uv, where it reaches its downloads: .tools/bin/uv python install {version}",
        f"Debian or Ubuntu, where it carries this version: sudo apt-get install python{version}-venv",
        AGAIN,
    ]


def need_programs() -> None:
    """Raises Fault naming every program that is missing."""
    missing = [name for name in ("git", "make") if shutil.which(name) is None]
    if missing:
        mend = f"Debian, Ubuntu: sudo apt-get install {' '.join(missing)}"
        raise Fault(f"Missing on this machine: {', '.join(missing)}.", [mend, AGAIN])


def missing_system_packages() -> list[str]:
    """The Debian packages that tests need and this machine lacks."""
    missing = [] if any(map(shutil.which, CHROMIUM)) else ["chromium"]
    servers = list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return missing if servers or shutil.which("initdb") else [*missing, "postgresql"]


def wait_for_other_setup(lock) -> None:  # type: ignore[no-untyped-def]
    """Hold the lock until this program ends; two setups at once would spoil each other's work."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("another setup is running here; waiting for it …", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def digest(files: list[Path]) -> str:
    """One hash over the contents of these files. Raises Fault where one is missing."""
    total = hashlib.sha256()
    for file in files:
        if not file.is_file():
            raise Fault(f"{shown(file)} is missing: this checkout is incomplete.", ["git status", AGAIN])
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def from_env_file(file: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Those of the settings in `.env` that the training needs."""
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    pairs = (line.partition("=") for line in lines)
    return {
        name.strip(): value.strip().strip("'\"")
        for name, _, value in pairs
        if name.strip() in names and value
    }


def stamp_of(home: Path) -> str:
    """What the last finished step left in this environment; empty if none did."""
    stamp = home / STAMP
    return stamp.read_text("utf-8") if stamp.is_file() else ""


def python_in(home: Path) -> str:
    return str(home / "bin" / "python")


def version_of(python: str) -> str:
    """Major and minor version of an interpreter; empty if it can't be run."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    return answer_of([python, "-c", question])


def answer_of(command: list[str]) -> str:
    """What a command prints; empty if it fails or isn't there."""
    try:
        return subprocess.check_output(command, stderr=subprocess.DEVNULL, cwd=str(ROOT), text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def in_pyenv(version: str) -> str:
    """The newest such Python that pyenv holds, also where its shims are switched off; empty if none."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted(map(str, root.glob(f"versions/{version}.*/bin/python{version}")))
    return next((python for python in reversed(found) if version_of(python) == version), "")


def main() -> int:
    parser = argparse.ArgumentParser(description="Set up what is missing.")
    parser.add_argument("--group", choices=("run", "test"), default="run")
    try:
        Setup(parser.parse_args().group).run_all()
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbroken off; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
