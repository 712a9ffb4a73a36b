"""Short replies that need no flow: greetings, thanks, help, privacy, a look back."""

from __future__ import annotations

from typing import ClassVar

from actions.asking import answer_with
from actions.base import Digression, Events
from actions.turn import Turn
from bot.usecases.flow import Flow
from bot.usecases.teach import TO_A_HUMAN

WISH = "talk_to_clinician"
# yes and no without a question they could answer
BARE = frozenset({"affirm", "deny", "unsure"})
# To a new patient these are best answered by beginning.
OPENINGS = BARE | {"greet", "thanks", "goodbye", "chitchat"}


class Chat(Digression):
    action_name: ClassVar[str] = "action_chat"

    def act(self, turn: Turn) -> Events:
        if turn.loop is None and not turn.on_board and turn.intent in OPENINGS:
            return []
        if turn.flow and turn.requested and turn.intent in BARE:
            return self._bare_answer(turn, turn.flow, turn.requested)
        if turn.intent == WISH:
            content_id, variables = self.house.answer_to_wish(turn.patient_id)
            turn.say(content_id, **variables)
        else:
            turn.say(f"chat_{turn.intent}")
        if turn.intent in TO_A_HUMAN:
            self.house.ask_for_human(turn.free_talk(), turn.intent)
        return []

    def _bare_answer(self, turn: Turn, flow: Flow, question: str) -> Events:
        """A question in words of one's own takes a bare yes or no too."""
        asked = self.house.library.question(f"ask_{question}")
        if asked and asked.form == "text":
            return answer_with(turn, flow, question, turn.text)
        turn.say("not_an_answer")
        return []


class ViewProgress(Digression):
    """The last days as a picture, and as text beside it."""

    action_name: ClassVar[str] = "action_view_progress"

    def act(self, turn: Turn) -> Events:
        days = self.house.progress.days(turn.patient_id, turn.now)
        if days:
            turn.say("progress_shown", days="; ".join(days))
        else:
            turn.say("progress_empty")
        return []
