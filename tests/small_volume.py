"""A disk of a few megabytes, to be filled."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_volume(place: Path, megabytes: int) -> Iterator[Path | None]:
    """Mounted at `place` until the block is left; None where we aren't allowed to."""
    options = f"size={megabytes}m,mode=0755"
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True)
    if mount.returncode:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
