"""Short exchanges as authors write them in `data/stories`, and what is wrong with them.

Rasa itself trains most of these faults without a word: what it doesn't know it leaves out, and of two stories
that go on differently after the same words it forgets both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from bot.facts.talk import Kind
from bot.library.entries import VARIABLE
from bot.library.library import ContentLibrary
from bot.library.reading import Fault, Listed, Mapped, mappings_in, read_mapping

LESSON = "action_teach"
MORE = "action_tell_more"
TELL_MORE = "tell_more"
WAITS = "waits for the patient"
SAYING = "utter_"
SAID_KINDS = frozenset({Kind.PLAIN, Kind.EDUCATION, Kind.CHEER, Kind.PLAN})
# What `actions.words.variables_for` fills in.
FILLED = frozenset({"goal", "region", "zone", "movement", "country", "emergency", "crisis", "limits"})
_HEARD_ALWAYS = frozenset({"nlu_fallback"})
_POLICY = "AugmentedMemoizationPolicy"


@dataclass(frozen=True, slots=True)
class Step:
    """An intent or an action, and the line it stands in."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the patient means, and what the coach does then."""

    heard: Step
    does: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """One way through a story: where an author wrote `or`, each choice is a way of its own."""

    name: str
    file: str
    line: int
    exchanges: tuple[Exchange, ...]

    def fault(self, line: int, found: str, mend: str) -> Fault:
        return Fault(self.file, line, f"`{self.name}`: {found}", mend)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every intent and action in turn."""
        return tuple(step for each in self.exchanges for step in (each.heard, *each.does))


@dataclass(frozen=True, slots=True)
class Known:
    """What a story may rest on: intents of the domain, which of them rules answer, which anybody can say."""

    intents: frozenset[str]
    ruled: frozenset[str]
    heard: frozenset[str]
    library: ContentLibrary
    window: int


def check_stories(project: Path, intents: Iterable[str], library: ContentLibrary) -> Iterator[Fault]:
    """Every fault of the stories below `project`, and of the settings they need."""
    stories, faults = read_stories(project)
    yield from faults
    yield from _faults_of_slots(project)
    if not stories:
        return
    window, wrong = _window_of(project)
    yield from wrong
    known = Known(
        frozenset(intents),
        frozenset(_intents_in(project, "rules")),
        frozenset(_heard(project, library)),
        library,
        window,
    )
    for story in stories:
        yield from _faults_of(story, known)
    yield from _faults_between(stories, known.window)


def read_stories(project: Path) -> tuple[list[Story], list[Fault]]:
    """Each way through each story of `data/stories`, and what can't be read of them."""
    stories: list[Story] = []
    faults: list[Fault] = []
    for _, mapping, wrong in mappings_in(project / "data", "stories"):
        faults += wrong
        for key in mapping.keys() - {"version", "stories"}:
            faults.append(Fault(mapping.file, mapping.line_of(key), f"`{key}`", "write `stories:` only"))
        listed = mapping.get("stories")
        if not isinstance(listed, Listed):
            faults.append(Fault(mapping.file, mapping.line_of("stories"), "no stories", "write `- story:`"))
            continue
        for item, line in zip(listed, listed.lines, strict=True):
            stories += _ways(item, mapping.file, line, faults)
    return stories, faults


def _ways(item: Any, file: str, line: int, faults: list[Fault]) -> list[Story]:
    steps = item.get("steps") if isinstance(item, Mapped) else None
    name = item.get("story") if isinstance(item, Mapped) else None
    if not isinstance(name, str) or not isinstance(steps, Listed) or item.keys() - {"story", "steps"}:
        faults.append(Fault(file, line, "a story without name and steps", "write `story:` and `steps:` only"))
        return []
    read = [_choices(step, at, file, faults) for step, at in zip(steps, steps.lines, strict=True)]
    exchanges = _exchanges(read)
    if exchanges is None:
        mend = "let intent and action take turns, with an action at the end"
        faults.append(
            Fault(file, line, f"`{name}` doesn't begin with an intent and end with an action", mend)
        )
        return []
    return [Story(name, file, line, way) for way in product(*exchanges)]


def _choices(step: Any, line: int, file: str, faults: list[Fault]) -> tuple[str, list[Step]]:
    """Whether it is an intent or an action, and which: several intents where it is an `or`."""
    if isinstance(step, Mapped) and len(step) == 1:
        ((key, value),) = step.items()
        if key in ("intent", "action") and isinstance(value, str):
            return key, [Step(value, line)]
        if key == "or" and isinstance(value, Listed):
            inner = [_choices(one, at, file, faults) for one, at in zip(value, value.lines, strict=True)]
            if inner and all(kind == "intent" for kind, _ in inner):
                return "intent", [step for _, steps in inner for step in steps]
    faults.append(
        Fault(file, line, "a step of another kind", "write `intent:`, `action:`, or `or:` of intents")
    )
    return "unknown", []


def _exchanges(read: Sequence[tuple[str, list[Step]]]) -> list[list[Exchange]] | None:
    """The choices of each exchange; None where something is missing."""
    groups: list[tuple[list[Step], list[Step]]] = []
    for kind, steps in read:
        if kind == "intent":
            groups.append((steps, []))
        elif kind == "action" and groups:
            groups[-1][1].extend(steps)
        else:
            return None
    if not groups or not all(does for _, does in groups):
        return None
    return [[Exchange(heard, tuple(does)) for heard in choices] for choices, does in groups]


def _faults_of(story: Story, known: Known) -> Iterator[Fault]:
    first = story.exchanges[0]
    if not known.library.has(f"lesson_{first.heard.name}") or first.does[0].name != LESSON:
        mend = f"begin with a topic that has a lesson, and `action: {LESSON}`"
        yield story.fault(first.heard.line, f"it begins with `{first.heard.name}`", mend)
    for each in story.exchanges:
        yield from _faults_of_heard(story, each.heard, known)
        special = LESSON if each is first else MORE if each.heard.name == TELL_MORE else None
        for step in each.does[1:] if each.does[0].name == special else each.does:
            yield from _faults_of_said(story, step, known.library)


def _faults_of_heard(story: Story, step: Step, known: Known) -> Iterator[Fault]:
    if step.name not in known.intents:
        yield story.fault(step.line, f"no intent `{step.name}`", "mind its spelling, or add it to domain.yml")
    elif step.name in known.ruled:
        found = f"`{step.name}` has a rule in data/rules, which always goes first"
        yield story.fault(step.line, found, "take another intent: this story would never go on here")
    elif step.name not in known.heard:
        found = f"nobody can say `{step.name}`"
        yield story.fault(step.line, found, "add phrases in data/nlu, or take another intent")


def _faults_of_said(story: Story, step: Step, library: ContentLibrary) -> Iterator[Fault]:
    content_id = step.name.removeprefix(SAYING)
    if not step.name.startswith(SAYING):
        mend = f"write `{SAYING}<content id>`; `{LESSON}` comes first only, `{MORE}` after `{TELL_MORE}` only"
        yield story.fault(step.line, f"the action `{step.name}`", mend)
        return
    if not library.has(content_id):
        yield story.fault(step.line, f"no entry `{content_id}`", "write it in content/messages/stories")
        return
    entry = library.entry(content_id)
    if entry.form is not None or entry.kind not in SAID_KINDS:
        found = f"`{content_id}` is of kind `{entry.kind.value}`"
        mend = f"say one of {', '.join(sorted(kind.value for kind in SAID_KINDS))}: the rest belongs to flows"
        yield story.fault(step.line, found, mend)
    for name in _variables(entry.say) - FILLED:
        yield story.fault(step.line, f"`{content_id}` needs {{{name}}}", "say it without: nobody fills it in")


def _variables(texts: Iterable[str]) -> set[str]:
    return {name for text in texts for name in VARIABLE.findall(text)}


@dataclass(frozen=True, slots=True)
class _Told:
    """What comes next at one place of a story."""

    action: str
    story: Story
    line: int


@dataclass(slots=True)
class _Memory:
    """The histories seen so far as the policy remembers them, and what comes next after each."""

    window: int
    next: dict[tuple[object, ...], _Told] = field(default_factory=dict)

    def faults_of(self, story: Story) -> Iterator[Fault]:
        """Where the story goes on differently from one before it."""
        for history, told in _moments(story, self.window):
            before = self.next.setdefault(history, told)
            if before.action != told.action:
                found = f"here it goes on with `{told.action}`, but `{before.story.name}` "
                found += f"({before.story.file}:{before.line}) after the same words with `{before.action}`"
                yield story.fault(told.line, found, "let the same words be followed by one thing only")
                return


def _faults_between(stories: Sequence[Story], window: int) -> Iterator[Fault]:
    memory = _Memory(window)
    for story in stories:
        yield from memory.faults_of(story)
    yield from _faults_of_doubles(stories)


def _moments(story: Story, window: int) -> Iterator[tuple[tuple[object, ...], _Told]]:
    """Each moment at which the coach acts: the last steps before it, as Rasa's memory keeps them."""
    history: list[object] = ["the beginning"]
    for each in story.exchanges:
        last, line = "action_listen", each.heard.line
        for action, at in [*((step.name, step.line) for step in each.does), (WAITS, 0)]:
            history.append((last, each.heard.name))
            line = at or line
            yield tuple(history[-window:]), _Told(action, story, line)
            last = action


def _faults_of_doubles(stories: Sequence[Story]) -> Iterator[Fault]:
    """Stories of which every way is told by an earlier story already."""
    told: dict[tuple[str, ...], Story] = {}
    fresh: set[tuple[str, int]] = set()
    doubles: dict[tuple[str, int], tuple[Story, Story]] = {}
    for story in stories:
        home = (story.file, story.line)
        names = tuple(step.name for step in story.steps)
        before = told.setdefault(names, story)
        if (before.file, before.line) == home:
            fresh.add(home)
        else:
            doubles[home] = story, before
    for home in doubles.keys() - fresh:
        story, before = doubles[home]
        found = f"`{before.name}` ({before.file}:{before.line}) tells the same"
        yield story.fault(story.line, found, "remove one of the two")


def _faults_of_slots(project: Path) -> Iterator[Fault]:
    """A slot that counts in the match would make a story miss whenever it is filled."""
    domain, _ = read_mapping(project / "domain.yml", "domain.yml")
    slots = domain.get("slots")
    if not isinstance(slots, Mapped):
        return
    for name, fields in slots.items():
        if not isinstance(fields, Mapped) or fields.get("influence_conversation") is not False:
            found = f"the slot `{name}` counts in what a story matches"
            yield Fault("domain.yml", slots.line_of(name), found, "write `influence_conversation: false`")


def _window_of(project: Path) -> tuple[int, list[Fault]]:
    """How many steps back the policy looks."""
    config, faults = read_mapping(project / "config.yml", "config.yml")
    for policy in config.get("policies") or ():
        if isinstance(policy, Mapped) and policy.get("name") == _POLICY:
            window = policy.get("max_history")
            if isinstance(window, int) and window > 0:
                return window, faults
    line = config.line_of("policies")
    return 1, [*faults, Fault("config.yml", line, f"no `{_POLICY}` with `max_history`", "write both")]


def _heard(project: Path, library: ContentLibrary) -> Iterator[str]:
    """Every intent that words, a short form or a button can have."""
    yield from _HEARD_ALWAYS
    for _, mapping, _ in mappings_in(project / "data", "nlu"):
        yield from (
            str(block.get("intent")) for block in mapping.get("nlu") or () if isinstance(block, Mapped)
        )
    forms, _ = read_mapping(project / "content" / "short_forms.yml", "content/short_forms.yml")
    yield from forms
    yield from (button.do.partition(":")[0] for entry in library.entries() for button in entry.buttons)


def _intents_in(project: Path, folder: str) -> Iterator[str]:
    for _, mapping, _ in mappings_in(project / "data", folder):
        yield from _named_intents(mapping.get(folder))


def _named_intents(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("intent"), str):
            yield value["intent"]
        for inner in value.values():
            yield from _named_intents(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named_intents(inner)
