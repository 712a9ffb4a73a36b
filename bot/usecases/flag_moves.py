"""Staff take steps with flags. What ends one settles what raised it, and the patient is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from bot.facts.clinical import Level
from bot.facts.flags import Flag, FlagState
from bot.facts.staff import Actor
from bot.triage.flag_life import IN_BULK, LIFE, UnaccountedMove, step
from bot.triage.guarantee import INTERRUPTING
from bot.usecases.access import Permission, check
from bot.usecases.deliver import Words
from bot.usecases.ports import Records, UnitOfWork

ACKNOWLEDGE = next(move.name for move in LIFE if move.after is FlagState.ACKNOWLEDGED)
RESOLVE = next(move.name for move in LIFE if move.after is FlagState.RESOLVED)
DISMISS = next(move.name for move in LIFE if move.after is FlagState.NOT_RELEVANT)

# What the patient is told once nothing stands any more that held things back.
CLEARED = {
    Level.CRISIS: "clinician_cleared_crisis",
    Level.STOP: "clinician_cleared_stop",
    Level.CHECK: "clinician_cleared_stop",
}

# Raises where somebody may not see that patient at that moment.
CheckSees = Callable[[UnitOfWork, Actor, str, datetime], None]


class MoveFlags:
    """Every change of a flag by people. `outcomes`: how a flag may end, by move."""

    def __init__(
        self,
        records: Records,
        words: Words,
        outcomes: Mapping[str, Collection[str]],
        check_sees: CheckSees,
        clock: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._words = words
        self._outcomes = outcomes
        self._check_sees = check_sees
        self._clock = clock

    def take(self, actor: Actor, flag_id: int, move: str, *, outcome: str = "", note: str = "") -> Flag:
        """One step; the flag as it stands then.

        LookupError: no such flag. ValueError: not from where it stands, not accounted for, or somebody else
        was quicker. Refused: they care for no patients, or not for this one.
        """
        return self._take(actor, flag_id, lambda flag: (move,), outcome, note)

    def end(self, actor: Actor, flag_id: int, move: str, *, outcome: str, note: str) -> Flag:
        """As `take`, acknowledging it on the way where nobody has."""
        return self._take(actor, flag_id, lambda flag: _way_to(flag, move), outcome, note)

    def dismiss_many(self, actor: Actor, flag_ids: Collection[int], *, outcome: str, note: str) -> int:
        """End flags of the lowest level together; how many. ValueError where one is of any other level."""
        check(actor, Permission.CARE)
        with self._records.reading() as uow:
            flags = [self._seen(uow, actor, flag_id) for flag_id in flag_ids]
        if any(flag.level != IN_BULK for flag in flags):
            raise UnaccountedMove("only flags of the lowest level are ended together")
        for flag in flags:
            self.end(actor, flag.id, DISMISS, outcome=outcome, note=note)
        return len(flags)

    def _take(
        self,
        actor: Actor,
        flag_id: int,
        way: Callable[[Flag], Sequence[str]],
        outcome: str,
        note: str,
    ) -> Flag:
        check(actor, Permission.CARE)
        now = self._clock()
        with self._records.unit() as uow:
            uow.patients.hold(self._seen(uow, actor, flag_id).patient_id)
            flag = self._seen(uow, actor, flag_id)
            *before, last = way(flag)
            for move in before:
                flag = self._one(uow, actor, flag, move, "", "", now)
            flag = self._one(uow, actor, flag, last, outcome, note, now)
            if not flag.open:
                self._settle(uow, actor, flag, note, now)
            uow.commit()
        return flag

    def _one(
        self, uow: UnitOfWork, actor: Actor, flag: Flag, move: str, outcome: str, note: str, now: datetime
    ) -> Flag:
        known = self._outcomes.get(move, ())
        if outcome and known and outcome not in known:
            raise UnaccountedMove(f"{move} has no outcome {outcome!r}")
        taken = step(flag, move, by=actor.name, now=now, outcome=outcome if known else None, note=note)
        uow.flags.take(flag, taken)
        uow.audit.record(actor.id, f"flag.{move}", flag.patient_id, f"flag {flag.id}", now)
        moved = uow.flags.get(flag.id)
        assert moved is not None
        return moved

    def _seen(self, uow: UnitOfWork, actor: Actor, flag_id: int) -> Flag:
        flag = uow.flags.get(flag_id)
        if flag is None:
            raise LookupError(f"there is no flag {flag_id}")
        self._check_sees(uow, actor, flag.patient_id, self._clock())
        return flag

    def _settle(self, uow: UnitOfWork, actor: Actor, flag: Flag, note: str, now: datetime) -> None:
        """Close what raised the flag. The patient is told once nothing holds things back any more."""
        standing = uow.assessments.open_for(flag.patient_id)
        raised_by = next((a for a in standing if a.id == flag.assessment_id), None)
        if raised_by is None:
            return
        uow.assessments.close(raised_by.id, by=actor.name, reason=note.strip(), now=now)
        others = [a for a in standing if a is not raised_by and a.level in INTERRUPTING]
        if raised_by.level not in INTERRUPTING or others:
            return
        uow.messages.drop_offers(flag.patient_id)
        patient = uow.patients.get(flag.patient_id)
        for reply in self._words.for_patient(patient)(CLEARED[raised_by.level]):
            uow.messages.say(flag.patient_id, reply, in_reply_to=None, now=now)


def _way_to(flag: Flag, move: str) -> tuple[str, ...]:
    waits = flag.state in (FlagState.NEW, FlagState.ESCALATED)
    return (ACKNOWLEDGE, move) if waits else (move,)
