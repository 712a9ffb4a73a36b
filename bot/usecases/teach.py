"""A topic and the lesson on it; what was not understood, and the topics likeliest meant."""

from __future__ import annotations

from collections.abc import Sequence

from bot.triage.guarantee import NEEDS_CONSENT
from bot.usecases.flow import Talk
from bot.usecases.goals import BELIEFS
from bot.usecases.ports import Library, Records
from bot.usecases.profile import Profiles, consented

TO_A_HUMAN = frozenset({"medication_question", "diagnosis_question", "acupuncture", "talk_to_clinician"})
NO_TOPIC = frozenset(
    {"nlu_fallback", "answer", "safety_stop", "start_onboarding", "out_of_scope", "chitchat"}
    | {"why", "tell_more", "skip", "back", "repeat", "affirm", "deny", "unsure"}
)
OFFERED = 3


class Teach:
    def __init__(self, profiles: Profiles, library: Library) -> None:
        self._profiles = profiles
        self._library = library

    def lesson(self, talk: Talk, topic: str) -> str:
        """The content id of the lesson; a belief that comes up first is remembered (#25)."""
        lesson = f"lesson_{topic}"
        if not consented(talk.patient) and self._library.say(lesson)[0].kind in NEEDS_CONSENT:
            return "consent_first"
        if topic in BELIEFS and "belief" not in talk.patient.profile:
            self._profiles.remember(talk.patient.id, {"belief": topic})
        return lesson


class Misunderstood:
    """A message nobody understood: kept for the authors, answered with the likeliest topics."""

    def __init__(self, records: Records, library: Library) -> None:
        self._records = records
        self._library = library

    def keep(self, talk: Talk) -> None:
        with self._records.unit() as uow:
            uow.misses.keep(talk.patient.id, talk.message_id, talk.ranking)
            uow.commit()

    def likeliest(self, talk: Talk) -> Sequence[str]:
        """Three topics, or none where even the first is below the band."""
        topics = [(topic, sure) for topic, sure in talk.ranking if topic not in NO_TOPIC]
        if not topics or topics[0][1] < self._library.number("offer_at"):
            return ()
        return [topic for topic, _ in topics[:OFFERED]]

    def needs_human(self, misses: int) -> bool:
        return misses >= self._library.number("misses_before_human")
