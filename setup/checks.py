"""`make test`: every check in turn, none left out, and at the end which of them failed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

# Three workers on two cores: the tests that start real parts wait about as long as they work.
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lint", ("ruff", "check", ".")),
    ("layout", ("ruff", "format", "--check", "--quiet", ".")),
    ("types", ("mypy",)),
    ("import rules", ("lint-imports",)),
    ("content", ("safecue", "check")),
    ("tests", ("pytest", "--numprocesses", "3", "--dist", "loadscope")),
)


def main(checks: tuple[tuple[str, tuple[str, ...]], ...] = CHECKS) -> int:
    """0 if every check passed, else 1."""
    failed = [name for name, command in checks if not passes(name, command)]
    print(f"\nFAILED: {', '.join(failed)}" if failed else "\nEvery check passed.", flush=True)
    return 1 if failed else 0


def passes(name: str, command: tuple[str, ...]) -> bool:
    print(f"\n== {name}: {' '.join(command)}", flush=True)
    began = time.monotonic()
    code = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT).returncode
    print(f"== {name} {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s", flush=True)
    return code == 0


if __name__ == "__main__":
    sys.exit(main())
