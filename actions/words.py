"""The library's words with the patient's own filled in, in the form the engine passes on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.facts.talk import Patient, Reply
from bot.usecases.flow import SKIPPED
from bot.usecases.onboarding import feared_question
from bot.usecases.ports import Library
from bot.usecases.present_state import zone_of

_STAND_INS = {
    "goal": "word_goal",
    "region": "word_region",
    "movement": "word_movement",
    "activity": "word_activity",
}


def variables_for(library: Library, patient: Patient, now: datetime) -> dict[str, str]:
    """Everything that words may name about a person; plain stand-ins where an answer is missing."""
    profile = patient.profile
    country = library.country(profile.get("country"))
    region = profile.get("region")
    chosen: dict[str, str | None] = {
        "goal": _unless_skipped(profile.get("goal")),
        "region": _title(library, "ask_region", region),
        "activity": _title(library, "ask_liked_activity", profile.get("liked_activity")),
        "movement": _title(library, f"ask_{feared_question(region)}", profile.get(feared_question(region))),
    }
    stand_ins = {name: library.say(content_id)[0].text for name, content_id in _STAND_INS.items()}
    return {
        "country": country.get("name", ""),
        "emergency": country.get("emergency", ""),
        "crisis": country.get("crisis", ""),
        "limits": profile.get("limits", ""),
        "clock": f"{now.astimezone(zone_of(patient, library)):%H:%M}",
        **{name: chosen[name] or stand_ins[name] for name in chosen},
    }


def _unless_skipped(value: str | None) -> str | None:
    return None if value == SKIPPED else value


def _title(library: Library, content_id: str, value: str | None) -> str | None:
    """The offered answer as words inside a sentence; what was typed where nothing was offered."""
    if value is None or value in (SKIPPED, "other", "none"):
        return None
    question = library.question(content_id)
    options = question.options if question else ()
    return next((option.title.lower() for option in options if option.value == value), value)


def as_bubble(reply: Reply) -> dict[str, Any]:
    return {
        "text": reply.text,
        "buttons": [{"title": button.title, "payload": button.payload} for button in reply.buttons],
        "image": reply.image,
        "content_id": reply.content_id,
        "version": reply.version,
        "kind": reply.kind.value,
        "asks": reply.asks,
        "region": reply.region,
        "variables": dict(reply.variables),
        "document": reply.document,
    }


def nlg_answer(library: Library, patient: Patient, response: str, now: datetime) -> Mapping[str, Any]:
    """What Rasa gets for `utter_<content id>`: the last bubble, and all of them under `bubbles`."""
    content_id = response.removeprefix("utter_")
    variables = variables_for(library, patient, now)
    bubbles = [as_bubble(reply) for reply in library.say(content_id, **variables)]
    return {**bubbles[-1], "bubbles": bubbles}
