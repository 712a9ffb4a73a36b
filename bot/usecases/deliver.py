"""What leaves the house: our own safety words, and the engine's replies once the guarantee has seen them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from bot.facts.clinical import Level, Verdict
from bot.facts.talk import Patient, Reply
from bot.triage.guarantee import INTERRUPTING, PresentState, may_say, needs_stop_list
from bot.usecases.ports import Library, Screen

log = logging.getLogger(__name__)

STOP_LIST = "stop_list"
STANDING_WORDS = (
    (Level.CRISIS, ("say_crisis_standing", "ask_crisis_over")),
    (Level.STOP, ("say_stop_standing", "ask_care_sought")),
    (Level.CHECK, ("ask_check",)),
    (Level.ASSESS, ("say_assess_standing", "ask_assess_settled")),
)


def numbers_of(patient: Patient, library: Library) -> Mapping[str, str]:
    """The numbers to call in the patient's country, as variables of what is said."""
    country = library.country(patient.profile.get("country"))
    return {"emergency": country["emergency"], "crisis": country["crisis"]}


class Say:
    """The library's words for one patient, with the numbers of their country filled in."""

    def __init__(self, library: Library, screen: Screen, patient: Patient) -> None:
        self._library = library
        self._screen = screen
        self._variables = numbers_of(patient, library)

    def __call__(self, content_id: str, **variables: str) -> tuple[Reply, ...]:
        return self._library.say(content_id, **{**variables, **self._variables})

    def all(self, content_ids: Iterable[str]) -> tuple[Reply, ...]:
        return tuple(reply for content_id in content_ids for reply in self(content_id))

    def verdict(self, verdict: Verdict) -> tuple[Reply, ...]:
        return self.all(self._screen.messages_for(verdict))

    def standing(self, levels: Collection[Level]) -> tuple[Reply, ...]:
        """The words for the most urgent level that stands; nothing where none does."""
        for level, content_ids in STANDING_WORDS:
            if level in levels:
                return self.all(content_ids)
        return ()

    def vouches(self, reply: Reply) -> bool:
        """Word for word ours, and with this patient's own numbers to call."""
        numbers = {k: v for k, v in reply.variables.items() if k in self._variables}
        return numbers.items() <= self._variables.items() and self._library.vouches(reply)


class Words:
    """The last resort is made ready here for every country: when it is needed, the library has failed."""

    def __init__(self, library: Library, screen: Screen) -> None:
        self._library = library
        self._screen = screen
        self._elsewhere = _last_resort(library, library.country(None))
        self._by_country = {
            code: _last_resort(library, country) for code, country in library.countries().items()
        }

    def for_patient(self, patient: Patient) -> Say:
        return Say(self._library, self._screen, patient)

    def composed(
        self, patient: Patient, level: Level, compose: Callable[[Say], tuple[Reply, ...]]
    ) -> tuple[Reply, ...]:
        """What `compose` says to this patient; the last resort for that level where it breaks."""
        try:
            return compose(self.for_patient(patient))
        except Exception as fault:  # whatever is missing, silence would be worse
            log.error("writing a reply failed: %s", type(fault).__name__)
            resort = self._by_country.get(patient.profile.get("country", ""), self._elsewhere)
            return resort[level in INTERRUPTING]


def _last_resort(library: Library, country: Mapping[str, str]) -> dict[bool, tuple[Reply, ...]]:
    """By whether an alarm is to be answered; with the country's numbers in both."""
    numbers = {"emergency": country["emergency"], "crisis": country["crisis"]}
    return {
        True: library.say("last_resort_alarm", **numbers),
        False: library.say("last_resort", **numbers),
    }


def screened(replies: Sequence[Reply], state: PresentState, say: Say) -> tuple[Reply, ...]:
    """The bubbles that may leave now. Never empty: what was held back is said honestly instead."""
    genuine = [reply for reply in replies if say.vouches(reply)]
    kept = [reply for reply in genuine if may_say(reply.kind, reply.region, state)]
    if needs_stop_list(r.kind for r in kept) and all(r.content_id != STOP_LIST for r in kept):
        kept.extend(say(STOP_LIST))
    if len(kept) == len(replies) and kept:
        return tuple(kept)
    if len(genuine) > len([r for r in kept if r in genuine]):
        return tuple(r for r in kept if r.asks is None) + _held_back(state, say)
    return tuple(kept) or say("action_failed")


def _held_back(state: PresentState, say: Say) -> tuple[Reply, ...]:
    if standing := say.standing(state.levels):
        return standing
    if not state.consented:
        return say("consent_first")
    return say("green_first") + say("ask_sign_check")
