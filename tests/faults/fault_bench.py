"""The coach on Telegram: real processes, the real supervisor; what patients said and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from bot_api import SENDING, TOKEN, BotApi, Call
from coach_at_work import free_port
from kept_database import KeptDatabase

from bot.facts.talk import Direction, Message, Standing, TurnState
from bot.library.library import load_library
from bot.runner.supervisor import Part, Patience, Supervisor
from bot.settings import ROOT
from bot.usecases.read_talk import ReadTalk

ALARMS = ("I've got a tight pain in my chest", "I want to kill myself", "I feel weird in my chest")
PROMISED = 2.0  # seconds from a sign of danger to the first try to answer it
# The guarantee's own reasons not to send words that waited: see bot/usecases/post.py.
HELD_BACK = frozenset({"an alarm came in between", "it may not be said any more"})
RESTARTS = Patience(first_pause=0.2, longest_pause=0.2, time_to_end=1)


@dataclass
class Said:
    """`at`: seconds of the monotonic clock when the update could be fetched."""

    chat: int
    text: str
    at: float

    @property
    def alarms(self) -> bool:
        return self.text in ALARMS


@dataclass
class Account:
    """What became of everything said in a trial. `lost` and `doubled` name each; `slowest` is in seconds."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    sent_twice: int = 0
    slowest: float = 0.0


class Bench:
    """`timeout`: how long the engine may take, in seconds."""

    def __init__(self, database: KeptDatabase, home: Path, api: BotApi, timeout: float = 2.0) -> None:
        self.database = database
        self.api = api
        self._library = load_library(ROOT / "content")
        self._talk = ReadTalk(database.records, self._library, lambda: datetime.now(UTC))
        self._chats = itertools.count(1001)
        self._engine = f"http://127.0.0.1:{free_port()}"
        self.said: list[Said] = []
        environment = self._environment(home, timeout)
        self._supervisor = Supervisor(
            self._parts(home),
            logs=home / "log",
            environment=environment,
            root=ROOT,
            patience=RESTARTS,
            say=lambda _: None,
        )

    def _environment(self, home: Path, timeout: float) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFECUE_")}
        return kept | {
            "SAFECUE_DATA_DIR": str(home),
            "SAFECUE_DATABASE_URL": self.database.url,
            "SAFECUE_KEYS": self.database.key,
            "SAFECUE_ENGINE_URL": self._engine,
            "SAFECUE_ENGINE_TIMEOUT": str(timeout),
            "SAFECUE_TELEGRAM_TOKEN": TOKEN,
            "SAFECUE_TELEGRAM_API": self.api.url,
            "SAFECUE_SECOND_VOICE": "no",
        }

    def _parts(self, home: Path) -> list[Part]:
        replies = home / "replies.json"
        replies.write_text(json.dumps([asdict(reply) for reply in self._library.say("chat_greet")]))
        engine = (sys.executable, str(Path(__file__).with_name("scripted_engine.py")))
        port = self._engine.rpartition(":")[2]
        return [
            Part("engine", (*engine, port, str(replies))),
            Part("scheduler", (sys.executable, "-m", "bot.scheduler")),
            Part("telegram", (sys.executable, "-m", "bot.gateway")),
        ]

    @contextmanager
    def running(self) -> Iterator[Bench]:
        """Until the block is left; ready once a first patient was answered."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_until_complete, args=(self._supervisor.run(),))
        thread.start()
        try:
            self.say(self.patient(), "hello")
            self.settle(60)
            yield self
        finally:
            loop.call_soon_threadsafe(self._supervisor.stop)
            thread.join(30)
            loop.close()

    # What patients do

    def patient(self) -> int:
        """The chat of somebody who takes part."""
        chat = next(self._chats)
        with self.database.records.unit() as uow:
            enrolled = uow.patients.enrol("telegram", str(chat), datetime.now(UTC))
            uow.patients.set_standing(enrolled.id, Standing.ACTIVE)
            uow.patients.remember(enrolled.id, {"consent": "yes", "country": "GB"})
            uow.commit()
        return chat

    def say(self, chat: int, text: str) -> None:
        self.said.append(Said(chat, text, time.monotonic()))
        self.api.say(chat, text)

    # What goes wrong

    def kill(self, module: str) -> None:
        """SIGKILL to the part that runs this module; the supervisor starts it again."""
        for pid in _children():
            with contextlib.suppress(OSError):
                if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)

    def pids(self, module: str) -> list[int]:
        return [pid for pid in _children() if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]

    @contextmanager
    def engine_is(self, mode: str) -> Iterator[None]:
        self._set(mode)
        try:
            yield
        finally:
            self._set("well")

    def _set(self, mode: str) -> None:
        httpx.post(f"{self._engine}/mode", content=mode, trust_env=False).raise_for_status()

    # What came of it

    def settle(self, seconds: float) -> bool:
        """Whether in this time everything said was kept, answered and carried out."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            with contextlib.suppress(Exception):  # the database may be the one that is gone
                if self._settled():
                    return True
            time.sleep(0.2)
        return False

    def _settled(self) -> bool:
        kept = self.database.rows("SELECT count(*) FROM messages WHERE direction = 'in'")[0][0]
        open_turns = self.database.rows(
            "SELECT count(*) FROM messages WHERE direction = 'in' AND state <> 'answered'"
        )
        pending = self.database.rows("SELECT count(*) FROM outbox WHERE state = 'pending'")
        return kept >= len(self.said) and open_turns[0][0] == pending[0][0] == 0

    def account(self, said: Sequence[Said]) -> Account:
        account = Account()
        for chat in {each.chat for each in said}:
            theirs = [each for each in said if each.chat == chat]
            transcript = self._talk.transcript("telegram", str(chat))
            self._account_for_words(account, theirs, transcript)
            self._account_for_sends(account, chat, transcript)
        return account

    def _account_for_words(
        self, account: Account, theirs: Sequence[Said], transcript: Sequence[Message]
    ) -> None:
        heard = [m for m in transcript if m.direction is Direction.IN]
        missing, more = _differences((s.text for s in theirs), (m.text for m in heard))
        account.lost += [f"not kept: {text}" for text in missing]
        account.doubled += [f"kept twice: {text}" for text in more]
        for message in heard:
            replies = [(m.content_id, m.text) for m in transcript if m.in_reply_to == message.id]
            answers = [reply for reply in replies if reply[0] != "engine_down"]
            covered = "covered_by" in message.understanding
            if message.state is not TurnState.ANSWERED or not (answers or covered):
                account.lost.append(f"not answered: {message.text}")
            if len(set(replies)) < len(replies):
                account.doubled.append(f"answered twice: {message.text}")
            self._time(account, theirs, message, [text for _, text in answers])

    def _time(
        self, account: Account, theirs: Sequence[Said], message: Message, replies: Sequence[str | None]
    ) -> None:
        said = next((s for s in theirs if s.text == message.text and s.alarms), None)
        if said is None:
            return
        tries = [c.at for c in self._sends(said.chat) if c.given.get("text") in replies]
        account.slowest = max(account.slowest, min(tries, default=float("inf")) - said.at)

    def _account_for_sends(self, account: Account, chat: int, transcript: Sequence[Message]) -> None:
        """What is written must be shown, unless the guarantee held it back."""
        held_back = self._held_back(transcript[0].patient_id) if transcript else frozenset()
        spoken = [m.text for m in transcript if m.direction is Direction.OUT and m.id not in held_back]
        missing, more = _differences(spoken, self.api.texts(chat))
        account.lost += [f"not shown: {text}" for text in missing]
        account.sent_twice += len(more)

    def _held_back(self, patient_id: str) -> frozenset[str]:
        parcels = self.database.records.export(patient_id)["outbox"]
        return frozenset(p["message_id"] for p in parcels if p["last_error"] in HELD_BACK)

    def _sends(self, chat: int) -> list[Call]:
        return [c for c in self.api.calls if c.method in SENDING and str(c.given.get("chat_id")) == str(chat)]


def _differences(wanted: Iterable[str | None], found: Iterable[str | None]) -> tuple[list[str], list[str]]:
    """What is missing, and what is there too often."""
    want, have = Counter(wanted), Counter(found)
    return [str(text) for text in (want - have).elements()], [str(text) for text in (have - want).elements()]


def _children() -> list[int]:
    lists = Path("/proc/self/task").glob("*/children")
    return [int(pid) for each in lists for pid in each.read_text().split()]
