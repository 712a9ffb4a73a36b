"""What a request carries, read within bounds. What doesn't fit is refused with a sentence that says why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request

from bot.webchat.coach import Said

LONGEST_TEXT = 100_000
LARGEST_BODY = 1_048_576
LONGEST_NAME = 200
MOST_FIELDS = 10


class Unfit(Exception):
    """A request that can't be used; `status` is the HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        self.sentence = sentence
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class ApiMessage:
    conversation: str
    said: Said


async def body_of(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise Unfit(413, f"The request is too large. Send at most {LARGEST_BODY:,} bytes.")
    return bytes(body)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a posted form, the last of a name winning."""
    _demand_type(request, "application/x-www-form-urlencoded")
    body = (await body_of(request)).decode("utf-8", "replace")
    try:
        fields = parse_qs(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Unfit(400, "The form has too many fields.") from None
    return {name: storable(values[-1]) for name, values in fields.items()}


async def json_of(request: Request) -> Mapping[str, object]:
    _demand_type(request, "application/json")
    body = await body_of(request)
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Unfit(400, "The body is not valid JSON.") from None
    if not isinstance(data, dict):
        raise Unfit(400, "The body must be a JSON object.")
    return data


def api_message(data: Mapping[str, object]) -> ApiMessage:
    """A conversation with either a text or the payload of a button."""
    if ("text" in data) == ("payload" in data):
        raise Unfit(400, "Give either 'text' or 'payload'.")
    if "text" in data:
        return ApiMessage(conversation_of(data), Said(text=sized(_string(data, "text"))))
    token = storable(_string(data, "payload"))
    if not 0 < len(token) <= LONGEST_NAME:
        raise Unfit(400, f"'payload' must have 1 to {LONGEST_NAME} characters.")
    return ApiMessage(conversation_of(data), Said(token=token))


def conversation_of(data: Mapping[str, object]) -> str:
    name = _string(data, "conversation")
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise Unfit(400, f"'conversation' must have 1 to {LONGEST_NAME} printable characters.")
    return name


def document_of(data: Mapping[str, object]) -> str:
    wanted = storable(_string(data, "document"))
    if not 0 < len(wanted) <= LONGEST_NAME:
        raise Unfit(400, f"'document' must have 1 to {LONGEST_NAME} characters.")
    return wanted


def position_of(data: Mapping[str, object]) -> int:
    after = data.get("after", 0)
    if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after < 2**62:
        raise Unfit(400, "'after' must be a whole number, 0 or more.")
    return after


def sized(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise Unfit(413, f"The text is too long. Send at most {LONGEST_TEXT:,} characters.")
    return storable(text)


def storable(text: str) -> str:
    """Half a character (a lone surrogate) can be sent, but neither stored nor shown."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _string(data: Mapping[str, object], name: str) -> str:
    if name not in data:
        raise Unfit(400, f"'{name}' is missing.")
    value = data[name]
    if not isinstance(value, str):
        raise Unfit(400, f"'{name}' must be a string.")
    return value


def _demand_type(request: Request, wanted: str) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != wanted:
        raise Unfit(415, f"The Content-Type must be {wanted}.")
