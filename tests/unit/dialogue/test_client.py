"""The engine's client against a real HTTP server on loopback that answers well, badly, late or not at all."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from bot.dialogue.client import RasaEngine
from bot.usecases.ports import EngineFailed, EngineSilent, EngineTurn

GOOD = {
    "message_id": "m1",
    "replies": [{"text": "Hello", "content_id": "greet", "version": "1", "kind": "plain"}],
    "intent": {"name": "greet", "confidence": 0.9},
    "ranking": [{"name": "greet", "confidence": 0.9}],
    "flow": None,
}


class Rasa(BaseHTTPRequestHandler):
    answer: ClassVar[bytes] = b""
    status: ClassVar[int] = 200
    delay: ClassVar[float] = 0.0
    key: ClassVar[str | None] = None

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).key = self.headers["X-SafeCue-Key"]
        time.sleep(self.delay)
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        """The test's output stays readable."""


@pytest.fixture
def rasa() -> Iterator[str]:
    Rasa.answer, Rasa.status, Rasa.delay = json.dumps(GOOD).encode(), 200, 0.0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Rasa)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def turn(url: str, timeout: float = 1.0) -> EngineTurn:
    return asyncio.run(RasaEngine(url, "secret", timeout).turn("p", "m1", "hi", {}))


def test_a_turn_carries_the_key_and_brings_the_replies(rasa: str) -> None:
    answered = turn(rasa)
    assert Rasa.key == "secret"
    assert [reply.content_id for reply in answered.replies] == ["greet"]
    assert (answered.intent, answered.confidence) == ("greet", 0.9)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"message_id": "m1", "replies": 3}',
        b'{"message_id": "m2", "replies": []}',
    ],
)
def test_an_answer_that_cannot_be_read_is_silence(rasa: str, nonsense: bytes) -> None:
    Rasa.answer = nonsense
    with pytest.raises(EngineSilent):
        turn(rasa)


def test_a_door_that_is_shut_is_silence(rasa: str) -> None:
    Rasa.status = 503
    with pytest.raises(EngineSilent) as silent:
        turn(rasa)
    assert not isinstance(silent.value, EngineFailed)


def test_a_turn_that_breaks_inside_the_engine_is_told_apart_from_silence(rasa: str) -> None:
    Rasa.status = 500
    with pytest.raises(EngineFailed):
        turn(rasa)


def test_a_late_answer_is_silence_at_the_deadline(rasa: str) -> None:
    Rasa.delay = 3.0
    began = time.monotonic()
    with pytest.raises(EngineSilent):
        turn(rasa, timeout=0.3)
    assert time.monotonic() - began < 2.0


def test_a_dead_engine_is_silence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(EngineSilent):
        turn(url)
