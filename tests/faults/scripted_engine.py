"""A process that speaks the engine's HTTP contract, and misbehaves when told to.

`scripted_engine.py PORT REPLIES`: REPLIES is a JSON file, said to everything. POST /mode takes the
behaviour: well, hang, nonsense, nothing, late, fail.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

A_TURN_TAKES = 0.15  # seconds
LATE = 30.0  # seconds


class Engine(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, replies: list[Any]) -> None:
        super().__init__(("127.0.0.1", port), Conversation)
        self.replies = replies
        self.mode = "well"


class Conversation(BaseHTTPRequestHandler):
    server: Engine
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer({"ready": True})

    def do_DELETE(self) -> None:
        self._answer({"removed": 1})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/mode":
            self.server.mode = body.decode()
            return self._answer({})
        return self._turn(json.loads(body)["message_id"])

    def _turn(self, message_id: str) -> None:
        intent = {"name": "greet", "confidence": 0.9}
        told = {"message_id": message_id, "replies": self.server.replies, "intent": intent, "flow": None}
        match self.server.mode:
            case "hang":
                while self.server.mode == "hang":
                    time.sleep(0.1)
                return self._answer(told)
            case "late":
                time.sleep(LATE)
            case "nonsense":
                return self._send(200, b"<html>no JSON at all")
            case "nothing":
                self.close_connection = True
                return None
            case "fail":
                return self._send(500, b"an action failed")
        time.sleep(A_TURN_TAKES)
        return self._answer(told)

    def _answer(self, told: object) -> None:
        self._send(200, json.dumps(told).encode())

    def _send(self, status: int, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # whoever asked has gone
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Silent: its callers' log is what counts."""


if __name__ == "__main__":
    Engine(int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8"))).serve_forever()
