"""`content/triage` and `content/context` become vocabulary and rules, every fault collected."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.facts.clinical import LIKENESS, Level, Urgency
from bot.facts.vocabulary import Bank, Cue, CueKind, Reach, SignWords, Vocabulary
from bot.library.entries import version_of
from bot.library.reading import ContentFaults, Fault, Listed, Mapped, mappings_in, read_mapping, shown
from bot.triage.history import LOGGED_RULES, Limits
from bot.triage.rules import Rules, SignRule

_SIGN_FIELDS = {
    "name", "level", "urgency", "words", "open", "hints", "outweighs", "stands_if_supposed", "message",
    "check", "check_urgency", "question", "care", "care_other", "sources", "reviewed_by", "reviewed_on",
}  # fmt: skip
_NEEDED = ("name", "level", "urgency", "sources", "reviewed_by", "reviewed_on")
_CUE_FIELDS = {"kind", "reach", "words", "phrases"}
_WORD_LISTS = ("fillers", "blockers", "enders", "subjects", "restarts", "joiners", "never_repaired")
_UNITS = {"hours": "hours", "days": "days", "weeks": "weeks"}
_MARKED = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\{[^}]*\})")
SIGN_FILES = "signs_*.yml"


@dataclass(frozen=True, slots=True)
class ScreeningContent:
    """`homes` says in which file and line a sign or cue stands; `names` what a sign is called."""

    vocabulary: Vocabulary
    bank: Bank
    rules: Rules
    version: str
    names: Mapping[str, str]
    homes: Mapping[str, tuple[str, int]]


def load_screening(root: Path) -> ScreeningContent:
    """All of it, or ContentFaults."""
    content, faults = read_screening(root)
    if faults:
        raise ContentFaults(faults)
    return content


def read_screening(root: Path) -> tuple[ScreeningContent, list[Fault]]:
    """As much as can be read, and what is wrong with the rest."""
    faults: list[Fault] = []
    homes: dict[str, tuple[str, int]] = {}
    entries = list(_sign_entries(root, faults, homes))
    rules = {name: rule for name, at in entries if (rule := _rule(name, at, faults))}
    words = tuple(
        sign for name, at in entries if name in rules and (sign := _sign_words(name, at, rules[name], faults))
    )
    _faults_of_outweighed(entries, set(rules), faults)
    vocabulary = _vocabulary(root, words, faults, homes)
    logged = _logged(root, faults)
    content = ScreeningContent(
        vocabulary,
        _bank(root, rules, faults, homes),
        Rules(rules, _said(root, faults), _check_question(root), _limits(root, faults), logged),
        _version(root),
        {name: str(at.get("name", name)) for name, at in entries},
        homes,
    )
    return content, faults


def _sign_entries(
    root: Path, faults: list[Fault], homes: dict[str, tuple[str, int]]
) -> Iterator[tuple[str, Mapped]]:
    for path in sorted((root / "triage").glob(SIGN_FILES)):
        mapping, wrong = read_mapping(path, shown(path, root))
        faults += wrong
        for name, fields in mapping.items():
            line = mapping.line_of(name)
            if name in homes:
                faults.append(
                    Fault(mapping.file, line, f"`{name}` stands in {homes[name][0]} too", "keep one")
                )
            elif not isinstance(fields, Mapped):
                faults.append(Fault(mapping.file, line, f"`{name}` holds no fields", "write them below"))
            else:
                homes[name] = (mapping.file, line)
                yield name, fields


def _rule(name: str, at: Mapped, faults: list[Fault]) -> SignRule | None:
    for field in at:
        if field not in _SIGN_FIELDS:
            faults.append(Fault(at.file, at.line_of(field), f"`{field}` in `{name}`", "mind its spelling"))
    missing = [field for field in _NEEDED if field not in at]
    if missing:
        faults.append(Fault(at.file, at.line, f"`{name}` has no {', '.join(missing)}", "add it"))
    try:
        return SignRule(
            id=name,
            version=version_of(name, at),
            level=Level(at.get("level")),
            urgency=Urgency(at.get("urgency")),
            message=at.get("message"),
            check=at.get("check"),
            check_urgency=Urgency(at.get("check_urgency", "same_day")),
            question=at.get("question"),
            care=at.get("care"),
            care_other=at.get("care_other"),
        )
    except ValueError as error:
        faults.append(Fault(at.file, at.line, f"`{name}`: {error}", "choose a level and urgency that exist"))
        return None


def _sign_words(name: str, at: Mapped, rule: SignRule, faults: list[Fault]) -> SignWords:
    return SignWords(
        id=name,
        level=rule.level,
        phrases=_list(at, "words", faults),
        open_phrases=_list(at, "open", faults),
        hints=_hints(at, faults),
        outweighs=_list(at, "outweighs", faults),
        stands_if_supposed=at.get("stands_if_supposed") is True,
    )


def _hints(at: Mapped, faults: list[Fault]) -> dict[str, tuple[str, ...]]:
    kinds = at.get("hints", {})
    if not isinstance(kinds, Mapped):
        return {}
    return {str(kind): _list(kinds, kind, faults) for kind in kinds}


def _faults_of_outweighed(entries: list[tuple[str, Mapped]], known: set[str], faults: list[Fault]) -> None:
    for name, at in entries:
        for other in at.get("outweighs") or ():
            if other not in known:
                faults.append(
                    Fault(
                        at.file, at.line_of("outweighs"), f"`{name}` outweighs `{other}`", "name a sign's id"
                    )
                )


def _vocabulary(
    root: Path, signs: tuple[SignWords, ...], faults: list[Fault], homes: dict[str, tuple[str, int]]
) -> Vocabulary:
    context = root / "context"
    lists = _file(context / "lists.yml", root, faults)
    forms = _file(context / "forms.yml", root, faults)
    slots = _file(context / "slots.yml", root, faults)
    regions = _file(context / "regions.yml", root, faults)
    several = {name: _list(lists, name, faults) for name in _WORD_LISTS}
    return Vocabulary(
        signs=signs,
        cues=tuple(_cues(context / "cues.yml", root, faults, homes)),
        slots={name: _list(slots, name, faults) for name in slots},
        forms={str(key): str(value) for key, value in forms.items()},
        fillers=several["fillers"],
        blockers=frozenset(several["blockers"]),
        enders=frozenset(several["enders"]),
        subjects=frozenset(several["subjects"]),
        restarts=frozenset(several["restarts"]),
        joiners=frozenset(several["joiners"]),
        regions={name: _list(regions, name, faults) for name in regions},
        never_repaired=frozenset(several["never_repaired"]),
    )


def _cues(path: Path, root: Path, faults: list[Fault], homes: dict[str, tuple[str, int]]) -> Iterator[Cue]:
    mapping = _file(path, root, faults)
    for name, at in mapping.items():
        line = mapping.line_of(name)
        if not isinstance(at, Mapped) or set(at) - _CUE_FIELDS or "phrases" not in at:
            words = f"`{name}` has other fields than kind, reach, words, phrases"
            faults.append(Fault(mapping.file, line, words, "give these four"))
            continue
        try:
            kind, reach = CueKind(at.get("kind")), Reach(at.get("reach"))
        except ValueError as error:
            faults.append(Fault(mapping.file, line, f"`{name}`: {error}", "choose one that exists"))
            continue
        homes[f"cue:{name}"] = (mapping.file, line)
        yield Cue(name, kind, reach, _list(at, "phrases", faults), int(at.get("words") or 0))


def _logged(root: Path, faults: list[Fault]) -> dict[str, SignRule]:
    mapping = _file(root / "triage" / "log_rules.yml", root, faults)
    found: dict[str, SignRule] = {}
    for name in LOGGED_RULES:
        at = mapping.get(name)
        if not isinstance(at, Mapped):
            faults.append(Fault(mapping.file, 1, f"no rule `{name}`", "write it"))
            continue
        found[name] = SignRule(
            name,
            version_of(name, at),
            Level.ASSESS,
            Urgency.NONE,
            at.get("message"),
            question=at.get("question"),
        )
    return found


def _said(root: Path, faults: list[Fault]) -> dict[tuple[Level, Urgency], str]:
    mapping = _file(root / "triage" / "levels.yml", root, faults)
    said: dict[tuple[Level, Urgency], str] = {}
    for level in Level:
        by_urgency = mapping.get(level.value)
        if isinstance(by_urgency, Mapped):
            said |= {(level, Urgency(u)): str(by_urgency[u]) for u in by_urgency}
        elif level is not Level.NONE:
            faults.append(
                Fault(mapping.file, 1, f"no words for level {level.value}", "name their content ids")
            )
    return said


def _check_question(root: Path) -> str:
    mapping, _ = read_mapping(root / "triage" / "levels.yml", "levels.yml")
    return str(mapping.get("check_question", "ask_check"))


def _limits(root: Path, faults: list[Fault]) -> Limits:
    mapping = _file(root / "triage" / "limits.yml", root, faults)

    def value(name: str) -> tuple[int, str]:
        at = mapping.get(name)
        if not isinstance(at, Mapped) or not isinstance(at.get("value"), int) or not at.get("source"):
            faults.append(
                Fault(
                    mapping.file, mapping.line_of(name), f"`{name}` lacks value, unit or source", "add them"
                )
            )
            return 1, "days"
        return at["value"], str(at.get("unit"))

    def duration(name: str) -> timedelta:
        amount, unit = value(name)
        if unit not in _UNITS:
            faults.append(
                Fault(
                    mapping.file, mapping.line_of(name), f"`{name}` in `{unit}`", "use hours, days or weeks"
                )
            )
        return timedelta(**{_UNITS.get(unit, "days"): amount})

    return Limits(
        settles_within=duration("settles_within"),
        told_after=duration("told_after"),
        repeat_window=duration("repeat_window"),
        assess_window=duration("assess_window"),
        routine_after=duration("routine_after"),
        soreness_until=duration("soreness_until"),
        raised_by=value("raised_by")[0],
        rising_sessions=value("rising_sessions")[0],
        flares_counted=value("flares_counted")[0],
    )


def _bank(
    root: Path, rules: Mapping[str, SignRule], faults: list[Fault], homes: dict[str, tuple[str, int]]
) -> Bank:
    """The bank of the second voice; only signs that may become a check stand in it."""
    mapping = _file(root / "triage" / "likeness.yml", root, faults)
    homes[f"cue:{LIKENESS}"] = (mapping.file, mapping.line_of("least"))

    def figure(name: str) -> float:
        at = mapping.get(name)
        if isinstance(at, Mapped) and isinstance(at.get("value"), int | float) and at.get("source"):
            return float(at["value"])
        faults.append(
            Fault(mapping.file, mapping.line_of(name), f"`{name}` lacks value or source", "add them")
        )
        return 1.0

    def kinds(name: str) -> dict[str, tuple[str, ...]]:
        at = mapping.get(name)
        if isinstance(at, Mapped) and at:
            return {kind: _list(at, kind, faults) for kind in at}
        faults.append(Fault(mapping.file, mapping.line_of(name), f"`{name}` holds no phrases", "write some"))
        return {}

    signs = kinds("signs")
    for sign in signs:
        if sign not in rules or rules[sign].level not in (Level.STOP, Level.CRISIS):
            line = mapping["signs"].line_of(sign)
            faults.append(Fault(mapping.file, line, f"`{sign}` is no stop or crisis sign", "name one"))
    of_symptoms = _list(mapping, "intents_of_symptoms", faults)
    return Bank(
        signs,
        kinds("harmless") | _harmless_intents(root, of_symptoms, mapping, faults),
        figure("least"),
        int(figure("clause_words")),
        int(figure("most_clauses")),
        {sign: figure(f"least_{sign}") for sign in signs if f"least_{sign}" in mapping},
    )


def _harmless_intents(
    root: Path, of_symptoms: Sequence[str], bank: Mapped, faults: list[Fault]
) -> dict[str, tuple[str, ...]]:
    """The phrases the engine learns its intents from, but for those intents that speak of symptoms."""
    found: dict[str, list[str]] = {}
    for _, mapping, wrong in mappings_in(root.parent / "data", "nlu"):
        faults += wrong
        for block in mapping.get("nlu") or ():
            examples = _MARKED.sub(r"\1", str(block.get("examples", "")))
            phrases = (line[2:].strip() for line in examples.splitlines() if line.startswith("- "))
            found.setdefault(str(block.get("intent")), []).extend(phrases)
    for name in set(of_symptoms) - found.keys():
        line = bank.line_of("intents_of_symptoms")
        faults.append(Fault(bank.file, line, f"no phrases of `{name}` in data/nlu", "mind its spelling"))
    return {f"intent {name}": tuple(several) for name, several in found.items() if name not in of_symptoms}


def _version(root: Path) -> str:
    """The first eight hex digits over all of screening's content."""
    folders = ("triage", "context")
    everything = [[name, mapping] for folder in folders for name, mapping, _ in mappings_in(root, folder)]
    canonical = json.dumps(everything, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]


def _list(at: Mapped, name: str, faults: list[Fault]) -> tuple[str, ...]:
    value: Any = at.get(name)
    if value is None:
        return ()
    if not isinstance(value, Listed):
        faults.append(Fault(at.file, at.line_of(name), f"`{name}` is no list", "write `- phrase` lines"))
        return ()
    return tuple(str(item) for item in value)


def _file(path: Path, root: Path, faults: list[Fault]) -> Mapped:
    mapping, wrong = read_mapping(path, shown(path, root))
    faults += wrong
    return mapping
