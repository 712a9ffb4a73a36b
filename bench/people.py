"""People who talk with one side, one request at a time over a connection that stays open."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection
from typing import Any, Protocol
from urllib.parse import urlsplit

PATIENCE = 60.0
ONBOARDING = (
    "hello",
    *("[Yes", "[Yes, I agree", "[United Kingdom", "[None", "[More than", "[Knee"),
    *("[No, or", "[No", "[Squat", "play football with my son", "[No reminders"),
)
# One guided talk with a digression, beliefs in own words, the cue, the log.
KNEE_TALK = (
    *("[Talk about my pain", "what is pacing?"),
    "I think my cartilage is worn out and it is bone on bone in there",
    *("[Partly", "[Is moving safe", "[No", "because it hurts when I crouch", "[Not today", "[How sure", "2"),
    "it will swell up like a balloon, that is what I think will happen",
    *("[Show me the cue", "it may hurt a bit", "/log", "4", "why?", "/progress"),
)
WHOLE_TALK = ONBOARDING + KNEE_TALK
# Every turn asks for or fills a slot; each pass crosses into two forms and out again.
FORMS = ("/log", "4", "[Log what I did", "20", "[Yes", "3")
# The stories that the starter project is trained on, and its two rules.
STARTER_TALK = ("hello", "I am very sad", "no", "are you a bot?", "bye")


class Person(Protocol):
    def say(self, line: str) -> None:
        """Say a line; `[` at its start presses the button whose title goes on so."""


class Line:
    """One open connection to one side."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """RuntimeError: the other side did not answer with 200."""
        self._connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}")
        return json.loads(answer)


class Patient:
    """Somebody at the coach's JSON door."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._conversation = uuid.uuid4().hex
        self._buttons: dict[str, str] = {}

    @property
    def address(self) -> str:
        return f"api:{self._conversation}"

    def say(self, line: str) -> None:
        said = {"payload": self._token(line[1:])} if line.startswith("[") else {"text": line}
        answer = self._line.post("/api/chat", {"conversation": self._conversation, **said})
        replies = answer["replies"]
        if not replies or any(reply["content_id"] == "engine_down" for reply in replies):
            raise RuntimeError(f"no answer to {line!r}")
        offered = {b["title"]: b["payload"] for reply in replies for b in reply["buttons"]}
        self._buttons = offered or self._buttons

    def _token(self, title: str) -> str:
        for offered, token in self._buttons.items():
            if offered.startswith(title):
                return token
        raise RuntimeError(f"no button {title!r} among {list(self._buttons)}")


class Visitor:
    """Somebody at Rasa's REST channel."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._sender = uuid.uuid4().hex

    def say(self, line: str) -> None:
        if not self._line.post("/webhooks/rest/webhook", {"sender": self._sender, "message": line}):
            raise RuntimeError(f"no answer to {line!r}")


def timed(person: Person, lines: Sequence[str]) -> Iterator[float]:
    """Say them in turn; the seconds each answer took."""
    for line in lines:
        began = time.perf_counter()
        person.say(line)
        yield time.perf_counter() - began


def until_heard(call: Callable[[], None], seconds: float) -> None:
    """Call again and again until it succeeds. Raises what it raised last when the time is over."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            call()
            return
        except (OSError, RuntimeError, ValueError):
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)
