"""`safety/hazards`: what could harm a patient, what stands against it, and which tests prove that it does."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from bot.library.reading import Fault, Listed, Mapped, read_mapping

# Least first. Severity is of the effect where nothing stands against it; likelihood, too.
SEVERITIES = ("negligible", "minor", "serious", "critical", "catastrophic")
LIKELIHOODS = ("improbable", "remote", "occasional", "probable", "frequent")
_WORDS = ("hazard", "cause", "effect", "residual_risk", "owner")
_FIELDS = {*_WORDS, "severity", "likelihood", "likelihood_left", "controls", "reviewed_by", "reviewed_on"}
_CONTROL_FIELDS = {"control", "tests", "rules"}


@dataclass(frozen=True, slots=True)
class Control:
    """What stands against a hazard. `tests` are pytest ids (`file::function`), `rules` ids of the content."""

    says: str
    tests: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hazard:
    """`likelihood_left` is what is left of it with the controls; `residual_risk` says why, in words."""

    id: str
    hazard: str
    cause: str
    effect: str
    severity: str
    likelihood: str
    likelihood_left: str
    residual_risk: str
    controls: tuple[Control, ...]
    owner: str
    reviewed_by: str | None
    reviewed_on: date | None

    @property
    def tests(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(test for control in self.controls for test in control.tests))


def read_hazards(
    project: Path, is_rule: Callable[[str], bool] = lambda _: True
) -> tuple[list[Hazard], list[Fault]]:
    """Those that can be read, by id, and what is wrong. `is_rule`: whether the content holds that id."""
    hazards: list[Hazard] = []
    faults: list[Fault] = []
    for path in sorted((project / "safety" / "hazards").glob("*.yml")):
        at, wrong = read_mapping(path, path.relative_to(project).as_posix())
        wrong = wrong or list(_faults(path.stem, at))
        if not wrong:
            hazards.append(_hazard(path.stem, at))
            wrong = list(_faults_of_proofs(project, at, is_rule))
        faults += wrong
    return hazards, faults


def _hazard(name: str, at: Mapped) -> Hazard:
    return Hazard(
        id="-".join(name.split("-")[:2]),
        controls=tuple(_control(control) for control in at["controls"]),
        reviewed_by=at["reviewed_by"],
        reviewed_on=at["reviewed_on"],
        **{field: str(at[field]) for field in (*_WORDS, "severity", "likelihood", "likelihood_left")},
    )


def _control(at: Mapped) -> Control:
    return Control(str(at["control"]), tuple(map(str, at["tests"])), tuple(map(str, at.get("rules") or ())))


def _faults(name: str, at: Mapped) -> Iterator[Fault]:
    if not name.startswith("H-") or not name.split("-")[1].isdigit():
        yield Fault(at.file, 1, f"a file called `{name}`", "call it H-<number>-<words>.yml")
    for field in sorted(_FIELDS - at.keys()):
        yield Fault(at.file, at.line, f"no `{field}`", "add it")
    for field in at.keys() - _FIELDS:
        yield Fault(at.file, at.line_of(field), f"the field `{field}`", "mind its spelling")
    scales = (("severity", SEVERITIES), ("likelihood", LIKELIHOODS), ("likelihood_left", LIKELIHOODS))
    for field, scale in scales:
        if field in at and at[field] not in scale:
            yield Fault(at.file, at.line_of(field), f"`{at[field]}` as {field}", f"one of {', '.join(scale)}")
    for field in _WORDS:
        if field in at and not str(at[field] or "").strip():
            yield Fault(at.file, at.line_of(field), f"`{field}` is empty", "say it in a sentence")
    if (at.get("reviewed_by") is None) != (not isinstance(at.get("reviewed_on"), date)):
        yield Fault(at.file, at.line_of("reviewed_on"), "half a signature", "give both, or null for both")
    yield from _faults_of_controls(at)


def _faults_of_controls(at: Mapped) -> Iterator[Fault]:
    controls = at.get("controls")
    if not isinstance(controls, Listed) or not controls:
        yield Fault(at.file, at.line_of("controls"), "no control", "say what stands against the hazard")
        return
    for line, control in zip(controls.lines, controls, strict=True):
        if not isinstance(control, Mapped) or not control.get("control") or control.keys() - _CONTROL_FIELDS:
            yield Fault(at.file, line, "a control in another form", "give control, tests, and rules if any")
        elif not isinstance(control.get("tests"), Listed) or not control["tests"]:
            yield Fault(at.file, line, "a control that no test proves", "name its tests, or write them")


def _faults_of_proofs(project: Path, at: Mapped, is_rule: Callable[[str], bool]) -> Iterator[Fault]:
    for control in at["controls"]:
        for line, test in zip(control["tests"].lines, control["tests"], strict=True):
            file, _, function = str(test).partition("::")
            if function not in _functions_in(project / file):
                yield Fault(at.file, line, f"no test `{test}`", "name one that exists: file::function")
        for rule in control.get("rules") or ():
            if not is_rule(str(rule)):
                yield Fault(at.file, control.line, f"no rule `{rule}`", "name a sign, a log rule or an entry")


@cache
def _functions_in(file: Path) -> frozenset[str]:
    """Names of the test functions of a file; none where there is no such file."""
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, functions))
