"""Lessons, and the reasons behind anything said."""

from __future__ import annotations

from typing import ClassVar

from actions.base import LISTEN, Digression, Events
from actions.turn import Turn
from bot.usecases.teach import TO_A_HUMAN


class TeachTopic(Digression):
    """The topic's lesson, as the first step of a story.

    The story goes on only where nothing else is asked: its "yes" must never answer a check or a flow.
    """

    action_name: ClassVar[str] = "action_teach"

    def act(self, turn: Turn) -> Events:
        turn.say(self.house.teach.lesson(turn.free_talk(), turn.intent))
        if turn.intent in TO_A_HUMAN:
            self.house.ask_for_human(turn.free_talk(), turn.intent)
        return []

    def onward(self, turn: Turn) -> str | None:
        onward = super().onward(turn)
        asked = turn.closed or self.house.explain.last_question(turn.patient_id)
        return onward if asked or onward != LISTEN or not turn.on_board else None


class Why(Digression):
    """A bare "why?" means the open question; else whatever was said last."""

    action_name: ClassVar[str] = "action_why"
    part: ClassVar[str] = "why"

    def act(self, turn: Turn) -> Events:
        content_id = self._meant(turn)
        if content_id is None:
            turn.say("no_reason")
            return []
        try:
            turn.explain(content_id, self.part)
        except KeyError:
            turn.say("no_reason")
        return []

    def _meant(self, turn: Turn) -> str | None:
        if turn.loop and turn.requested:
            return f"ask_{turn.requested}"
        last = self.house.explain.last_question(turn.patient_id)
        return last or self.house.explain.said_last(turn.patient_id)


class TellMore(Why):
    """More on what was told last, rather than on the question behind it."""

    action_name: ClassVar[str] = "action_tell_more"
    part: ClassVar[str] = "more"

    def _meant(self, turn: Turn) -> str | None:
        told = self.house.explain.told_last(turn.patient_id)
        return told or self.house.explain.said_last(turn.patient_id)


class Repeat(Digression):
    """A running form asks again by itself; else the last words once more."""

    action_name: ClassVar[str] = "action_repeat"

    def act(self, turn: Turn) -> Events:
        if turn.loop:
            return []
        content_id = self.house.explain.said_last(turn.patient_id)
        try:
            turn.say(content_id or "nothing_to_repeat")
        except (KeyError, ValueError):
            turn.say("nothing_to_repeat")
        return []
