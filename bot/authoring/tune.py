"""`safecue tune`: fit the second voice to its bank of phrases where that has changed since."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bot.assembly import tune_second_voice
from bot.library.reading import ContentFaults
from bot.library.screening_content import load_screening
from bot.settings import load


def run(argv: Sequence[str]) -> int:
    """0: done, or switched off, or why the coach does without it has been told; 1: the content has faults."""
    argparse.ArgumentParser(prog="safecue tune", description=__doc__).parse_args(argv)
    settings = load()
    try:
        bank = load_screening(settings.content_dir).bank
    except ContentFaults as faults:
        print(faults, file=sys.stderr)
        return 1
    tune_second_voice(settings, bank, lambda fault: print(fault, flush=True))
    return 0
