"""What nobody understood: an honest sentence and likely choices, and after two misses the way to a human."""

from __future__ import annotations

from typing import ClassVar

from rasa_sdk.events import SlotSet

from actions.base import MISSES, Digression, Events
from actions.turn import Turn
from bot.usecases.teach import OFFERED


class Fallback(Digression):
    action_name: ClassVar[str] = "action_default_fallback"

    def act(self, turn: Turn) -> Events:
        misses = int(turn.slots.get(MISSES) or 0) + 1
        talk = turn.free_talk()
        self.house.misunderstood.keep(talk)
        topics = self.house.misunderstood.likeliest(talk)
        if self.house.misunderstood.needs_human(misses):
            turn.say("misunderstood_twice")
        elif len(topics) == OFFERED:
            first, second, third = topics
            turn.say("offer_topics_intro", first=first, second=second, third=third)
        else:
            turn.say("misunderstood_once")
        return [SlotSet(MISSES, misses)]
