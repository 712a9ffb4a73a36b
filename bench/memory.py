"""Memory of processes, as Linux counts it."""

from __future__ import annotations

from pathlib import Path

MB = 1024  # kB


def rss(pid: int) -> float:
    """Resident memory of one process in MB; pages it shares with others count whole."""
    return _rollup(pid, "Rss")


def pss(*pids: int) -> float:
    """Memory of processes that belong together in MB; a page that several share is divided among them."""
    return sum(_rollup(pid, "Pss") for pid in pids)


def children(pid: int) -> dict[int, str]:
    """The processes it started, with their command lines."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child): _command(child) for child in found}


def _command(pid: str) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _rollup(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / MB
    raise ValueError(f"the kernel does not tell {name}")
