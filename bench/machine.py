"""What the run ran on."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from bot.settings import ROOT


def load_per_core() -> float:
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


def machine() -> str:
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = int(next(line for line in _lines("/proc/meminfo") if line.startswith("MemTotal")).split()[1])
    return f"{os.cpu_count()} cores of {cpu}, {memory / 1024**2:.0f} GB, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
