"""What is asked in the first week rather than while coming aboard, and the invitation to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from bot.facts.talk import Patient, Reply, Standing
from bot.triage.guarantee import may_say
from bot.usecases.deliver import Words
from bot.usecases.flow import SKIPPED, Outcome, QuietFlow, Step, Talk
from bot.usecases.ports import Library, UnitOfWork
from bot.usecases.present_state import present_state, zone_of
from bot.usecases.profile import SENSITISATION, Profiles, goes_slowly

JOINED = "joined_on"
INVITED = "details_invited_on"
DONE = "details_done"
INVITATION = "details_invitation"
# The last words of a talk, after which there is room for the invitation.
ROOM_BEHIND = frozenset(
    {
        *("pain_logged", "session_logged", "session_not_coped", "goal_kept", "reminder_kept"),
        *("done_understand", "done_challenge", "done_confidence", "done_cue", "done_level", "done_modify"),
        *("chat_greet", "progress_shown"),
    }
)


class Details(QuietFlow):
    """Sensitisation (#108) and the activity they like (#191). A skipped answer counts as none."""

    name = "details_form"
    closed_by_alarm = True
    steps: tuple[Step, ...] = (*map(Step, SENSITISATION), Step("liked_activity"))

    def __init__(self, profiles: Profiles, library: Library) -> None:
        self._profiles = profiles
        self._library = library

    def answered(self, talk: Talk, question: str, value: str) -> Outcome:
        self._profiles.remember(talk.patient.id, {question: None if value == SKIPPED else value})
        return Outcome()

    def completed(self, talk: Talk) -> Outcome:
        self._profiles.remember(talk.patient.id, {DONE: "yes"})
        slowly = goes_slowly(self._profiles.of(talk.patient.id), self._library)
        return Outcome(says=("details_done_slowly" if slowly else "details_done",), ends=True)


def invite(
    uow: UnitOfWork, patient: Patient, now: datetime, library: Library, words: Words
) -> Sequence[Reply]:
    """The invitation where it is due, and never while anything stands open; remembered as given today."""
    today = now.astimezone(zone_of(patient, library)).date()
    if not invitation_due(patient, today, int(library.number("first_week_days"))):
        return ()
    state = present_state(uow, patient, now, library)
    replies = words.for_patient(patient)(INVITATION)
    if not all(may_say(reply.kind, reply.region, state) for reply in replies):
        return ()
    uow.patients.remember(patient.id, {INVITED: today.isoformat()})
    return replies


def invitation_due(patient: Patient, today: date, days: int) -> bool:
    """From the day after they joined, on `days` days, once a day, until they have gone through it."""
    joined = patient.profile.get(JOINED)
    if patient.standing is not Standing.ACTIVE or joined is None or DONE in patient.profile:
        return False
    fresh = patient.profile.get(INVITED) != today.isoformat()
    return fresh and 1 <= (today - date.fromisoformat(joined)).days <= days
