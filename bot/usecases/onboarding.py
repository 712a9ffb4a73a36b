"""Coming aboard: who this is for, consent, and the few things the coach must know before the first lesson."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from bot.facts.talk import Standing
from bot.usecases.clock import CLOCK_QUESTIONS, CLOCK_STEPS, clock_kept, clock_turn
from bot.usecases.first_week import JOINED
from bot.usecases.flow import SKIPPED, WHICH_SIGN, Answers, Outcome, Step, Talk
from bot.usecases.ports import Library, Records
from bot.usecases.present_state import zone_of
from bot.usecases.profile import Profiles

COUNTRY = "country"
REGIONS_WITH_CHOICES = ("knee", "back", "shoulder", "neck", "hip")
# Answers that end the onboarding: the standing that follows and the words that show the right door.
ENDINGS: Mapping[tuple[str, str], tuple[Standing, str]] = {
    ("adult", "no"): (Standing.MINOR, "end_minor"),
    ("consent", "no"): (Standing.REFUSED, "end_refused"),
    ("pain_months", "under_3"): (Standing.NOT_FOR, "end_new_pain"),
    ("condition", "me_cfs"): (Standing.NOT_FOR, "end_me_cfs"),
}

# What people must know of the way their words take, before they consent.
DOOR_NOTES: Mapping[str, tuple[str, ...]] = {"telegram": ("telegram_privacy",)}


def feared_question(region: str | None) -> str:
    """The question whose options fit the region; in words of one's own for any other part."""
    return f"feared_{region}" if region in REGIONS_WITH_CHOICES else "feared_other"


def _region_is(region: str) -> Step:
    question = f"feared_{region}"
    return Step(question, when=lambda talk: feared_question(talk.said("region")) == question, lasting=True)


FEARED_STEPS = tuple(_region_is(region) for region in (*REGIONS_WITH_CHOICES, "other"))


class Onboarding:
    """At most 14 turns. Adult and consent come first; nothing is kept before them."""

    name = "onboarding_form"
    closed_by_alarm = True
    steps = (
        Step("adult", lasting=True, skippable=False),
        Step("consent", lasting=True, skippable=False),
        Step("country", lasting=True),
        Step("sign_check", when=lambda talk: not talk.green_today, skippable=False),
        Step("pain_months", lasting=True, skippable=False),
        Step("region", lasting=True),
        Step("condition", lasting=True),
        Step("clinician", lasting=True),
        Step("limits", when=lambda talk: talk.said("clinician") == "yes", lasting=True),
        *FEARED_STEPS,
        Step("goal", lasting=True),
        *CLOCK_STEPS,
        Step("reminder", lasting=True),
    )

    def __init__(self, records: Records, library: Library) -> None:
        self._records = records
        self._library = library
        self._profiles = Profiles(records)

    def answered(self, talk: Talk, question: str, value: str) -> Outcome:
        if question == "consent":
            self._record_consent(talk, given=value == "yes")
        if ending := ENDINGS.get((question, value)):
            return self._end(talk, *ending)
        if question == "sign_check":
            return Outcome() if talk.green_today else WHICH_SIGN
        self._profiles.remember(talk.patient.id, self._kept(talk, question, value))
        return clock_turn(question, value)

    def before(self, talk: Talk, question: str) -> tuple[str, ...]:
        if question == "adult":
            return ("welcome",)
        return DOOR_NOTES.get(talk.patient.door, ()) if question == "consent" else ()

    def completed(self, talk: Talk) -> Outcome:
        with self._records.unit() as uow:
            if uow.patients.get(talk.patient.id).standing is Standing.NEW:
                today = talk.now.astimezone(zone_of(uow.patients.get(talk.patient.id), self._library)).date()
                uow.patients.set_standing(talk.patient.id, Standing.ACTIVE)
                uow.patients.remember(talk.patient.id, {JOINED: today.isoformat()})
                uow.commit()
        return Outcome(says=("onboarding_done",), ends=True)

    def told(self, text: str) -> Answers:
        return {}

    def _kept(self, talk: Talk, question: str, value: str) -> Answers:
        if question == "consent":
            return {"adult": talk.said("adult"), "consent": value}
        if question == "country":
            zone = self._library.country(value).get("zone") or None
            return {"country": value, "zone": zone}
        if question in CLOCK_QUESTIONS:
            return clock_kept(question, value, talk.now)
        return kept(question, value)

    def _end(self, talk: Talk, standing: Standing, content_id: str) -> Outcome:
        """Of people the programme isn't for only the country is kept: it names the emergency number."""
        with self._records.unit() as uow:
            profile = uow.patients.get(talk.patient.id).profile
            uow.patients.remember(talk.patient.id, dict.fromkeys(key for key in profile if key != COUNTRY))
            uow.patients.set_standing(talk.patient.id, standing)
            uow.commit()
        forgotten = {step.question: None for step in self.steps}
        return Outcome(says=(content_id,), changes=forgotten, ends=True)

    def _record_consent(self, talk: Talk, *, given: bool) -> None:
        """What was agreed to, word for word: its version and the hash of its text."""
        if given and "consent" in talk.patient.profile:
            return
        bubbles = self._library.say("ask_consent")
        text = "\n".join(bubble.text for bubble in bubbles)
        with self._records.unit() as uow:
            uow.patients.record_consent(
                talk.patient.id,
                given=given,
                version=bubbles[0].version,
                text_hash=hashlib.sha256(text.encode()).hexdigest(),
                channel=talk.patient.door,
                now=talk.now,
            )
            if given:
                uow.patients.remember(talk.patient.id, {"adult": talk.said("adult"), "consent": "yes"})
            uow.commit()


def kept(question: str, value: str | None) -> Answers:
    """The profile's changes for an answer; a feared movement is also kept under its own name."""
    if question.startswith("feared_"):
        return {question: value, "movement": None if value == SKIPPED else value}
    return {question: value}
