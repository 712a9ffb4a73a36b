"""Text becomes facts about a body, each with the words it came from. spaCy lives here only."""

from bot.extraction.extractor import BadVocabulary, Extractor, Mention, Reading
from bot.facts.vocabulary import Vocabulary

__all__ = ["BadVocabulary", "Extractor", "Mention", "Reading", "build"]


def build(vocabulary: Vocabulary) -> Extractor:
    """An extractor that knows these words. Raises BadVocabulary, naming every phrase that can't be read."""
    return Extractor(vocabulary)
