"""A control of `safety/hazards` counts only while its tests pass: a whole run without them fails.

Where only a part of the tests is run, `safecue check` alone holds that the tests exist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pytest

from bot.library.hazards import Hazard, read_hazards

CHOOSING = ("keyword", "markexpr", "deselect", "lf", "last_failed", "collectonly", "setuponly")


def unproven(hazards: Iterable[Hazard], outcomes: Mapping[str, set[str]]) -> list[str]:
    """What is wrong with the tests that hazards name; `outcomes` by id without parameters."""
    found = []
    for hazard in hazards:
        for test in hazard.tests:
            seen = outcomes.get(test, set())
            if "failed" in seen:
                found.append(f"{hazard.id}: {test} failed")
            elif "passed" not in seen:
                found.append(f"{hazard.id}: {test} {'was left out' if seen else 'did not run'}")
    return found


class Proofs:
    """Listens where the results of all workers come together."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._outcomes: dict[str, set[str]] = defaultdict(set)
        self._unproven: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[report.nodeid.partition("[")[0]].add(report.outcome)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not _whole(self._config):
            return
        hazards, faults = read_hazards(self._config.rootpath)
        self._unproven = [*map(str, faults), *unproven(hazards, self._outcomes)]
        if self._unproven and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._unproven:
            terminalreporter.section("controls of safety/hazards that no test proves", red=True)
            terminalreporter.write("\n".join([*self._unproven, ""]))


def _whole(config: pytest.Config) -> bool:
    """Whether every test was to run: none named, none chosen."""
    named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    return not named and not any(getattr(config.option, choice, None) for choice in CHOOSING)


def watch(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Proofs(config), "hazard_proofs")
