"""What is said where neither a rule nor a story goes on: the usual reply, or that nobody understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rasa_sdk.events import SlotSet

from actions.base import MISSES, Digression, Events
from actions.education import TeachTopic, TellMore
from actions.small_talk import BARE, Chat
from actions.turn import Turn
from bot.usecases.teach import OFFERED


class NotUnderstood(Digression):
    """An honest sentence and likely choices, and after two misses the way to a human."""

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


# Every other intent without a rule is a topic, and has its lesson.
USUAL: Mapping[str, type[Digression]] = {
    "nlu_fallback": NotUnderstood,
    "tell_more": TellMore,
    **dict.fromkeys(BARE | {"thanks"}, Chat),
}


class UsualReply(Digression):
    """Rasa asks for this action where no rule and no story names another one."""

    action_name: ClassVar[str] = "action_default_fallback"

    def act(self, turn: Turn) -> Events:
        return USUAL.get(turn.intent, TeachTopic)(self.house).act(turn)
