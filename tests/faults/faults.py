"""What can go wrong, each as a block: broken while inside, mended behind it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit

import httpx
from coach_parts import PlayedEngine, WholeCoach, kill_all
from fault_bench import ALARMS, Account, Bench
from postgres_at_hand import Cluster
from sqlalchemy import text

SHORTLY = 0.8  # seconds
A_TURN = 0.7  # seconds: a random moment in it is a random point of a turn
WHILE_BROKEN = "what is pacing?"
MANY_WORDS = "what is pacing? " * 240 + "please"  # they fit into no page that is there
LONGEST_TO_MEND = 120.0  # seconds

Break = Callable[["Situation"], AbstractContextManager[None]]


@dataclass
class Situation:
    """`hold`: seconds that a thing stays broken. `cluster`: the PostgreSQL server, where we may stop it.

    `volume`: the small disk that the database has for itself, where there is one.
    """

    bench: Bench
    random: Random
    hold: float
    cluster: Cluster | None = None
    volume: Path | None = None
    lost: list[str] = field(default_factory=list)

    @property
    def played(self) -> PlayedEngine:
        assert isinstance(self.bench.parts, PlayedEngine)
        return self.bench.parts

    @property
    def whole(self) -> WholeCoach:
        assert isinstance(self.bench.parts, WholeCoach)
        return self.bench.parts


@dataclass(frozen=True)
class Fault:
    """`prompt`: the door and its records work, so the 2 seconds are promised. `twice`: the gateway dies.

    `on`: the database it is about, where it is about one. `long_hold`: as `hold`, in `make faults`.
    """

    name: str
    broken: Break
    prompt: bool = True
    twice: bool = False
    on: str | None = None
    needs_volume: bool = False
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
    account = bench.account(bench.said[first:])
    account.lost += situation.lost
    return account


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


@contextmanager
def _engine_is(situation: Situation, mode: str) -> Iterator[None]:
    situation.played.behave(mode)
    try:
        yield
    finally:
        situation.played.behave("well")


def engine_is(mode: str) -> Break:
    return lambda situation: _engine_is(situation, mode)


@contextmanager
def _stopped(situation: Situation, module: str) -> Iterator[None]:
    """It lives, and does nothing."""
    pids = situation.bench.pids(module)
    kill_all(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        kill_all(pids, signal.SIGCONT)


def stopped(module: str) -> Break:
    return lambda situation: _stopped(situation, module)


@contextmanager
def supervisor_killed(situation: Situation) -> Iterator[None]:
    """At a random point of a turn. It is started again at once: no part of before may stand in its way."""
    coach = situation.whole
    yield
    time.sleep(max(situation.random.uniform(0, A_TURN) - situation.hold, 0))
    coach.process.kill()
    coach.process.wait()
    coach.start()


@contextmanager
def restarted(situation: Situation) -> Iterator[None]:
    timer = threading.Timer(situation.random.uniform(0, A_TURN), situation.whole.stop)
    timer.start()
    yield
    timer.join()
    situation.whole.start()


@contextmanager
def web_killed(situation: Situation) -> Iterator[None]:
    """While somebody writes there: what was kept of it is answered, though nobody waits any more."""
    chat, talk = f"{situation.whole.web}/api", {"conversation": str(situation.random.getrandbits(64))}
    asking = threading.Thread(target=_ask, args=(f"{chat}/chat", {**talk, "text": WHILE_BROKEN}))
    asking.start()
    with _killed(situation, "safecue web"):
        yield
    asking.join()
    kept = situation.bench.kept("web", f"api:{talk['conversation']}")
    give_up = time.monotonic() + LONGEST_TO_MEND
    while kept and not _ask(f"{chat}/updates", {**talk, "after": 0}):
        if time.monotonic() > give_up:
            situation.lost.append("not answered on the web")
            return
        time.sleep(0.5)


def _ask(address: str, question: dict[str, object]) -> object:
    """What the coach says; nothing where it can't be reached."""
    with suppress(httpx.HTTPError):
        return httpx.post(address, json=question, timeout=30, trust_env=False).json().get("replies")
    return None


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
def no_file_grows(situation: Situation) -> Iterator[None]:
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
def disk_full(situation: Situation) -> Iterator[None]:
    """Not a byte is left on the disk of the database, and words come that need new pages."""
    assert situation.volume, "the database has no disk for itself"
    bench = situation.bench
    talkative, ballast = bench.patient(), situation.volume / "ballast"
    told = bench.log.stat().st_size
    if bench.database.kind == "sqlite":  # its log would have room for a while
        bench.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    with ballast.open("wb", buffering=0) as filling, suppress(OSError):
        while True:
            filling.write(bytes(4096))
    try:
        bench.say(talkative, MANY_WORDS)
        _wait_for(lambda: bench.log.stat().st_size > told)
        yield
    finally:
        ballast.unlink()
        if situation.cluster:
            situation.cluster.start_if_down()


def _wait_for(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 30
    while not true():
        assert time.monotonic() < give_up, "the fault isn't felt"
        time.sleep(0.05)


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
    Fault("Telegram: nonsense", sends_meet("nonsense")),
    Fault("Telegram: no answer, not shown", sends_meet("lost")),
    Fault("Telegram: no answer, but shown", sends_meet("unanswered")),
    Fault("Telegram: fetching fails", fetches_fail, prompt=False),
    Fault("Telegram: everything again, backwards", told_again_backwards),
    Fault("database locked", database_locked, prompt=False, long_hold=40),
    Fault("no file may grow", no_file_grows, prompt=False, on="sqlite", long_hold=20),
    Fault("disk full", disk_full, prompt=False, needs_volume=True, long_hold=20),
    Fault("database gone", database_gone, prompt=False, on="postgresql", long_hold=20),
)
WITH_RASA = (
    Fault("Rasa killed", killed("rasa run")),
    Fault("Rasa hangs", stopped("rasa run"), long_hold=20),
    Fault("actions and words killed", killed("actions.server")),
    Fault("actions and words dead", dead("actions.server"), long_hold=20),
    Fault("actions and words hang", stopped("actions.server"), long_hold=20),
    Fault("whole coach: scheduler killed", killed("bot.scheduler")),
    Fault("whole coach: web chat killed", web_killed),
    Fault("whole coach: gateway killed", killed("bot.gateway"), prompt=False, twice=True),
    Fault("whole coach: restarted", restarted, prompt=False),
    Fault("supervisor killed", supervisor_killed, prompt=False, twice=True),
)
