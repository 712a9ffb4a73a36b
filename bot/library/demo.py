"""What the made-up patients of the demonstration write, read and checked (`content/demo.yml`)."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from bot.library.entries import Part, faults_of
from bot.library.reading import ContentFaults, Fault, read_mapping, shown

FILE = "demo.yml"
Lines = tuple[str, ...]


class DemoWords(Part):
    """Lines by what they are to lead to; `questions` and `requests` by topic."""

    goals: Lines
    log: Lines
    session: Lines
    questions: dict[str, Lines]
    requests: dict[str, Lines]
    crisis: Lines
    stop: Lines
    check: Lines
    assess: Lines
    past: Lines
    thanks: Lines


def read_demo(root: Path) -> tuple[DemoWords | None, list[Fault]]:
    """The lines, or what is wrong with them."""
    mapping, faults = read_mapping(root / FILE, shown(root / FILE, root))
    if faults:
        return None, faults
    try:
        return DemoWords(**mapping), []
    except ValidationError as error:
        return None, faults_of(error, FILE, mapping, mapping.file, 1)


def load_demo(root: Path) -> DemoWords:
    """Raises ContentFaults."""
    words, faults = read_demo(root)
    if words is None:
        raise ContentFaults(faults)
    return words
