"""`safecue audit verify`: whether the audit is as it was written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bot.usecases.ports import Records


def run(argv: Sequence[str], records: Records) -> int:
    """0: nothing was changed, and the newest seal is told. 1: something was."""
    parser = argparse.ArgumentParser("safecue audit", description="Whether the audit is as it was written.")
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("verify", help="look at every entry")
    parser.parse_args(argv)
    with records.reading() as unit:
        chain = unit.audit.verify()
    if chain.faults:
        print(
            "\n".join(["The audit was changed:", *(f"  {fault}" for fault in chain.faults)]), file=sys.stderr
        )
        return 1
    print(f"The audit is as it was written: {chain.entries} entries. The newest seal: {chain.seal or 'none'}")
    return 0
