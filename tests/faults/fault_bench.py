"""The coach on Telegram: real processes, the real supervisor; what patients said and what came of it."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot_api import SENDING, TOKEN, BotApi, Call
from coach_parts import Parts, PlayedEngine, WholeCoach, kill_all
from kept_database import KeptDatabase

from bot.facts.talk import Delivery, Direction, Kind, Message, Standing, TurnState
from bot.library.library import load_library
from bot.settings import ROOT
from bot.usecases.read_talk import ReadTalk

ALARMS = ("I've got a tight pain in my chest", "I want to kill myself", "I feel weird in my chest")
PROMISED = 2.0  # seconds from a sign of danger to the first try to answer it
# The guarantee's own reasons not to send words that waited: see bot/usecases/post.py.
HELD_BACK = frozenset({"an alarm came in between", "it may not be said any more"})


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
    """What became of everything said in a trial. `lost` and `doubled` name each; `slowest` is in seconds.

    `sent_twice`: ordinary bubbles shown once too often. `unconfirmed`: those whose answer never came.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    sent_twice: int = 0
    safety_twice: int = 0
    unconfirmed: int = 0
    slowest: float = 0.0


class Bench:
    """`timeout`: how long the engine may take, in seconds. `engine_database`: of the whole coach alone."""

    def __init__(
        self,
        database: KeptDatabase,
        home: Path,
        api: BotApi,
        timeout: float = 2.0,
        engine_database: str | None = None,
    ) -> None:
        self.database = database
        self.api = api
        self.log = home / "log" / "telegram.log"
        self._library = load_library(ROOT / "content")
        self._talk = ReadTalk(database.records, self._library, lambda: datetime.now(UTC))
        self._chats = itertools.count(1001)
        self.said: list[Said] = []
        environment = self._environment(home, timeout)
        self.parts: Parts = (
            WholeCoach(home, environment | {"SAFECUE_ENGINE_DB_URL": engine_database})
            if engine_database
            else PlayedEngine(home, self._library.say("chat_greet"), environment)
        )

    def _environment(self, home: Path, timeout: float) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFECUE_")}
        return kept | {
            "SAFECUE_DATA_DIR": str(home),
            "SAFECUE_DATABASE_URL": self.database.url,
            "SAFECUE_KEYS": self.database.key,
            "SAFECUE_ENGINE_TIMEOUT": str(timeout),
            "SAFECUE_TELEGRAM_TOKEN": TOKEN,
            "SAFECUE_TELEGRAM_API": self.api.url,
            "SAFECUE_SECOND_VOICE": "no",
        }

    @contextmanager
    def running(self) -> Iterator[Bench]:
        """Until the block is left; ready once a first patient was answered."""
        self.parts.start()
        try:
            self.say(self.patient(), "hello")
            self.settle(self.parts.ready_after)
            yield self
        finally:
            self.parts.stop()

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

    def pids(self, module: str) -> list[int]:
        return self.parts.pids(module)

    def kill(self, module: str) -> None:
        """SIGKILL to the part that runs this module; the supervisor starts it again."""
        kill_all(self.pids(module))

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
        kept = self.database.rows(
            "SELECT count(*) FROM messages m JOIN patients p ON p.id = m.patient_id "
            "WHERE p.door = 'telegram' AND m.direction = 'in'"
        )[0][0]
        open_turns = self.database.rows(
            "SELECT count(*) FROM messages WHERE direction = 'in' AND state <> 'answered'"
        )
        pending = self.database.rows("SELECT count(*) FROM outbox WHERE state = 'pending'")
        return kept >= len(self.said) and open_turns[0][0] == pending[0][0] == 0

    def kept(self, door: str, address: str) -> bool:
        """Whether anything said there is in the transcript."""
        return bool(self._talk.transcript(door, address))

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
        account.lost += [f"not kept: {text[:40]}" for text in missing]
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
        """What is written must be shown, unless the guarantee held it back or nobody knows."""
        parcels = self.database.records.export(transcript[0].patient_id)["outbox"] if transcript else []
        held_back = {p["message_id"] for p in parcels if p["last_error"] in HELD_BACK}
        unconfirmed = {p["message_id"] for p in parcels if p["state"] == Delivery.UNCONFIRMED.value}
        spoken = [m for m in transcript if m.direction is Direction.OUT and m.id not in held_back]
        missing, more = _differences((m.text for m in spoken), self.api.texts(chat))
        unsure = Counter(m.text for m in spoken if m.id in unconfirmed)
        safety = {m.text for m in spoken if m.kind is Kind.SAFETY}
        account.unconfirmed += len(unconfirmed)
        account.lost += [f"not shown: {text}" for text in (Counter(missing) - unsure).elements()]
        account.safety_twice += sum(text in safety for text in more)
        account.sent_twice += sum(text not in safety for text in more)

    def _sends(self, chat: int) -> list[Call]:
        return [c for c in self.api.calls if c.method in SENDING and str(c.given.get("chat_id")) == str(chat)]


def _differences(wanted: Iterable[str | None], found: Iterable[str | None]) -> tuple[list[str], list[str]]:
    """What is missing, and what is there too often."""
    want, have = Counter(wanted), Counter(found)
    return [str(text) for text in (want - have).elements()], [str(text) for text in (have - want).elements()]
