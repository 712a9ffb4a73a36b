"""`leash.py PID COMMAND...`: becomes the command, and is killed when its parent PID dies.

A supervisor that is killed can't end its parts; left alone, they would hold its ports and work beside the
parts of the next start. Only Linux can promise this; elsewhere it becomes the command, and nothing more.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main(parent: int, command: list[str]) -> str:
    """Returns only where the command can't be started: the reason."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we could ask
        return "the supervisor is gone"
    try:
        os.execvp(command[0], command)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
