"""What `safecue check` looks for beyond what a library needs to load. No fault stops the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bot.facts.talk import MY_DATA, Kind
from bot.library.console import read_console
from bot.library.demo import read_demo
from bot.library.entries import VARIABLE, Entry, entry_from
from bot.library.hazards import read_hazards
from bot.library.library import BUBBLE_LIMIT, ContentLibrary, raw_entries, read_library
from bot.library.readability import grade
from bot.library.reading import Fault, Listed, Mapped, line_at, mappings_in, read_mapping, shown
from bot.library.screening_content import ScreeningContent, read_screening
from bot.library.stories import check_stories

GRADE_LIMIT = 6.0
DRAWN = frozenset({"progress", "progress.png"})  # `bot/pictures.py` draws these when they are sent
TITLE_LIMIT = 40  # characters: more doesn't fit a button on a small screen
USUAL_VARIABLE = "a few words here"  # what a variable is counted as, for length and grade
CHECKED_WITHIN = "crisis_numbers_checked_within"
SPOKEN_BY_TRIAGE = frozenset({"message", "question", "care", "care_other"})
TAUGHT_GROUPS = frozenset({"education", "belief", "refer"})


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry with the fields of its author, which know their lines."""

    entry: Entry
    fields: Mapped
    at: Mapped

    def fault(self, path: tuple[str | int, ...], found: str, mend: str) -> Fault:
        line = line_at(self.fields, path, self.at.line_of(self.entry.id))
        return Fault(self.at.file, line, f"`{self.entry.id}`: {found}", mend)


def check_content(project: Path, today: date) -> tuple[Fault, ...]:
    """Every fault of the content below `project`, in the order of files and lines."""
    root = project / "content"
    library, faults = read_library(root)
    placed = list(_placed(root))
    cited, wrong = _citable(root)
    faults += wrong
    for item in placed:
        faults += [
            *faults_of_texts(item),
            *faults_of_sources(item, cited),
            *faults_of_links(item, library, root),
        ]
    screening, wrong = read_screening(root)
    faults += wrong
    faults += _faults_of_triage(root, library, cited)
    faults += _faults_of_domain(project, library, placed)
    faults += _faults_of_topics(root, library)
    faults += [*read_console(root)[1], *read_demo(root)[1]]
    faults += _faults_of_numbers(root, library, today)
    faults += read_hazards(project, lambda rule: _is_rule(rule, screening, library))[1]
    return tuple(sorted(set(faults)))


def _is_rule(name: str, screening: ScreeningContent, library: ContentLibrary) -> bool:
    """A sign, a rule over the log, an entry or a figure of the content."""
    judged = name in screening.rules.signs or name in screening.rules.logged
    return judged or library.has(name) or library.knows_number(name)


def check_stories_of(project: Path) -> tuple[Fault, ...]:
    """Every fault of `data/stories`: what would be trained wrongly without a word."""
    domain, _ = read_mapping(project / "domain.yml", "domain.yml")
    library, _ = read_library(project / "content")
    return tuple(sorted(set(check_stories(project, _names(domain.get("intents")), library))))


def _placed(root: Path) -> Iterator[Placed]:
    for content_id, fields, at in raw_entries(root, []):
        entry, _ = entry_from(content_id, fields, at)
        if entry is not None:
            yield Placed(entry, fields, at)


def faults_of_texts(item: Placed) -> Iterator[Fault]:
    """Length, reading grade, stray braces and words of its own, for every bubble and title."""
    consent = "consent" in item.entry.id.split("_") and item.entry.form is not None
    for path, text in item.entry.texts():
        filled = VARIABLE.sub(USUAL_VARIABLE, text)
        if "{" in filled or "}" in filled:
            yield item.fault(path, "a brace that is no {variable}", "use a-z, 0-9 and _ between braces")
        if path[0] != "say" and VARIABLE.search(text):
            yield item.fault(path, "a variable outside `say`", "say it without: nobody fills it in there")
        if not re.search(r"\w", VARIABLE.sub("", text)):
            yield item.fault(path, "a bubble without words of its own", "write what the coach says itself")
        if len(filled) > BUBBLE_LIMIT and not consent:
            yield item.fault(
                path, f"{len(filled)} characters", f"cut it to {BUBBLE_LIMIT}, or make two bubbles"
            )
        if (found := round(grade(filled), 1)) > GRADE_LIMIT:
            yield item.fault(
                path, f"reading grade {found:.1f}", f"shorter words and sentences, to {GRADE_LIMIT:g}"
            )
    titles = [(("options", number), option.title) for number, option in enumerate(item.entry.options)]
    titles += [(("buttons", number), button.title or "") for number, button in enumerate(item.entry.buttons)]
    for place, title in titles:
        if len(title) > TITLE_LIMIT:
            yield item.fault(place, f"a title of {len(title)} characters", f"cut it to {TITLE_LIMIT}")


def faults_of_sources(item: Placed, cited: frozenset[str]) -> Iterator[Fault]:
    """Reason, sources and signature."""
    entry = item.entry
    if not entry.why:
        yield item.fault((), "no `why`", "say in plain words why the coach says this")
    if not entry.sources:
        yield item.fault((), "no `sources`", "cite the requirements list, or write [own]")
    for number, source in enumerate(entry.sources):
        if source not in cited:
            yield item.fault(
                ("sources", number), f"the source `{source}` is unknown", "cite an id of the list, or own"
            )
    if "reviewed_by" not in item.fields:
        yield item.fault((), "no `reviewed_by`", "write `reviewed_by: null` until a clinician signs")
    if (entry.reviewed_by is None) != (entry.reviewed_on is None):
        yield item.fault(
            ("reviewed_by",), "half a signature", "give `reviewed_by` and `reviewed_on` together"
        )


def faults_of_links(item: Placed, library: ContentLibrary, root: Path) -> Iterator[Fault]:
    """Pictures, documents, neighbours on the ladder that aren't there; a cue or step in another's guise."""
    entry = item.entry
    for prefix, kind in (("cue_", Kind.CUE), ("step_", Kind.EXERCISE)):
        if entry.id.startswith(prefix) is not (entry.kind is kind):
            mend = f"`kind: {kind.value}` and an id that begins with `{prefix}` belong together (C26)"
            yield item.fault(("kind",), f"the kind `{entry.kind.value}`", mend)
    if entry.image and entry.image not in DRAWN and not (root / "pictures" / entry.image).is_file():
        yield item.fault(
            ("image",), f"no picture `{entry.image}`", "put it into content/pictures, or remove the line"
        )
    if entry.document not in {None, MY_DATA}:
        yield item.fault(("document",), f"no document `{entry.document}`", f"write {MY_DATA}, or remove it")
    for field, other in (("easier", entry.easier), ("harder", entry.harder)):
        if other is not None and not library.has(other):
            yield item.fault((field,), f"no entry `{other}`", "name an entry that exists")


def _citable(root: Path) -> tuple[frozenset[str], list[Fault]]:
    """Every id that an entry may cite, in each of its spellings."""
    mapping, faults = read_mapping(root / "sources.yml", shown(root / "sources.yml", root))
    letters = {str(letter) for letter in mapping.get("letters") or ()}
    ids = {"own"}
    for name, fields in (mapping.get("documents") or {}).items():
        first, last = (
            (fields.get("first"), fields.get("last")) if isinstance(fields, Mapped) else (None, None)
        )
        if not (isinstance(first, int) and isinstance(last, int)):
            faults.append(
                Fault(
                    mapping.file,
                    mapping.line_of("documents"),
                    f"`{name}` has no range",
                    "give first and last",
                )
            )
            continue
        items = [str(number) for number in range(first, last + 1)]
        items += [letter for letter in letters if first <= int(letter[:-1]) <= last]
        ids |= {f"{name}#{item}" for item in items} if len(name) > 1 else {f"{name}{item}" for item in items}
    return frozenset(ids), faults


def _faults_of_domain(project: Path, library: ContentLibrary, placed: list[Placed]) -> Iterator[Fault]:
    domain, faults = read_mapping(project / "domain.yml", "domain.yml")
    yield from faults
    intents = _names(domain.get("intents"))
    spoken = {**_names(domain.get("actions")), **_names(domain.get("responses"))}
    if not intents:
        return
    yield from _faults_of_utterances(spoken, library, domain.file)
    slots = _names(domain.get("slots"))
    for item in placed:
        yield from _faults_of_buttons(item, intents)
        asks = item.entry.id
        called = {f"utter_{asks}", f"action_{asks}"} & set(spoken)
        if item.entry.asks in slots and not called:
            yield item.fault((), f"no `utter_{asks}` in domain.yml", "add it to the domain's actions")
    yield from _faults_of_nlu(project, intents, library)
    yield from check_stories(project, intents, library)
    forms, _ = read_mapping(project / "content" / "short_forms.yml", "content/short_forms.yml")
    for intent in forms:
        if intent not in intents:
            yield Fault(forms.file, forms.line_of(intent), f"no intent `{intent}`", "add it to domain.yml")
    commands, _ = read_mapping(project / "content" / "commands.yml", "content/commands.yml")
    for name, command in commands.items():
        intent = str(command.get("do")) if isinstance(command, Mapped) else ""
        if intent not in intents:
            words = f"no intent `{intent}`"
            yield Fault(commands.file, commands.line_of(name), words, "add it to domain.yml")


def _faults_of_triage(root: Path, library: ContentLibrary, cited: frozenset[str]) -> Iterator[Fault]:
    """Words and sources that signs and rules name, and that aren't there."""
    for _, mapping, _ in mappings_in(root, "triage"):
        for rule, fields in mapping.items():
            if not isinstance(fields, Mapped):
                continue
            for field in SPOKEN_BY_TRIAGE & fields.keys():
                named = fields[field]
                if isinstance(named, str) and not library.has(named):
                    found = f"`{rule}`: no entry `{named}`"
                    yield Fault(mapping.file, fields.line_of(field), found, "write it in content/messages")
            sources = fields.get("sources")
            for source in sources if isinstance(sources, Listed) else ():
                if source not in cited:
                    found = f"`{rule}`: the source `{source}` is unknown"
                    yield Fault(
                        mapping.file, fields.line_of("sources"), found, "cite an id of the list, or own"
                    )


def _faults_of_utterances(spoken: Mapping[str, int], library: ContentLibrary, file: str) -> Iterator[Fault]:
    for name, line in spoken.items():
        if name.startswith("utter_") and not library.has(name.removeprefix("utter_")):
            yield Fault(
                file, line, f"`{name}` has no entry", f"write `{name.removeprefix('utter_')}` in content/"
            )


def _faults_of_buttons(item: Placed, intents: Mapping[str, int]) -> Iterator[Fault]:
    for number, button in enumerate(item.entry.buttons):
        intent = button.do.partition(":")[0]
        if "{" not in intent and intent not in intents:
            yield item.fault(
                ("buttons", number), f"no intent `{intent}`", "add it to domain.yml, or mind its spelling"
            )


def _faults_of_nlu(project: Path, intents: Mapping[str, int], library: ContentLibrary) -> Iterator[Fault]:
    """What can be understood must be known to the engine, and can be offered as a button."""
    for _, mapping, faults in mappings_in(project / "data", "nlu"):
        yield from faults
        for block in mapping.get("nlu") or ():
            intent = block.get("intent") if isinstance(block, Mapped) else None
            if not isinstance(intent, str):
                continue
            if intent.partition("/")[0] not in intents:
                mend = "add it to domain.yml"
                yield Fault(mapping.file, block.line_of("intent"), f"no intent `{intent}`", mend)
            elif not library.has_title(intent):
                mend = "add it to content/topics.yml"
                yield Fault(mapping.file, block.line_of("intent"), f"`{intent}` has no title", mend)


def _faults_of_topics(root: Path, library: ContentLibrary) -> Iterator[Fault]:
    topics, _ = read_mapping(root / "topics.yml", shown(root / "topics.yml", root))
    for topic, fields in topics.items():
        group = fields.get("group") if isinstance(fields, Mapped) else None
        if group in TAUGHT_GROUPS and not library.has(f"lesson_{topic}"):
            yield Fault(
                topics.file,
                topics.line_of(topic),
                f"no entry `lesson_{topic}`",
                "write it in content/lessons",
            )


def _faults_of_numbers(root: Path, library: ContentLibrary, today: date) -> Iterator[Fault]:
    """Emergency and crisis numbers change: somebody must have looked at them lately."""
    countries, _ = read_mapping(root / "countries.yml", shown(root / "countries.yml", root))
    days = library.number(CHECKED_WITHIN) if library.knows_number(CHECKED_WITHIN) else 0
    for code, fields in countries.items():
        if not isinstance(fields, Mapped):
            continue
        line = fields.line_of("written_on") if "written_on" in fields else countries.line_of(code)
        looked_at = fields.get("reviewed_on") or fields.get("written_on")
        if bool(fields.get("reviewed_by")) != bool(fields.get("reviewed_on")):
            mend = "give `reviewed_by` and `reviewed_on` together"
            yield Fault(countries.file, line, f"`{code}`: half a signature", mend)
        elif not isinstance(looked_at, date):
            mend = "write the day they were written down"
            yield Fault(countries.file, line, f"`{code}` has no `written_on` day", mend)
        elif looked_at > today:
            yield Fault(countries.file, line, f"`{code}` has a day in the future", "write the true day")
        elif (today - looked_at).days > days:
            words = f"the numbers of `{code}` were last looked at {(today - looked_at).days} days ago"
            mend = "check them with the service and sign: `reviewed_by`, `reviewed_on`"
            yield Fault(countries.file, line, words, mend)


def _names(value: Any) -> dict[str, int]:
    """Names of a domain section, which is a list of names or one-key mappings, or a mapping; with lines."""
    if isinstance(value, Mapped):
        return dict(value.lines)
    names: dict[str, int] = {}
    if isinstance(value, Listed):
        for item, line in zip(value, value.lines, strict=True):
            names |= dict.fromkeys(item, line) if isinstance(item, Mapped) else {str(item): line}
    return names
