"""Text becomes facts about a body, each with the words it came from. spaCy lives here only.

It is loaded with the extractor: who wants the second voice alone goes without.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.extraction.likeness import ENGINE_LAYERS, LAYERS, SecondVoice, is_kept, second_voice
from bot.facts.vocabulary import Bank, Vocabulary
from engine.minilm import MiniLM, WeightsFault, known_files, weights_folder

if TYPE_CHECKING:
    from bot.extraction.extractor import Extractor

__all__ = ["SecondVoice", "WeightsFault", "build", "open_voice", "tune_voice"]


def build(vocabulary: Vocabulary, voice: SecondVoice | None = None) -> Extractor:
    """An extractor that knows these words. Raises BadVocabulary, naming every phrase that can't be read."""
    with _nothing_thrown_away():
        from bot.extraction.extractor import Extractor

        return Extractor(vocabulary, voice)


@contextmanager
def _nothing_thrown_away() -> Iterator[None]:
    """What is made here stays; looking through it for garbage again and again takes a quarter of the time."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def open_voice(bank: Bank, weights: Path | None, kept_in: Path) -> SecondVoice:
    """The second voice for this bank, fitted on first use and kept in the folder.

    Raises WeightsFault where the sentence model's weights are missing or damaged.
    """
    model = MiniLM(weights or weights_folder())
    return second_voice(bank, lambda texts: model.views(texts, LAYERS, ENGINE_LAYERS), kept_in)


def tune_voice(bank: Bank, weights: Path | None, kept_in: Path) -> None:
    """Fit the second voice to this bank where that isn't done, and load it only then. Raises WeightsFault."""
    known_files(weights or weights_folder())
    if not is_kept(bank, kept_in):
        open_voice(bank, weights, kept_in)
