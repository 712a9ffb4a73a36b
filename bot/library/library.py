"""All the coach can say, by id: `load_library` reads it, `ContentLibrary` says it and vouches for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.facts.talk import Button, Kind, Reply
from bot.library.entries import ENTRY_FOLDERS, VARIABLE, Entry, entry_from
from bot.library.reading import ContentFaults, Fault, Listed, Mapped, mappings_in, read_mapping, shown
from bot.usecases.ports import Option, Question

BUBBLE_LIMIT = 300
LONGEST_TAPPED_SCALE = 10
MENU_LIMIT = 256  # characters: more a chat's menu doesn't take
UNKNOWN_COUNTRY = "unknown"
NO_REASON = "no_reason"
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_HIDDEN = ("Cc", "Cf", "Cs")
_INVISIBLE = ("Cf", "Mn", "Sk")


class MissingVariable(ValueError):
    """An entry names a variable that nobody gave: a literal brace never reaches a patient."""


@dataclass(frozen=True, slots=True)
class Command:
    """The intent behind a command, and what the menu says about it."""

    intent: str
    says: str


class ContentLibrary:
    """Fulfils `bot.usecases.ports.Library`. Nothing in it changes after loading."""

    def __init__(
        self,
        entries: Mapping[str, Entry],
        *,
        short_forms: Mapping[str, str],
        commands: Mapping[str, Command],
        figures: Mapping[str, float],
        countries: Mapping[str, Mapping[str, str]],
        topics: Mapping[str, str],
        documents: Mapping[str, str],
        origin: str,
        unsigned_rules: Sequence[str] = (),
    ) -> None:
        self._entries = entries
        self._short_forms = short_forms
        self._commands = commands
        self._figures = figures
        self._countries = countries
        self._topics = topics
        self._documents = documents
        self._origin = origin
        self._unsigned_rules = tuple(unsigned_rules)

    def say(self, content_id: str, /, **variables: str) -> tuple[Reply, ...]:
        """The entry's bubbles in order, buttons on the last.

        `<id>.why` and `<id>.more` name what `why` and `more` give. KeyError: no such entry.
        MissingVariable: the entry needs a variable that isn't given.
        """
        name, _, part = content_id.partition(".")
        entry = self._entries[name]
        if not part:
            return self._told(entry, content_id, entry.bubbles, variables, whole=True)
        if part not in ("why", "more"):
            raise KeyError(content_id)
        return self._told(entry, content_id, self._behind(entry, part), variables, whole=False)

    def why(self, content_id: str) -> tuple[Reply, ...]:
        """The reason for an entry, how sure it is and where it comes from; variables play no part."""
        return self.say(f"{self._name(content_id)}.why")

    def more(self, content_id: str) -> tuple[Reply, ...]:
        """What "tell me more" adds to an entry; its reason where nothing more is written."""
        return self.say(f"{self._name(content_id)}.more")

    def tells_more(self, content_id: str) -> bool:
        """Whether `more` has something of its own to tell, besides the reason."""
        entry = self._entries.get(content_id)
        return entry is not None and bool(entry.more)

    def vouches(self, reply: Reply) -> bool:
        """Whether this reply is word for word what `say` gives for its id and variables."""
        try:
            return reply in self.say(reply.content_id, **reply.variables)
        except (KeyError, MissingVariable, TypeError):
            return False

    def question(self, content_id: str) -> Question | None:
        """How the question of that content id, or of that slot, may be answered; its `id` is the slot."""
        entry = self._entries.get(content_id) or self._entries.get(f"ask_{content_id}")
        if entry is None or entry.form is None:
            return None
        options = tuple(Option(o.title, o.value, o.says, o.sign, o.green) for o in entry.options)
        return Question(
            entry.asks or entry.id, entry.form, options, entry.low, entry.high, entry.loose, entry.one_word
        )

    def short_form(self, text: str) -> str | None:
        """The intent behind a command or a short exact form (yes, thanks, back, why ...), or None."""
        command = self._commands.get(command_in(text))
        return command.intent if command else self._short_forms.get(plain_form(text))

    def commands(self) -> Mapping[str, str]:
        """What the menu says about each command, in the menu's order."""
        return {name: command.says for name, command in self._commands.items()}

    def number(self, name: str) -> float:
        """A figure of `content/figures.yml`, in the unit given there. KeyError: no such figure."""
        return self._figures[name]

    def knows_number(self, name: str) -> bool:
        return name in self._figures

    def country(self, code: str | None) -> Mapping[str, str]:
        """`name`, `zone`, `emergency`, `crisis`; the words for `unknown` where nobody knows."""
        return self._countries.get((code or UNKNOWN_COUNTRY), self._countries[UNKNOWN_COUNTRY])

    def countries(self) -> Mapping[str, Mapping[str, str]]:
        return self._countries

    def title(self, topic: str) -> str:
        """How a topic is called on a button. KeyError: no such topic."""
        return self._topics[topic]

    def topics(self) -> Mapping[str, str]:
        """What each topic is called, by its intent."""
        return self._topics

    def has_title(self, topic: str) -> bool:
        return topic in self._topics

    def has(self, content_id: str) -> bool:
        return content_id.partition(".")[0] in self._entries

    def entry(self, content_id: str) -> Entry:
        """KeyError: no such entry."""
        return self._entries[content_id]

    def entries(
        self, *, kind: Kind | None = None, region: str | None = None, movement: str | None = None
    ) -> tuple[Entry, ...]:
        """Entries of that kind, region and movement, lowest step first, then by id."""
        found = (
            entry
            for entry in self._entries.values()
            if (kind is None or entry.kind is kind)
            and (region is None or entry.region == region)
            and (movement is None or entry.movement == movement)
        )
        return tuple(sorted(found, key=lambda entry: (entry.movement or "", entry.step or 0, entry.id)))

    def safe_replies(self) -> Mapping[str, str]:
        """What a clinician may send by hand: what it is called in the console, by content id."""
        return {entry.id: entry.safe_reply for entry in self._entries.values() if entry.safe_reply}

    def unsigned_safety(self) -> list[str]:
        """Safety entries and triage rules by id, and countries, that nobody has checked and signed."""
        entries = [e.id for e in self._entries.values() if e.kind is Kind.SAFETY and not e.reviewed_by]
        numbers = [f"country_{code}" for code, c in self._countries.items() if not c.get("reviewed_by")]
        return sorted([*entries, *self._unsigned_rules, *numbers])

    def _name(self, content_id: str) -> str:
        name = content_id.partition(".")[0]
        return name if name in self._entries else f"ask_{name}"

    def _told(
        self,
        entry: Entry,
        content_id: str,
        bubbles: Sequence[str],
        variables: Mapping[str, str],
        *,
        whole: bool,
    ) -> tuple[Reply, ...]:
        used = _used(entry, bubbles, variables, with_buttons=whole)
        texts = [_filled(bubble, used, entry.kind) for bubble in bubbles]
        kind = entry.kind if whole or entry.kind is not Kind.QUESTION else Kind.PLAIN
        last = len(texts) - 1
        return tuple(
            Reply(
                content_id=content_id,
                version=entry.version,
                kind=kind,
                text=text,
                buttons=self._buttons(entry, used) if whole and number == last else (),
                image=entry.image if whole and number == last else None,
                asks=entry.asks if whole and number == last else None,
                region=entry.region,
                variables=used,
                document=entry.document if whole and number == last else None,
            )
            for number, text in enumerate(texts)
        )

    def _behind(self, entry: Entry, part: str) -> tuple[str, ...]:
        if part == "more" and entry.more:
            return entry.more
        return (*entry.why, *self._standing_of(entry)) or self._entries[NO_REASON].say

    def _standing_of(self, entry: Entry) -> tuple[str, ...]:
        """How sure an entry is and where it comes from, as one bubble where both fit."""
        documents = "; ".join(self._documents_of(entry))
        origin = _filled(self._origin, {"documents": documents}, entry.kind) if documents else ""
        parts = tuple(part for part in (entry.certainty, origin) if part)
        together = " ".join(parts)
        return (together,) if parts and len(together) <= BUBBLE_LIMIT else parts

    def _documents_of(self, entry: Entry) -> list[str]:
        names = [self._documents.get(document_of(source), "") for source in entry.sources]
        return list(dict.fromkeys(name for name in names if name))

    def _buttons(self, entry: Entry, variables: Mapping[str, str]) -> tuple[Button, ...]:
        answers = [(_filled(o.title, variables, entry.kind), o.value) for o in entry.options]
        if entry.form == "number" and not answers:
            answers = _scale(entry)
        offered = (Button(title, f"answer:{entry.asks}={value}") for title, value in answers)
        return (*offered, *self._ways_on(entry, variables))

    def _ways_on(self, entry: Entry, variables: Mapping[str, str]) -> Iterator[Button]:
        for button in entry.buttons:
            call = _filled(button.do, variables, entry.kind)
            topic = call.partition(":")[0]
            if not topic:
                continue
            title = self._topics[topic] if button.title is None else button.title
            yield Button(_filled(title, variables, entry.kind), f"do:{call}")


def load_library(path: Path) -> ContentLibrary:
    """The library in the folder `path`. Raises ContentFaults, which lists every fault of the content."""
    library, faults = read_library(path)
    if faults:
        raise ContentFaults(faults)
    return library


def read_library(path: Path) -> tuple[ContentLibrary, list[Fault]]:
    """As much of a library as can be read, and what is wrong with the rest."""
    faults: list[Fault] = []
    entries = {entry.id: entry for entry in read_entries(path, faults)}
    topics = read_topics(path, faults)
    faults += _faults_of_titles(path, entries.values(), topics)
    if NO_REASON not in entries:
        faults.append(Fault(shown(path / "messages", path), 1, f"no entry `{NO_REASON}`", "write it"))
    library = ContentLibrary(
        entries,
        short_forms=read_short_forms(path, faults),
        commands=read_commands(path, faults),
        figures=read_figures(path, faults),
        countries=read_countries(path, faults),
        topics=topics,
        documents=read_documents(path, faults),
        origin=read_origin(path, faults),
        unsigned_rules=_unsigned_rules(path),
    )
    return library, faults


def read_entries(root: Path, faults: list[Fault]) -> list[Entry]:
    """Every sound entry below `root`; ids that stand twice and all else that is wrong go to `faults`."""
    found: dict[str, Entry] = {}
    homes: dict[str, str] = {}
    for content_id, fields, at in raw_entries(root, faults):
        entry, wrong = entry_from(content_id, fields, at)
        faults += wrong
        if content_id in homes:
            words = f"`{content_id}` stands in {homes[content_id]} too"
            faults.append(Fault(at.file, at.line_of(content_id), words, "give one of them another id"))
        elif entry is not None:
            found[content_id] = entry
        homes.setdefault(content_id, at.file)
    return list(found.values())


def raw_entries(root: Path, faults: list[Fault]) -> Iterator[tuple[str, Any, Mapped]]:
    """Id, fields and file of everything in the folders of entries."""
    for folder in ENTRY_FOLDERS:
        for _, mapping, wrong in mappings_in(root, folder):
            faults += wrong
            for content_id, fields in mapping.items():
                yield content_id, fields, mapping


def read_short_forms(root: Path, faults: list[Fault]) -> dict[str, str]:
    """Intent by plain form."""
    forms: dict[str, str] = {}
    mapping = _file(root, "short_forms.yml", faults)
    for intent, listed in mapping.items():
        if not isinstance(listed, Listed):
            faults.append(
                Fault(mapping.file, mapping.line_of(intent), f"`{intent}` is no list", "write `- form` lines")
            )
            continue
        for form, line in zip(listed, listed.lines, strict=True):
            plain = plain_form(str(form))
            if forms.setdefault(plain, intent) != intent:
                words = f"`{form}` means `{forms[plain]}` already"
                faults.append(Fault(mapping.file, line, words, "let a form mean one thing"))
            if any(char.isdigit() for char in plain):
                faults.append(
                    Fault(mapping.file, line, f"the number `{form}`", "leave numbers to the open question")
                )
    return forms


def read_commands(root: Path, faults: list[Fault]) -> dict[str, Command]:
    """Commands by name, in the order of the file."""
    commands: dict[str, Command] = {}
    mapping = _file(root, "commands.yml", faults)
    for name, fields in mapping.items():
        line = mapping.line_of(name)
        if not _COMMAND.fullmatch(str(name)):
            words = "use 1 to 32 of a-z, 0-9 and _"
            faults.append(Fault(mapping.file, line, f"`{name}` is no command", words))
        elif not isinstance(fields, Mapped) or {*fields} != {"do", "says"}:
            faults.append(Fault(mapping.file, line, f"`{name}` is incomplete", "give `do` and `says`"))
        elif not 1 <= len(str(fields["says"])) <= MENU_LIMIT:
            words = f"say it in 1 to {MENU_LIMIT} characters"
            faults.append(Fault(mapping.file, line, f"`{name}` doesn't fit the menu", words))
        else:
            commands[str(name)] = Command(str(fields["do"]), str(fields["says"]))
    return commands


def read_figures(root: Path, faults: list[Fault]) -> dict[str, float]:
    """Value by name."""
    figures: dict[str, float] = {}
    mapping = _file(root, "figures.yml", faults)
    for name, fields in mapping.items():
        line = mapping.line_of(name)
        if not isinstance(fields, Mapped):
            faults.append(
                Fault(mapping.file, line, f"`{name}` holds no fields", "give value, unit, source and date")
            )
            continue
        missing = [field for field in ("value", "unit", "source", "date") if fields.get(field) is None]
        if missing:
            faults.append(Fault(mapping.file, line, f"`{name}` has no {', '.join(missing)}", "add it"))
        value = fields.get("value")
        if isinstance(value, int | float) and not isinstance(value, bool):
            figures[name] = value
        elif value is not None:
            words = f"the value of `{name}` is no number"
            faults.append(Fault(mapping.file, fields.line_of("value"), words, "write a plain number"))
    return figures


def read_countries(root: Path, faults: list[Fault]) -> dict[str, dict[str, str]]:
    """Fields as words by country code."""
    countries: dict[str, dict[str, str]] = {}
    mapping = _file(root, "countries.yml", faults)
    for code, fields in mapping.items():
        line = mapping.line_of(code)
        if not isinstance(fields, Mapped):
            faults.append(Fault(mapping.file, line, f"`{code}` holds no fields", "give name and numbers"))
            continue
        missing = [field for field in ("name", "emergency", "crisis") if not fields.get(field)]
        if missing:
            faults.append(Fault(mapping.file, line, f"`{code}` has no {', '.join(missing)}", "add it"))
        countries[code] = {field: _words(value) for field, value in fields.items()}
    if UNKNOWN_COUNTRY not in mapping:
        faults.append(
            Fault(mapping.file, 1, "no entry `unknown`", "add the words for a country nobody knows")
        )
        countries[UNKNOWN_COUNTRY] = {}
    return countries


def read_topics(root: Path, faults: list[Fault]) -> dict[str, str]:
    """The title of each topic."""
    mapping = _file(root, "topics.yml", faults)
    titles = {}
    for topic, fields in mapping.items():
        if isinstance(fields, Mapped) and isinstance(fields.get("title"), str):
            titles[topic] = str(fields["title"])
        else:
            faults.append(
                Fault(mapping.file, mapping.line_of(topic), f"`{topic}` has no title", "add `title:`")
            )
    return titles


def read_documents(root: Path, faults: list[Fault]) -> dict[str, str]:
    """What a patient is told of a source, by its document (S0 to S4, C, R, G); own has none."""
    documents = _file(root, "sources.yml", faults).get("documents")
    if not isinstance(documents, Mapped):
        return {}
    return {
        name: str(fields["patient"])
        for name, fields in documents.items()
        if isinstance(fields, Mapped) and fields.get("patient")
    }


def read_origin(root: Path, faults: list[Fault]) -> str:
    """The sentence that names the documents behind an entry."""
    mapping = _file(root, "sources.yml", faults)
    origin = mapping.get("origin")
    if isinstance(origin, str) and VARIABLE.findall(origin) == ["documents"]:
        return origin
    faults.append(
        Fault(mapping.file, mapping.line_of("origin"), "no `origin` sentence", "name {documents} in it")
    )
    return ""


def document_of(source: str) -> str:
    """The document of a source id: `S4#177` is of S4, `C14` of C."""
    return source.partition("#")[0] if "#" in source else source.rstrip("0123456789")


def command_in(text: str) -> str:
    """The command that a text begins with, without its slash and the bot's name; "" where there is none."""
    first, *_ = text.split() or [""]
    return first[1:].partition("@")[0].casefold() if first.startswith("/") else ""


def plain_form(text: str) -> str:
    """Lower case without outer punctuation, invisible marks and skin tones: `Yes!!` is `yes`."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    visible = "".join(char for char in folded if unicodedata.category(char) not in _INVISIBLE)
    words = " ".join(visible.split())
    stripped = re.sub(r"^[^\w]+|[^\w]+$", "", words)
    return stripped or "".join(dict.fromkeys(words))


def _file(root: Path, name: str, faults: list[Fault]) -> Mapped:
    mapping, wrong = read_mapping(root / name, shown(root / name, root))
    faults += wrong
    return mapping


def _scale(entry: Entry) -> list[tuple[str, str]]:
    """A number of a short scale is one tap."""
    low, high = entry.low or 0, entry.high or 0
    if high - low > LONGEST_TAPPED_SCALE:
        return []
    return [(str(number), str(number)) for number in range(low, high + 1)]


def _words(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(str(item) for item in value) if isinstance(value, Listed) else str(value)


def _used(
    entry: Entry, bubbles: Sequence[str], variables: Mapping[str, str], *, with_buttons: bool
) -> dict[str, str]:
    places = [*bubbles]
    if with_buttons:
        places += [option.title for option in entry.options]
        places += [f"{button.do} {button.title or ''}" for button in entry.buttons]
    names = {name: None for place in places for name in VARIABLE.findall(place)}
    missing = [name for name in names if name not in variables]
    if missing:
        raise MissingVariable(f"{entry.id} needs {', '.join(missing)}")
    return {name: _one_line(str(variables[name])) for name in names}


def _one_line(value: str) -> str:
    """What a patient typed can't break out of its bubble: no line breaks, control or direction marks."""
    seen = "".join(char for char in " ".join(value.split()) if unicodedata.category(char) not in _HIDDEN)
    return " ".join(seen.split())


def _filled(text: str, variables: Mapping[str, str], kind: Kind) -> str:
    told = VARIABLE.sub(lambda match: variables[match[1]], text)
    if len(told) <= BUBBLE_LIMIT or kind is Kind.SAFETY:
        return told
    return _shortened(text, variables, len(told) - BUBBLE_LIMIT)


def _shortened(text: str, variables: Mapping[str, str], over: int) -> str:
    """Cut the longest variables, so that what a patient typed earlier can't make a bubble too long."""
    cut = dict(variables)
    for name in sorted(set(VARIABLE.findall(text)), key=lambda name: -len(variables[name])):
        if over <= 0:
            break
        times = text.count(f"{{{name}}}")
        room = max(0, len(cut[name]) - -(-over // times) - 1)
        over -= times * (len(cut[name]) - room - 1)
        cut[name] = cut[name][:room] + "…"
    return VARIABLE.sub(lambda match: cut[match[1]], text)


def _unsigned_rules(root: Path) -> list[str]:
    return [
        rule
        for _, mapping, _ in mappings_in(root, "triage")
        for rule, fields in mapping.items()
        if isinstance(fields, Mapped) and "reviewed_by" in fields and not fields["reviewed_by"]
    ]


def _faults_of_titles(root: Path, entries: Iterable[Entry], topics: Mapping[str, str]) -> Iterator[Fault]:
    untitled = {
        entry.id: button.do
        for entry in entries
        for button in entry.buttons
        if button.title is None and "{" not in button.do and button.do.partition(":")[0] not in topics
    }
    for content_id, fields, at in raw_entries(root, []) if untitled else ():
        if content_id in untitled and isinstance(fields, Mapped):
            found = f"`{content_id}`: the button `{untitled[content_id]}` has no title"
            mend = "add `title:`, or the topic to topics.yml"
            yield Fault(at.file, fields.line_of("buttons"), found, mend)
