"""YAML lives here: files become plain values that know their lines, and faults that say how to mend them.

Only JSON's plain scalars and dates are read as anything but text, so that the country `NO`, the answer `yes`
and the time `12:30` stay what their author typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # a PyYAML built without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_PLAIN_TAGS = tuple(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "bool", "int", "float", "null", "timestamp", "merge", "value")
)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something wrong in a content file: where, what was found, and how to mend it. Lines count from 1."""

    file: str
    line: int
    found: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.found} -> {self.mend}"


class ContentFaults(Exception):
    """Every fault of the content at once, in the order of files and lines."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class Mapped(dict[str, Any]):
    """A mapping that knows the line it starts on and the line of each key."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line
        self.lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


class Listed(list[Any]):
    """A list that knows the line it starts on and the line of each item."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line
        self.lines: list[int] = []


def line_at(value: Any, path: Sequence[str | int], otherwise: int = 1) -> int:
    """The line of the deepest part of `path` that stands in the file."""
    line = otherwise
    for step in path:
        if isinstance(value, Mapped) and isinstance(step, str) and step in value:
            line, value = value.line_of(step), value[step]
        elif isinstance(value, Listed) and isinstance(step, int) and step < len(value):
            line, value = value.lines[step], value[step]
        else:
            break
    return line


def shown(path: Path, root: Path) -> str:
    """The path as a fault tells it: from the folder that holds `content/`, with forward slashes."""
    try:
        return path.relative_to(root.parent).as_posix()
    except ValueError:
        return path.name


def read_file(path: Path, name: str) -> tuple[Any, list[Fault]]:
    """The file's value (None where it can't be read) and its faults. `name` is the file's name in faults."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None, [Fault(name, 1, "the file is missing", "write it")]
    except (OSError, UnicodeDecodeError) as error:
        return None, [
            Fault(name, 1, f"the file can't be read ({type(error).__name__})", "save it as UTF-8 text")
        ]
    return read_text(text, name)


def read_text(text: str, name: str) -> tuple[Any, list[Fault]]:
    """As `read_file`, for text in hand."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        return None, [
            Fault(name, line, f"this isn't YAML: {error.problem}", "mind indents, quotes and colons")
        ]
    except yaml.YAMLError as error:
        return None, [Fault(name, 1, f"this isn't YAML: {error}", "remove what isn't printable text")]
    faults: list[Fault] = []
    return (None if node is None else _value(node, name, faults)), faults


def read_mapping(path: Path, name: str) -> tuple[Mapped, list[Fault]]:
    """As `read_file`, for a file that must hold a mapping; an empty one where it doesn't."""
    value, faults = read_file(path, name)
    if isinstance(value, Mapped):
        return value, faults
    if not faults:
        faults = [Fault(name, 1, "the file holds no mapping", "write `id:` lines with their fields below")]
    return Mapped(name, 1), faults


def mappings_in(root: Path, folder: str) -> Iterator[tuple[str, Mapped, list[Fault]]]:
    """Each YAML file below `root/folder` by name, with its mapping and faults."""
    for path in sorted((root / folder).rglob("*.yml")):
        name = shown(path, root)
        mapping, faults = read_mapping(path, name)
        yield name, mapping, faults


def _value(node: Any, name: str, faults: list[Fault]) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, name, faults)
    if isinstance(node, yaml.SequenceNode):
        listed = Listed(name, node.start_mark.line + 1)
        for item in node.value:
            listed.append(_value(item, name, faults))
            listed.lines.append(item.start_mark.line + 1)
        return listed
    return _scalar(node, name, faults)


def _mapping(node: Any, name: str, faults: list[Fault]) -> Mapped:
    mapped = Mapped(name, node.start_mark.line + 1)
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            faults.append(Fault(name, line, "a key that isn't a word", "use a plain word as key"))
            continue
        key = str(key_node.value)
        if key in mapped:
            first = mapped.lines[key]
            faults.append(
                Fault(name, line, f"`{key}` stands twice (first in line {first})", "keep one of the two")
            )
            continue
        mapped[key] = _value(value_node, name, faults)
        mapped.lines[key] = line
    return mapped


def _scalar(node: Any, name: str, faults: list[Fault]) -> Any:
    text = str(node.value)
    if node.style:  # quoted or a block; plain is None or "", by parser
        return text
    if node.tag not in _PLAIN_TAGS:
        faults.append(
            Fault(name, node.start_mark.line + 1, f"the tag `{node.tag}`", "write plain text without `!`")
        )
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return _day(text) if _DAY.fullmatch(text) else text


def _day(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
