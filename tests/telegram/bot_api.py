"""A server that speaks the Bot API over HTTP, as Telegram publishes it, with patients and faults at hand."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "123456:TEST-token_of_a_bot_that_is_not_there"
ME = {"id": 123456, "is_bot": True, "first_name": "SafeCue", "username": "SafeCueBot"}
MEMBER = {"user": ME, "status": "member"}
BANNED = {"user": ME, "status": "kicked", "until_date": 0}
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
SENDING = frozenset({"sendmessage", "sendphoto", "senddocument"})
JSON = dict[str, Any]


class Refused(Exception):
    """The answer `ok: false`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass
class Shown:
    """A message as it stands in a chat. `at`: seconds of the monotonic clock."""

    message_id: int
    chat_id: int
    text: str
    at: float
    photo: bytes | None = None
    document: bytes | None = None
    keyboard: list[list[JSON]] = field(default_factory=list)

    @property
    def buttons(self) -> list[str]:
        return [button["text"] for row in self.keyboard for button in row]


@dataclass
class Call:
    method: str
    given: Mapping[str, Any]
    at: float


@dataclass
class Trouble:
    """What goes wrong with the next `times` calls of a method, for one chat or for all.

    `kind`: flood, error, nonsense, blocked, refused; slow, lost (it never happens), unanswered (it happens).
    """

    method: str
    kind: str
    times: int = 1
    chat_id: int | None = None
    seconds: int = 1

    def meets(self, call: Call) -> bool:
        chat_id = call.given.get("chat_id")
        return self.method.lower() == call.method and (
            self.chat_id is None or str(self.chat_id) == str(chat_id)
        )


class BotApi:
    """`most_per_second`: sends beyond it are refused with 429, as Telegram does; 0: no limit."""

    def __init__(self, token: str = TOKEN, most_per_second: int = 0) -> None:
        self.token = token
        self.most_per_second = most_per_second
        self.calls: list[Call] = []
        self.troubles: list[Trouble] = []
        self.chats: dict[int, list[Shown]] = defaultdict(list)
        self.groups: set[int] = set()
        self.blocked: set[int] = set()
        self.commands: list[JSON] = []
        self.webhook: JSON = {}
        self.updates: list[JSON] = []
        self.confirmed: list[int] = []
        self.queries: dict[str, bool] = {}
        self._update_ids = itertools.count(1000)
        self._message_ids = itertools.count(1)
        self._lock = threading.RLock()
        self._polling = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.url = ""

    # Running

    def __enter__(self) -> BotApi:
        app = Starlette(routes=[Route("/{bot}/{method}", self._answer, methods=["GET", "POST"])])
        config = uvicorn.Config(
            app, port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server
        assert self._thread
        self._server.should_exit = True
        self._thread.join(timeout=10)

    # What goes wrong

    def trouble(self, method: str, kind: str, times: int = 1, **more: int) -> None:
        self.troubles.append(Trouble(method, kind, times, **more))

    # What patients do

    def say(self, chat_id: int, text: str, **more: Any) -> int:
        """The update's id."""
        return self.message(chat_id, text=text, **more)

    def message(
        self, chat_id: int, kind: str = "message", update_id: int | None = None, **content: Any
    ) -> int:
        return self.put({kind: self._message(chat_id, _person(chat_id), **content)}, update_id)

    def edit(self, chat_id: int, text: str) -> int:
        return self.message(chat_id, "edited_message", text=text, edit_date=int(time.time()))

    def press(self, chat_id: int, title: str, *, message: Shown | None = None) -> int:
        """Press the newest button whose title starts so."""
        shown, data = self.find(chat_id, title, message)
        return self.press_data(chat_id, data, shown)

    def press_data(self, chat_id: int, data: str, shown: Shown) -> int:
        with self._lock:
            query_id = f"q{len(self.queries)}"
            self.queries[query_id] = False
        below = {**self._message(chat_id, ME, message_id=shown.message_id), "text": shown.text}
        query = {
            "id": query_id,
            "from": _person(chat_id),
            "message": below,
            "chat_instance": "1",
            "data": data,
        }
        return self.put({"callback_query": query})

    def find(self, chat_id: int, title: str, message: Shown | None = None) -> tuple[Shown, str]:
        with self._lock:
            places = [message] if message else list(reversed(self.chats[chat_id]))
            for shown in places:
                for row in shown.keyboard:
                    for button in row:
                        if button["text"].startswith(title):
                            return shown, button["callback_data"]
        raise AssertionError(f"no button {title!r} in {[s.text for s in self.chats[chat_id]]}")

    def block(self, chat_id: int, *, tell: bool = True) -> None:
        self.blocked.add(chat_id)
        if tell:
            self._member(chat_id, MEMBER, BANNED)

    def unblock(self, chat_id: int) -> None:
        self.blocked.discard(chat_id)
        self._member(chat_id, BANNED, MEMBER)

    def _member(self, chat_id: int, old: JSON, new: JSON) -> None:
        person = _person(chat_id)
        change = {"chat": self._chat(chat_id), "from": person, "date": int(time.time())}
        self.put({"my_chat_member": {**change, "old_chat_member": old, "new_chat_member": new}})

    def put(self, content: JSON, update_id: int | None = None) -> int:
        """Lay an update into the queue."""
        with self._lock:
            number = next(self._update_ids) if update_id is None else update_id
            self.updates.append({"update_id": number, **content})
        return number

    async def hand_over(self, address: str, update: JSON | bytes, secret: str | None) -> int:
        """Call the webhook as Telegram does; the status of its answer."""
        headers = {} if secret is None else {SECRET_HEADER: secret.encode()}
        body = update if isinstance(update, bytes) else json.dumps(update).encode()
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            return (await client.post(address, content=body, headers=headers)).status_code

    def _chat(self, chat_id: int) -> JSON:
        if chat_id in self.groups:
            return {"id": chat_id, "type": "supergroup", "title": "a group"}
        return {"id": chat_id, "type": "private", "first_name": "Anna"}

    def _message(self, chat_id: int, sender: JSON, **content: Any) -> JSON:
        base = {"message_id": next(self._message_ids), "date": int(time.time()), "chat": self._chat(chat_id)}
        return {**base, "from": sender, **content}

    # What the chats show

    def texts(self, chat_id: int) -> list[str]:
        with self._lock:
            return [shown.text for shown in self.chats[chat_id]]

    def last(self, chat_id: int) -> Shown:
        with self._lock:
            return self.chats[chat_id][-1]

    def called(self, method: str, chat_id: int | None = None) -> list[Call]:
        with self._lock:
            return [
                call
                for call in self.calls
                if call.method == method.lower()
                and (chat_id is None or str(call.given.get("chat_id")) == str(chat_id))
            ]

    # Answering

    async def _answer(self, request: Request) -> Response:
        if request.path_params["bot"] != f"bot{self.token}":
            return _refusal(Refused(401, "Unauthorized"))
        try:
            call = Call(request.path_params["method"].lower(), await _given(request), time.monotonic())
            return await self._do(call)
        except Refused as refused:
            return _refusal(refused)
        except ClientDisconnect:
            return Response(status_code=500)

    async def _do(self, call: Call) -> Response:
        with self._lock:
            self.calls.append(call)
            trouble = next((t for t in self.troubles if t.times and t.meets(call)), None)
            if trouble:
                trouble.times -= 1
        if trouble and (answer := await self._suffer(trouble, call)):
            return answer
        self._check_flood(call)
        if call.method == "getupdates":
            return _result(await self._get_updates(call.given))
        done: Callable[[Mapping[str, Any]], Any] | None = getattr(self, f"_{call.method}", None)
        if done is None:
            raise Refused(404, "Not Found")
        with self._lock:
            return _result(done(call.given))

    async def _suffer(self, trouble: Trouble, call: Call) -> Response | None:
        match trouble.kind:
            case "flood":
                raise _flood(trouble.seconds)
            case "error":
                raise Refused(500, "Internal Server Error")
            case "nonsense":
                return Response("<html>502 Bad Gateway</html>", status_code=200)
            case "blocked":
                raise Refused(403, "Forbidden: bot was blocked by the user")
            case "refused":
                raise Refused(400, "Bad Request: something about it is wrong")
            case "slow":
                await asyncio.sleep(trouble.seconds)
                return None
            case "unanswered":
                with self._lock:
                    getattr(self, f"_{call.method}")(call.given)
        await asyncio.sleep(trouble.seconds)
        return Response(headers={"content-length": "100"})  # and breaks off

    def _check_flood(self, call: Call) -> None:
        if not self.most_per_second or call.method not in SENDING:
            return
        with self._lock:
            recent = [c for c in self.calls if c.method in SENDING and call.at - c.at < 1]
        if len(recent) > self.most_per_second:
            raise _flood(1)

    async def _get_updates(self, given: Mapping[str, Any]) -> list[JSON]:
        if self.webhook:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        offset, limit = int(given.get("offset") or 0), int(given.get("limit") or 100)
        wanted = json.loads(given["allowed_updates"]) if given.get("allowed_updates") else None
        self._polling = mine = self._polling + 1
        until = time.monotonic() + float(given.get("timeout") or 0)
        while True:
            with self._lock:
                self.confirmed += [u["update_id"] for u in self.updates if u["update_id"] < offset]
                self.updates = [u for u in self.updates if u["update_id"] >= offset]
                waiting = [u for u in self.updates if wanted is None or wanted_of(u) in wanted]
            if waiting or time.monotonic() > until:
                return waiting[:limit]
            if self._polling != mine:
                raise Refused(409, "Conflict: terminated by other getUpdates request")
            await asyncio.sleep(0.02)

    def _getme(self, _: Mapping[str, Any]) -> JSON:
        return {**ME, "can_join_groups": True, "can_read_all_group_messages": False}

    def _sendmessage(self, given: Mapping[str, Any]) -> JSON:
        text = str(given.get("text") or "")
        if not text.strip():
            raise Refused(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            raise Refused(400, "Bad Request: message is too long")
        return self._show(given, text)

    def _sendphoto(self, given: Mapping[str, Any]) -> JSON:
        return self._show(given, _caption(given), photo=_attached(given, "photo"))

    def _senddocument(self, given: Mapping[str, Any]) -> JSON:
        return self._show(given, _caption(given), document=_attached(given, "document"))

    def _show(self, given: Mapping[str, Any], text: str, **attached: bytes) -> JSON:
        chat_id = self._reached(given)
        keyboard = _keyboard(given)
        sent = self._message(chat_id, ME, text=text)
        self.chats[chat_id].append(
            Shown(sent["message_id"], chat_id, text, time.monotonic(), keyboard=keyboard, **attached)
        )
        if "photo" in attached:
            size = {"file_id": "f", "file_unique_id": "u", "width": 90, "height": 90}
            sent = {**sent, "photo": [size], "caption": sent.pop("text")}
        return sent

    def _reached(self, given: Mapping[str, Any]) -> int:
        chat_id = int(given["chat_id"])
        if chat_id in self.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        return chat_id

    def _sendchataction(self, given: Mapping[str, Any]) -> bool:
        self._reached(given)
        return True

    def _answercallbackquery(self, given: Mapping[str, Any]) -> bool:
        if self.queries.get(given["callback_query_id"], True):
            raise Refused(
                400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        self.queries[given["callback_query_id"]] = True
        return True

    def _editmessagereplymarkup(self, given: Mapping[str, Any]) -> JSON:
        chat_id, message_id = int(given["chat_id"]), int(given["message_id"])
        shown = next((s for s in self.chats[chat_id] if s.message_id == message_id), None)
        if shown is None:
            raise Refused(400, "Bad Request: message to edit not found")
        keyboard = _keyboard(given)
        if keyboard == shown.keyboard:
            raise Refused(400, "Bad Request: message is not modified")
        shown.keyboard = keyboard
        return self._message(chat_id, ME, message_id=message_id, text=shown.text)

    def _setmycommands(self, given: Mapping[str, Any]) -> bool:
        commands = json.loads(given["commands"])
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise Refused(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands = commands
        return True

    def _setwebhook(self, given: Mapping[str, Any]) -> bool:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", str(given.get("secret_token") or "-")):
            raise Refused(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = dict(given)
        return True

    def _deletewebhook(self, _: Mapping[str, Any]) -> bool:
        self.webhook = {}
        return True

    def _leavechat(self, given: Mapping[str, Any]) -> bool:
        self.blocked.add(int(given["chat_id"]))
        return True


def wanted_of(update: JSON) -> str:
    return next(key for key in update if key != "update_id")


def _person(chat_id: int) -> JSON:
    return {"id": abs(chat_id), "is_bot": False, "first_name": "Anna"}


async def _given(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        return given | await request.json()
    for name, value in (await request.form()).items():
        given[name] = await value.read() if isinstance(value, UploadFile) else value
    return given


def _caption(given: Mapping[str, Any]) -> str:
    caption = str(given.get("caption") or "")
    if len(caption) > 1024:
        raise Refused(400, "Bad Request: message caption is too long")
    return caption


def _attached(given: Mapping[str, Any], name: str) -> bytes:
    """A file sent along, by itself or under the name that `attach://` gives."""
    value = given.get(name, b"")
    if isinstance(value, str) and value.startswith("attach://"):
        value = given.get(value.removeprefix("attach://"), b"")
    if not isinstance(value, bytes) or not value:
        raise Refused(400, f"Bad Request: there is no {name} in the request")
    return value


def _keyboard(given: Mapping[str, Any]) -> list[list[JSON]]:
    markup = json.loads(given["reply_markup"]) if given.get("reply_markup") else {}
    rows: Sequence[Sequence[JSON]] = markup.get("inline_keyboard", [])
    for button in itertools.chain.from_iterable(rows):
        if not button["text"].strip():
            raise Refused(400, "Bad Request: inline keyboard button text is empty")
        if not 1 <= len(button["callback_data"].encode()) <= 64:
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
    if any(len(row) > 8 for row in rows):
        raise Refused(400, "Bad Request: too many buttons in a row")
    return [list(row) for row in rows]


def _flood(seconds: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def _result(result: Any) -> Response:
    return JSONResponse({"ok": True, "result": result})


def _refusal(refused: Refused) -> Response:
    body: JSON = {"ok": False, "error_code": refused.code, "description": refused.description}
    if refused.parameters:
        body["parameters"] = refused.parameters
    return JSONResponse(body, status_code=refused.code)
