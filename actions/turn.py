"""One action call, read: who, what was understood, where the flow stands; and the bubbles said to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk import Tracker

from actions.house import House
from actions.words import nlg_answer, variables_for
from bot.facts.clinical import NOTHING, Verdict
from bot.facts.talk import Patient, Reply, Standing
from bot.usecases.flow import Flow, Talk
from bot.usecases.present_state import present_state


class Turn:
    def __init__(self, house: House, tracker: Tracker) -> None:
        self._tracker = tracker
        self._house = house
        latest: Mapping[str, Any] = tracker.latest_message or {}
        self.patient_id = str(tracker.sender_id)
        self.metadata: Mapping[str, Any] = latest.get("metadata") or {}
        self.message_id = str(self.metadata.get("message_id") or latest.get("message_id") or "")
        self.intent = str((latest.get("intent") or {}).get("name") or "")
        self.text = str(latest.get("text") or "")
        self.entities = {entity["entity"]: entity.get("value") for entity in latest.get("entities") or []}
        self.ranking = tuple(
            (str(entry["name"]), float(entry.get("confidence") or 0.0))
            for entry in latest.get("intent_ranking") or []
            if entry.get("name") != "answer"
        )
        self.slots: Mapping[str, Any] = tracker.slots
        self.requested: str | None = tracker.slots.get("requested_slot")
        self.loop: str | None = (tracker.active_loop or {}).get("name")
        self.bubbles: list[Reply] = []
        self._read_records()

    def _read_records(self) -> None:
        now = self._house.clock()
        with self._house.records.reading() as uow:
            self.patient = uow.patients.get(self.patient_id)
            state = present_state(uow, self.patient, now, self._house.library)
            found = uow.assessments.for_message(self.message_id) if self.message_id else None
        self._as_kept, self._read_at = self.patient, self._house.records.writes
        self.verdict = found or NOTHING
        self.levels = state.levels
        self.closed = bool(state.open)
        self.green_today = state.green_today
        self.now = now

    @property
    def flow(self) -> Flow | None:
        return self._house.flows.get(self.loop or "")

    @property
    def on_board(self) -> bool:
        return self.patient.standing is Standing.ACTIVE

    @property
    def slots_to_validate(self) -> Mapping[str, Any]:
        candidates: Mapping[str, Any] = self._tracker.slots_to_validate()
        return candidates

    def talk(self, flow: Flow, changes: Mapping[str, str | None] | None = None) -> Talk:
        """The flow's answers so far, with `changes` on top; the profile as it stands in the records now."""
        answers = {step.question: self.slots.get(step.question) for step in flow.steps} | dict(changes or {})
        return self._talk(answers)

    def free_talk(self) -> Talk:
        return self._talk({})

    def _talk(self, answers: Mapping[str, str | None]) -> Talk:
        return Talk(
            patient=self._kept(),
            answers=answers,
            now=self.now,
            message_id=self.message_id,
            green_today=self.green_today,
            ranking=self.ranking,
        )

    def _kept(self) -> Patient:
        """The patient as the records have them by now."""
        if self._read_at != self._house.records.writes:
            self._as_kept, self._read_at = (
                self._house.profiles.of(self.patient_id),
                self._house.records.writes,
            )
        return self._as_kept

    def words(self, response: str) -> Mapping[str, Any]:
        """What the engine gets where it asks for that."""
        return nlg_answer(self._house.library, self._kept(), response, self.now)

    def say(self, *content_ids: str, **more: str) -> None:
        if not content_ids:
            return
        known = variables_for(self._house.library, self._kept(), self.now) | more
        for content_id in content_ids:
            self.bubbles += self._house.library.say(content_id, **known)

    def say_verdict(self, verdict: Verdict) -> None:
        self.bubbles += self._house.words.for_patient(self.patient).verdict(verdict)

    def say_standing(self) -> None:
        """What still stands open, most urgent first, with the question that settles it."""
        self.bubbles += self._house.words.for_patient(self.patient).standing(self.levels)

    def explain(self, content_id: str, part: str) -> None:
        told = self._house.library.why if part == "why" else self._house.library.more
        self.bubbles += told(content_id)
