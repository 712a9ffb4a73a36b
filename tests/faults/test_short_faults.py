"""Each fault once, on both databases: nothing lost, nothing doubled, danger answered in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest
from bot_api import BotApi
from fault_bench import PROMISED, Bench
from faults import FAULTS, SHORTLY, Fault, Situation, endure
from house_fixtures import made_in

SHORT = {
    "gateway killed between a send and its record",
    "engine hangs",
    "engine answers nonsense",
    "Telegram: 429",
    "database locked",
    "no file may grow",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("faults")
    with ExitStack() as until_the_end:
        database = until_the_end.enter_context(made_in(request.param, request, home))
        api = until_the_end.enter_context(BotApi())
        yield until_the_end.enter_context(Bench(database, home, api, timeout=1).running())


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.name in SHORT], ids=lambda fault: fault.name)
def test_nothing_is_lost_and_danger_is_answered_in_time(bench: Bench, fault: Fault) -> None:
    if fault.on not in {None, bench.database.kind}:
        pytest.skip(f"{fault.name} is about {fault.on}")
    account = endure(fault, Situation(bench, Random(20261101), hold=SHORTLY))
    assert (account.lost, account.doubled) == ([], [])
    assert fault.twice or account.sent_twice == 0
    if fault.prompt:
        assert account.slowest < PROMISED
