"""What `safecue run` becomes once everything is prepared: the small process that keeps the parts running.

It loads nothing but what that needs. Which parts is told on its standard input, since a command line may be
read by everybody on the machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from bot.runner.supervisor import Part, Supervisor


def become(parts: Sequence[Part], logs: Path, root: Path, environment: Mapping[str, str]) -> NoReturn:
    """Everything loaded so far goes; the process stays the same one to whoever started it."""
    told = json.dumps({"parts": [asdict(part) for part in parts], "logs": str(logs), "root": str(root)})
    source, sink = os.pipe()
    with os.fdopen(sink, "w", encoding="utf-8") as file:
        file.write(told)
    os.dup2(source, 0)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "bot.runner.keep"], environment)


def main() -> None:
    told = json.load(sys.stdin)
    parts = [Part(**part | {"command": tuple(part["command"])}) for part in told["parts"]]
    asyncio.run(_keep(parts, Path(told["logs"]), Path(told["root"])))
    _say("all parts ended")


async def _keep(parts: Sequence[Part], logs: Path, root: Path) -> None:
    supervisor = Supervisor(parts, logs=logs, environment=os.environ, root=root, say=_say)

    def stop() -> None:
        _say("ending …")
        supervisor.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    _say(f"starting {', '.join(part.name for part in parts)}; logs are in {logs}; Ctrl-C ends all")
    await supervisor.run()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
