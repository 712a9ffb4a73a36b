"""Starts a door as `safecue` does, with the scripted coach behind it: `fake_start.py MODULE ARGUMENT...`."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

from fake_house import FakeHouse


def scripted_assembly() -> ModuleType:
    assembly = ModuleType("bot.assembly")
    assembly.assemble = lambda settings: FakeHouse()  # type: ignore[attr-defined]
    return assembly


if __name__ == "__main__":
    sys.modules["bot.assembly"] = scripted_assembly()
    sys.exit(import_module(sys.argv[1]).run(sys.argv[2:]))
