"""What can go wrong, each as a block: broken while inside, mended behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from random import Random
from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit

from fault_bench import ALARMS, Account, Bench
from postgres_at_hand import Cluster
from sqlalchemy import text

SHORTLY = 0.8  # seconds
A_TURN = 0.7  # seconds: a random moment in it is a random point of a turn
WHILE_BROKEN = "what is pacing?"
LONGEST_TO_MEND = 90.0  # seconds

Break = Callable[["Situation"], AbstractContextManager[None]]


@dataclass
class Situation:
    """`hold`: seconds that a thing stays broken. `cluster`: the PostgreSQL server, where we may stop it."""

    bench: Bench
    random: Random
    hold: float
    cluster: Cluster | None = None


@dataclass(frozen=True)
class Fault:
    """`prompt`: the door and its records work, so the 2 seconds are promised. `twice`: sends may be repeated.

    `on`: the database it is about, where it is about one. `long_hold`: as `hold`, in `make faults`.
    """

    name: str
    broken: Break
    prompt: bool = True
    twice: bool = False
    on: str | None = None
    long_hold: float = SHORTLY


def endure(fault: Fault, situation: Situation) -> Account:
    """What came of ordinary words, a sign of danger, and one behind the other, said while the fault lasts."""
    bench = situation.bench
    alarm = situation.random.choice(ALARMS)
    calm, alarmed, both = (bench.patient() for _ in range(3))
    first = len(bench.said)
    with fault.broken(situation):
        for chat, words in ((calm, WHILE_BROKEN), (both, WHILE_BROKEN), (alarmed, alarm), (both, alarm)):
            bench.say(chat, words)
        time.sleep(situation.hold)
    bench.say(calm, "thank you")
    bench.settle(LONGEST_TO_MEND)
    bench.api.troubles.clear()
    return bench.account(bench.said[first:])


@contextmanager
def _killed(situation: Situation, module: str) -> Iterator[None]:
    """At a random point of the turns that begin now."""
    moment = situation.random.uniform(0, A_TURN)
    timer = threading.Timer(moment, situation.bench.kill, [module])
    timer.start()
    yield
    timer.join()


def killed(module: str) -> Break:
    return lambda situation: _killed(situation, module)


@contextmanager
def killed_before_it_is_recorded(situation: Situation) -> Iterator[None]:
    """The gateway dies when a send was shown and Telegram's answer isn't there yet."""
    bench = situation.bench
    newest = len(bench.said)
    bench.api.trouble("sendMessage", "unanswered", times=100, seconds=2)
    yield
    chats = {each.chat for each in bench.said[newest:]}
    give_up = time.monotonic() + LONGEST_TO_MEND
    while not any(bench.api.texts(chat) for chat in chats) and time.monotonic() < give_up:
        time.sleep(0.01)
    bench.kill("bot.gateway")
    bench.api.troubles.clear()


@contextmanager
def _dead(situation: Situation, module: str) -> Iterator[None]:
    """However often the supervisor starts it."""
    mended = threading.Event()

    def keep_dead() -> None:
        while not mended.wait(0.02):
            situation.bench.kill(module)

    killer = threading.Thread(target=keep_dead)
    killer.start()
    try:
        yield
    finally:
        mended.set()
        killer.join()


def dead(module: str) -> Break:
    return lambda situation: _dead(situation, module)


def engine_is(mode: str) -> Break:
    return lambda situation: situation.bench.engine_is(mode)


@contextmanager
def _trouble(situation: Situation, kind: str, times: int) -> Iterator[None]:
    situation.bench.api.trouble("sendMessage", kind, times=times, seconds=1)
    yield


def sends_meet(kind: str, times: int = 3) -> Break:
    return lambda situation: _trouble(situation, kind, times)


@contextmanager
def fetches_fail(situation: Situation) -> Iterator[None]:
    situation.bench.api.trouble("getUpdates", "error", times=2)
    yield


@contextmanager
def told_again_backwards(situation: Situation) -> Iterator[None]:
    """Everything comes once more, newest first, to a process that doesn't know what it took before."""
    bench = situation.bench
    told: list[dict[str, object]] = []
    put = bench.api.put

    def remembered(content: dict[str, object], update_id: int | None = None) -> int:
        number = put(content, update_id)
        told.append({"update_id": number, **content})
        return number

    bench.api.put = remembered  # type: ignore[method-assign]
    try:
        yield
        bench.settle(LONGEST_TO_MEND)
        bench.api.updates = told[::-1]
        bench.kill("bot.gateway")
    finally:
        bench.api.put = put  # type: ignore[method-assign]
    give_up = time.monotonic() + LONGEST_TO_MEND
    while bench.api.updates and time.monotonic() < give_up:
        time.sleep(0.1)


@contextmanager
def database_locked(situation: Situation) -> Iterator[None]:
    """Another program holds the lock that every writer needs."""
    database = situation.bench.database
    with database.connection() as connection:
        connection.execute(
            text(
                "BEGIN IMMEDIATE"
                if database.kind == "sqlite"
                else "LOCK TABLE patients IN ACCESS EXCLUSIVE MODE"
            )
        )
        yield


@contextmanager
def no_room(situation: Situation) -> Iterator[None]:
    """No file of ours may grow any more."""
    pids = [pid for module in ("bot.gateway", "bot.scheduler") for pid in situation.bench.pids(module)]
    for pid in pids:
        prlimit(pid, RLIMIT_FSIZE, (1, RLIM_INFINITY))
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                prlimit(pid, RLIMIT_FSIZE, (RLIM_INFINITY, RLIM_INFINITY))


@contextmanager
def database_gone(situation: Situation) -> Iterator[None]:
    assert situation.cluster, "this server is not ours to stop"
    situation.cluster.stop()
    try:
        yield
    finally:
        situation.cluster.start()


FAULTS = (
    Fault("gateway killed", killed("bot.gateway"), prompt=False, twice=True),
    Fault(
        "gateway killed between a send and its record",
        killed_before_it_is_recorded,
        twice=True,
    ),
    Fault("scheduler killed", killed("bot.scheduler")),
    Fault("engine killed", killed("scripted_engine")),
    Fault("engine dead", dead("scripted_engine"), long_hold=60),
    Fault("engine hangs", engine_is("hang"), long_hold=60),
    Fault("engine answers nonsense", engine_is("nonsense")),
    Fault("engine answers nothing", engine_is("nothing")),
    Fault("engine answers after 30 s", engine_is("late")),
    Fault("actions or words fail", engine_is("fail")),
    Fault("Telegram: 429", sends_meet("flood")),
    Fault("Telegram: 500", sends_meet("error")),
    Fault("Telegram: nonsense", sends_meet("nonsense"), twice=True),
    Fault("Telegram: no answer, not shown", sends_meet("lost")),
    Fault("Telegram: no answer, but shown", sends_meet("unanswered"), twice=True),
    Fault("Telegram: fetching fails", fetches_fail, prompt=False),
    Fault("Telegram: everything again, backwards", told_again_backwards),
    Fault("database locked", database_locked, prompt=False, long_hold=40),
    Fault("no room for the database", no_room, prompt=False, on="sqlite", long_hold=20),
    Fault("database gone", database_gone, prompt=False, on="postgresql", long_hold=20),
)
