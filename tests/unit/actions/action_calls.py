"""A way to call actions as the engine does, and what they gave back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.testclient import TestClient

from actions.house import House
from bot.facts.clinical import History, Level, Reason, SymptomFact, Urgency, Verdict
from bot.facts.talk import Direction, Patient, Reply, Standing, TurnState

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


class PlainScreen:
    """Judges nothing; says to a verdict what its reasons are named after, and its question."""

    version = "test"

    def read(self, text: str) -> tuple[SymptomFact, ...]:
        return ()

    def meaning(self, text: str) -> bytes | None:
        return None

    def fact(self, sign: str, text: str, region: str | None) -> SymptomFact:
        raise NotImplementedError

    def judge(self, facts: Sequence[SymptomFact], history: History, now: datetime) -> Verdict:
        return Verdict(Level.NONE, Urgency.NONE)

    def messages_for(self, verdict: Verdict) -> tuple[str, ...]:
        said = tuple(reason.rule for reason in verdict.reasons)
        return said + ((verdict.question,) if verdict.question else ())


@dataclass
class Answer:
    """What one action call gave back."""

    events: list[dict[str, Any]]
    responses: list[dict[str, Any]]
    words: dict[str, Any] = field(default_factory=dict)

    @property
    def said(self) -> list[str]:
        return [str(response["content_id"]) for response in self.responses]

    @property
    def slots(self) -> dict[str, Any]:
        return {event["name"]: event["value"] for event in self.events if event["event"] == "slot"}

    @property
    def next(self) -> str | None:
        follow = [event["name"] for event in self.events if event["event"] == "followup"]
        return str(follow[-1]) if follow else None

    @property
    def ends_loop(self) -> bool:
        return any(event["event"] == "active_loop" and event["name"] is None for event in self.events)


@dataclass
class Caller:
    """Calls actions for one patient over HTTP. `slots` is the engine's tracker between calls."""

    house: House
    web: TestClient
    patient_id: str
    slots: dict[str, Any] = field(default_factory=dict)
    turns: int = 0

    @property
    def patient(self) -> Patient:
        with self.house.records.unit() as uow:
            return uow.patients.get(self.patient_id)

    def __call__(
        self,
        action: str,
        intent: str = "affirm",
        *,
        loop: str | None = None,
        requested: str | None = None,
        entities: Mapping[str, str] | None = None,
        text: str = "",
        verdict: Verdict | None = None,
        ranking: Sequence[tuple[str, float]] = (),
        filled: Mapping[str, Any] | None = None,
    ) -> Answer:
        """`filled`: slots the engine has just set and asks a form's validation about."""
        message_id = self._arrive(text, verdict)
        self.slots = {**self.slots, **(filled or {}), "requested_slot": requested}
        latest = {
            "text": text,
            "metadata": {"message_id": message_id},
            "intent": {"name": intent},
            "entities": [{"entity": name, "value": value} for name, value in (entities or {}).items()],
            "intent_ranking": [
                {"name": intent, "confidence": 1.0},
                *({"name": name, "confidence": sure} for name, sure in ranking),
            ],
        }
        tracker = {
            "sender_id": self.patient_id,
            "slots": self.slots,
            "latest_message": latest,
            "events": [
                {"event": "action", "name": loop or "action_listen"},
                *({"event": "slot", "name": name, "value": value} for name, value in (filled or {}).items()),
            ],
            "active_loop": {"name": loop} if loop else {},
            "latest_action_name": "action_listen",
        }
        response = self.web.post(
            "/webhook", json={"next_action": action, "sender_id": "x", "tracker": tracker}
        )
        assert response.status_code == 200, response.text
        answer = Answer(**response.json())
        self.slots |= answer.slots
        return answer

    def answer(self, form: str, question: str, value: str, **more: Any) -> Answer:
        """The patient answers the question that the form has put."""
        return self(
            f"validate_{form}",
            "answer",
            loop=form,
            requested=question,
            entities={question: value},
            filled={question: value},
            text=value,
            **more,
        )

    def activate(self, form: str) -> Answer:
        """The form begins: the engine asks about everything that's filled already."""
        return self(f"validate_{form}", "start_goal", loop=form, filled=dict(self.slots))

    def aboard(self, **profile: str) -> Caller:
        """The patient has come through the onboarding, with these answers."""
        with self.house.records.unit() as uow:
            uow.patients.set_standing(self.patient_id, Standing.ACTIVE)
            uow.patients.remember(self.patient_id, {"consent": "yes", "country": "GB", **profile})
            uow.commit()
        return self

    def green(self) -> None:
        with self.house.records.unit() as uow:
            uow.assessments.record_green(self.patient_id, None, NOW)
            uow.commit()

    def coach_said(self, *replies: Reply) -> None:
        with self.house.records.unit() as uow:
            for reply in replies:
                uow.messages.say(self.patient_id, reply, in_reply_to=None, now=NOW)
            uow.commit()

    def understood(self, **understanding: str) -> None:
        """The latest message was taken for this."""
        with self.house.records.unit() as uow:
            heard = [m for m in uow.messages.transcript(self.patient_id) if m.direction is Direction.IN]
            uow.messages.set_state(heard[-1].id, TurnState.ANSWERED, understanding)
            uow.commit()

    def _arrive(self, text: str, verdict: Verdict | None) -> str:
        self.turns += 1
        with self.house.records.unit() as uow:
            message, _ = uow.messages.receive(
                self.patient_id, text=text, payload=None, door_key=f"k{self.turns}", now=NOW, erase_at=None
            )
            if verdict:
                uow.assessments.add(self.patient_id, message.id, (), verdict, content_version="t", now=NOW)
            uow.commit()
        return message.id


def judged(level: Level, *says: str, question: str | None = None) -> Verdict:
    """A verdict that is answered with these content ids."""
    reasons = tuple(Reason(content_id, "1", level, Urgency.SOON) for content_id in says)
    return Verdict(level, Urgency.SOON, reasons, question)
