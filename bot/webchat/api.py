"""The same coach for programs and tests, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.facts.clinical import Level, Verdict
from bot.facts.talk import Direction, Message
from bot.webchat.attachment import attached
from bot.webchat.coach import Coach
from bot.webchat.guard import comes_from_here
from bot.webchat.reading import Unfit, api_message, conversation_of, document_of, json_of, position_of

PATIENCE = 25.0
ALARM = "safety_stop"


class Api:
    """`public`: callers on other machines are served too."""

    def __init__(self, coach: Coach, *, public: bool) -> None:
        self._coach = coach
        self._public = public

    def routes(self) -> list[Route]:
        return [
            Route("/api/chat", self.chat, methods=["POST"]),
            Route("/api/updates", self.updates, methods=["POST"]),
            Route("/api/document", self.document, methods=["POST"]),
        ]

    async def chat(self, request: Request) -> Response:
        """Say something; the answer holds what the coach says to it."""
        self._check_caller(request)
        message = api_message(await json_of(request))
        heard = await self._coach.hear(_address(message.conversation), message.said, PATIENCE)
        replies, understanding = await self._coach.answer_to(heard)
        return JSONResponse(
            {
                "replies": [_reply(reply) for reply in replies],
                "verdict": _verdict(heard.arrival.verdict),
                "intent": _intent(heard.arrival.verdict, understanding),
            },
            background=BackgroundTask(self._coach.delivered, replies),
        )

    async def updates(self, request: Request) -> Response:
        """Everything the coach has said behind `after`, late answers too."""
        self._check_caller(request)
        data = await json_of(request)
        after = position_of(data)
        talk = await self._coach.talk_since(_address(conversation_of(data)), after)
        said = [message for message in talk if message.direction is Direction.OUT]
        return JSONResponse(
            {"replies": [_reply(reply) for reply in said], "last": talk[-1].seq if talk else after},
            background=BackgroundTask(self._coach.delivered, said),
        )

    async def document(self, request: Request) -> Response:
        """The file that a reply of this conversation hands over, by the id the reply named."""
        self._check_caller(request)
        data = await json_of(request)
        wanted = document_of(data)
        return attached(await self._coach.document(_address(conversation_of(data)), wanted))

    def _check_caller(self, request: Request) -> None:
        if not self._public and not comes_from_here(request):
            raise Unfit(403, "Only programs on this machine may use this.")


def _address(conversation: str) -> str:
    """Apart from the visitors of the page, whose ids are nobody else's to name."""
    return f"api:{conversation}"


def _reply(message: Message) -> dict[str, object]:
    return {
        "text": message.text,
        "buttons": _buttons(message.buttons),
        "image": message.image,
        "content_id": message.content_id,
        "kind": message.kind.value if message.kind else None,
        "asks": message.asks,
    } | ({"document": {"name": message.document, "id": message.id}} if message.document else {})


def _intent(verdict: Verdict, understanding: Mapping[str, object]) -> dict[str, object]:
    """What the message was taken for. An alarm is known before the engine has heard of the message."""
    if verdict.level.rank <= Level.CHECK.rank:
        return {"name": ALARM, "confidence": 1.0}
    return {"name": understanding.get("intent"), "confidence": understanding.get("confidence") or 0.0}


def _buttons(buttons: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"title": title, "payload": token} for title, token in buttons]


def _verdict(verdict: Verdict) -> dict[str, object]:
    return {
        "level": verdict.level.value,
        "urgency": verdict.urgency.value,
        "reasons": [
            {
                "rule": reason.rule,
                "version": reason.version,
                "level": reason.level.value,
                "urgency": reason.urgency.value,
                "region": reason.region,
                "evidence": [
                    {"start": words.start, "end": words.end, "text": words.text} for words in reason.evidence
                ],
            }
            for reason in verdict.reasons
        ],
    }
