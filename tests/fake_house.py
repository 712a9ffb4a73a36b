"""A coach with a script, for testing doors: it keeps a talk as the real one does, and answers by keyword."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from bot.facts.clinical import Evidence, Level, PainEntry, Reason, Urgency, Verdict
from bot.facts.talk import MY_DATA, Answered, Direction, Document, Kind, Message, TurnState
from bot.usecases.ports import Option, Question
from bot.usecases.receive_message import Arrival

STOP_WORDS = "Stop now. Call your emergency number."
HELLO = "Hello. I am glad you are here."
QUIET = Verdict(Level.NONE, Urgency.NONE)


class FakeHouse:
    """`receive`, `talk` and `library` in one. `slow`: seconds an answer takes; `broken`: keeping fails."""

    def __init__(self, *, slow: float = 0.0, broken: bool = False, scripted: str | None = None) -> None:
        self.slow = slow
        self.broken = broken
        self.scripted = scripted
        self.messages: dict[str, list[Message]] = {}
        self.handed_over: list[str] = []
        self.answered: list[str] = []
        self.pains: list[PainEntry] = []
        self.documents_made = 0

        self.own_zone: tzinfo = UTC
        self._payloads: dict[str, tuple[str, str, str]] = {}
        self._keys: dict[tuple[str, str], Arrival] = {}
        self._lock = threading.RLock()

    @property
    def receive(self) -> FakeHouse:
        return self

    @property
    def talk(self) -> FakeHouse:
        return self

    @property
    def library(self) -> FakeHouse:
        return self

    @property
    def hand_over(self) -> FakeHouse:
        return self

    def document(self, door: str, address: str, message_id: str) -> Document | None:
        own = self.messages.get(f"{door}|{address}", [])
        found = next((m for m in own if m.id == message_id and m.document), None)
        if found is None:
            return None
        self.documents_made += 1
        return Document(MY_DATA, json.dumps([m.text for m in own]).encode())

    def number(self, name: str) -> float:
        return {"progress_days": 7.0}[name]

    def question(self, content_id: str) -> Question | None:
        if content_id == "pain":
            return Question("ask_pain", "number", low=0, high=10)
        return Question("ask_region", "choice", (Option("Knee", "knee"),)) if content_id == "region" else None

    def arrive(
        self,
        door: str,
        address: str,
        *,
        text: str = "",
        token: str | None = None,
        door_key: str | None = None,
    ) -> Arrival:
        if self.broken:
            raise RuntimeError(f"could not keep: {text}")
        who = f"{door}|{address}"
        with self._lock:
            if door_key and (before := self._keys.get((who, door_key))):
                return replace(before, duplicate=True)
            offered = self._take(who, token) if token else None
            message = self._add(
                who,
                Direction.IN,
                offered[0] if offered else text,
                payload=offered[1] if offered else None,
                state=TurnState.SCREENED,
            )
            alarm = "chest pain" in text
            if alarm:
                self.say(who, STOP_WORDS, kind=Kind.SAFETY, to=message.id)
            if token and not offered:
                self.say(who, "That button is used up.", to=message.id)
            reason = Reason("chest_pain", "v1", Level.STOP, Urgency.NOW, (Evidence(0, 10, "chest pain"),))
            verdict = Verdict(Level.STOP, Urgency.NOW, (reason,)) if alarm else QUIET
            arrival = Arrival(who, message.id, False, verdict, alarm or (token is not None and not offered))
            if door_key:
                self._keys[who, door_key] = arrival
            return arrival

    async def answer(self, patient_id: str) -> Mapping[str, Answered]:
        await asyncio.sleep(self.slow)
        worked_through = []
        with self._lock:
            for message in list(self.messages.get(patient_id, [])):
                if message.direction is Direction.IN and message.state is TurnState.SCREENED:
                    self._answer(patient_id, message)
                    worked_through.append(message.id)
        self.answered.append(patient_id)
        return {message_id: self.answer_to(message_id) for message_id in worked_through}

    def _answer(self, who: str, message: Message) -> None:
        talk = self.messages[who]
        talk[talk.index(message)] = replace(
            message, state=TurnState.ANSWERED, understanding={"intent": "greet", "confidence": 0.9}
        )
        if any(m.in_reply_to == message.id for m in talk):
            return
        text = (message.text or "").lower()
        if self.scripted is not None:
            self.say(who, self.scripted, to=message.id)
        elif message.payload:
            self.say(who, f"You chose {message.text}.", to=message.id)
        elif "region" in text:
            ways = ("Knee", "Lower back", "Shoulder")
            self.say(who, "Where does it hurt most?", to=message.id, buttons=ways, asks="region")
        elif "pain number" in text:
            ways = ("Skip", "Why do you ask?")
            self.say(who, "How is your pain now, 0 to 10?", to=message.id, buttons=ways, asks="pain")
        elif "scale" in text:
            self.say(who, "Choose a number.", to=message.id, buttons=tuple(map(str, range(11))), asks="pain")
        elif "progress" in text:
            self.say(who, "Here are your last 7 days.", to=message.id, image="progress")
        elif "picture" in text:
            self.say(who, "This is how it looks.", to=message.id, image="knee_bend.png")
        elif "my data" in text:
            self.say(who, "Here is your file.", to=message.id, document=MY_DATA)
        else:
            self.say(who, HELLO, to=message.id)

    def say(
        self,
        who: str,
        text: str,
        *,
        kind: Kind = Kind.PLAIN,
        to: str | None = None,
        buttons: Sequence[str] = (),
        asks: str | None = None,
        image: str | None = None,
        document: str | None = None,
    ) -> Message:
        """Put words of the coach into the talk, as the clock or a turn would."""
        with self._lock:
            message = self._add(
                who,
                Direction.OUT,
                text,
                kind=kind,
                in_reply_to=to,
                asks=asks,
                image=image,
                document=document,
                content_id="fake",
            )
            for title in buttons:
                self._payloads[secrets.token_urlsafe(8)] = (message.id, title, f"answer:{asks}={title}")
            return message

    def _take(self, who: str, token: str) -> tuple[str, str] | None:
        found = self._payloads.get(token)
        if found is None or all(m.id != found[0] for m in self.messages.get(who, [])):
            return None
        self._payloads = {t: offer for t, offer in self._payloads.items() if offer[0] != found[0]}
        return found[1:]

    def _add(self, who: str, direction: Direction, text: str, **fields: object) -> Message:
        talk = self.messages.setdefault(who, [])
        base = Message(secrets.token_hex(8), who, len(talk) + 1, direction, datetime.now(UTC), text)
        message = replace(base, **fields)  # type: ignore[arg-type]
        talk.append(message)
        return message

    def _shown(self, message: Message) -> Message:
        offers = tuple((title, t) for t, (owner, title, _) in self._payloads.items() if owner == message.id)
        return replace(message, buttons=offers)

    def transcript(self, door: str, address: str, *, after: int = 0) -> Sequence[Message]:
        with self._lock:
            talk = self.messages.get(f"{door}|{address}", [])
            return [self._shown(m) for m in talk if m.seq > after][:200]

    def answer_to(self, message_id: str) -> Answered:
        with self._lock:
            everything = [m for talk in self.messages.values() for m in talk]
            replies = [self._shown(m) for m in everything if m.in_reply_to == message_id]
            return Answered(replies, next(m.understanding for m in everything if m.id == message_id))

    def delivered(self, message_ids: Collection[str]) -> None:
        self.handed_over.extend(message_ids)

    def progress(self, patient_id: str) -> Sequence[PainEntry]:
        return self.pains

    def zone(self, patient_id: str) -> tzinfo:
        return self.own_zone
