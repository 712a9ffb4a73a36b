"""What an entry of the content may hold, checked; `docs/architecture.md` tells authors the same."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from bot.facts.talk import Kind
from bot.library.reading import Fault, Mapped, line_at

VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
ENTRY_FOLDERS = ("messages", "lessons", "cues", "exercises")
_INTENT_CALL = re.compile(
    r"(\{[a-z][a-z0-9_]*\}|[a-z][a-z0-9_]*)(:[a-z][a-z0-9_]*=(\{[a-z][a-z0-9_]*\}|[^\s{}]+))?"
)
SENT_BY_HAND = frozenset({Kind.PLAIN, Kind.EDUCATION, Kind.PLAN, Kind.CHEER})
_ID = re.compile(r"[a-z][a-z0-9_]*")


def _as_bubbles(value: Any) -> Any:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else (value,)


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_as_text)]
Bubbles = Annotated[tuple[Text, ...], BeforeValidator(_as_bubbles)]


class Part(BaseModel):
    """A piece of content: nothing unknown, nothing changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OptionPart(Part):
    """One answer that a question offers. See `bot.usecases.ports.Option`."""

    title: Text
    value: Text
    says: tuple[Text, ...] = ()
    sign: str | None = None
    green: bool = False


class ButtonPart(Part):
    """A way on. Without a title it bears the topic's own title from `content/topics.yml`."""

    do: str
    title: Text | None = None

    @model_validator(mode="after")
    def _names_an_intent(self) -> ButtonPart:
        if not _INTENT_CALL.fullmatch(self.do):
            raise ValueError("`do` is an intent, with `:slot=value` behind it if need be")
        return self


class Dose(Part):
    """How much of an exercise: `amount` of `unit`, with what the amount is meant to be."""

    amount: int
    unit: Literal["minutes", "seconds", "repetitions"]
    often: Text


class Entry(Part):
    """One thing the coach can say. `id` and `version` are set on loading; the rest is the author's."""

    id: str
    version: str
    kind: Kind
    say: Bubbles
    form: Literal["choice", "number", "text", "time"] | None = None
    low: int | None = None
    high: int | None = None
    options: tuple[OptionPart, ...] = ()
    loose: bool = False
    one_word: bool = False
    buttons: tuple[ButtonPart, ...] = ()
    image: str | None = None
    document: str | None = None
    why: Bubbles = ()
    more: Bubbles = ()
    certainty: Text | None = None
    sources: tuple[str, ...] = ()
    reviewed_by: str | None = None
    reviewed_on: date | None = None
    region: str | None = None
    movement: str | None = None
    step: int | None = None
    dose: Dose | None = None
    easier: str | None = None
    harder: str | None = None
    not_when: Bubbles = ()
    explained: bool = False
    safe_reply: Text | None = None

    @property
    def asks(self) -> str | None:
        """The slot this entry asks for: an entry with a `form` puts a question."""
        return self.id.removeprefix("ask_") if self.form else None

    @property
    def bubbles(self) -> tuple[str, ...]:
        """`say` with the dose in its place, which no caller can change, and when to leave it out."""
        told = self.say
        if self.dose is not None:
            dose = {"amount": str(self.dose.amount), "often": self.dose.often}
            told = tuple(VARIABLE.sub(lambda match: dose.get(match[1], match[0]), text) for text in told)
        return (*told, *self.not_when)

    def texts(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every bubble with the place it stands at in the file."""
        for field, bubbles in (("say", self.bubbles), ("why", self.why), ("more", self.more)):
            for number, bubble in enumerate(bubbles):
                yield (field, number), bubble
        if self.certainty:
            yield ("certainty",), self.certainty

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Entry:
        if not self.say or not all(bubble.strip() for bubble in self.say):
            raise ValueError("`say` is empty")
        if self.kind is Kind.QUESTION and self.form is None:
            raise ValueError("a question needs a `form`")
        if self.form is not None and not self.id.startswith("ask_"):
            raise ValueError("what asks is named `ask_<slot>`")
        if self.form == "choice" and not self.options:
            raise ValueError("a choice needs `options`")
        if self.form == "number" and (self.low is None or self.high is None or self.low >= self.high):
            raise ValueError("a number needs `low` below `high`")
        if len({option.value for option in self.options}) != len(self.options):
            raise ValueError("two options have the same value")
        if self.options and self.form is None:
            raise ValueError("`options` belong to a question; other ways on are `buttons`")
        if self.kind is Kind.EXERCISE and not (self.region and self.movement and self.step):
            raise ValueError("an exercise needs `region`, `movement` and `step`")
        if self.kind is Kind.EXERCISE and (self.dose is None) != self.explained:
            raise ValueError("an exercise has a `dose`, or is only `explained: true`")
        if self.kind is Kind.EXERCISE and not self.not_when:
            raise ValueError("an exercise says in `not_when` when to leave it out")
        if self.safe_reply is not None and (self.form is not None or self.kind not in SENT_BY_HAND):
            raise ValueError("a `safe_reply` asks nothing and is of kind plain, education, plan or cheer")
        if self.safe_reply is not None and "{clinician}" not in self.say[0]:
            raise ValueError("a `safe_reply` tells in its first bubble who sends it: `{clinician}`")
        return self


_MENDS = {
    "missing": "add it",
    "extra_forbidden": "remove it, or mind its spelling",
    "enum": "choose one of the kinds in docs/architecture.md",
    "literal_error": "choose one of the values in docs/architecture.md",
    "value_error": "change the entry so",
}


def version_of(content_id: str, fields: Mapped) -> str:
    """The first eight hex digits of the SHA-256 of the entry's canonical form."""
    canonical = json.dumps([content_id, fields], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]


def entry_from(content_id: str, fields: Any, at: Mapped) -> tuple[Entry | None, list[Fault]]:
    """The checked entry, or every fault of it. `at` is the mapping of the whole file."""
    line = at.line_of(content_id)
    if not _ID.fullmatch(content_id):
        return None, [Fault(at.file, line, f"the id `{content_id}`", "use a-z, 0-9 and _ only")]
    if not isinstance(fields, Mapped):
        return None, [
            Fault(at.file, line, f"`{content_id}` holds no fields", "write its fields below, indented")
        ]
    for ours in ("id", "version"):
        if ours in fields:
            return None, [Fault(at.file, fields.line_of(ours), f"`{ours}` in `{content_id}`", "remove it")]
    try:
        return Entry(id=content_id, version=version_of(content_id, fields), **fields), []
    except ValidationError as error:
        return None, faults_of(error, content_id, fields, at.file, line)


def faults_of(error: ValidationError, content_id: str, fields: Mapped, file: str, line: int) -> list[Fault]:
    """What pydantic found, told with file, line and mend."""
    faults = []
    for detail in error.errors():
        place = ".".join(str(step) for step in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        found = f"`{content_id}`{f', {place}' if place else ''}: {message}"
        mend = _MENDS.get(detail["type"], "write what docs/architecture.md asks for here")
        faults.append(Fault(file, line_at(fields, detail["loc"], line), found, mend))
    return faults
