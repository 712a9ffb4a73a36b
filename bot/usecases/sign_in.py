"""Sessions of the staff: they end when asked to, after a long rest, and after a day's work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.facts.staff import Account, SignedIn
from bot.usecases.ports import Records, UnitOfWork

IDLE = timedelta(minutes=30)  # NIST SP 800-63B, AAL2
LONGEST = timedelta(hours=12)  # the same
NOTED_EVERY = timedelta(minutes=1)  # so that not every page is a write


class Sessions:
    def __init__(self, records: Records, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._clock = clock

    def begin(self, staff_id: str, *, place: str, agent: str) -> str:
        """A new session of somebody who proved who they are; the token their browser is to hold."""
        now = self._clock()
        with self._records.unit() as uow:
            uow.staff.end_old_sessions(begun_before=now - LONGEST, seen_before=now - IDLE)
            token = uow.staff.begin_session(staff_id, place=place, agent=agent, now=now)
            uow.audit.record(staff_id, "session.begin", staff_id, f"from {place}", now)
            uow.commit()
        return token

    def whose(self, token: str) -> tuple[Account, SignedIn] | None:
        """Who holds this token; None where the session has ended or the account is blocked."""
        now = self._clock()
        with self._records.reading() as uow:
            session = uow.staff.session_of(token)
            if session is None or not _lasts(session, now):
                return None
            account = uow.staff.get(session.staff_id)
        if account.blocked:
            return None
        if now - session.seen_at >= NOTED_EVERY:
            self._note(session.id, now)
        return account, session

    def all_of(self, staff_id: str) -> Sequence[SignedIn]:
        """Those that still last, the one that was used last first."""
        now = self._clock()
        with self._records.reading() as uow:
            return [session for session in uow.staff.sessions_of(staff_id) if _lasts(session, now)]

    def end(self, staff_id: str, session_id: str) -> None:
        """One of one's own."""
        with self._records.unit() as uow:
            uow.staff.end_session(staff_id, session_id)
            self._told(uow, staff_id, "one")

    def end_others(self, staff_id: str, session_id: str) -> None:
        with self._records.unit() as uow:
            uow.staff.end_all_sessions(staff_id, but=session_id)
            self._told(uow, staff_id, "all others")

    def _told(self, uow: UnitOfWork, staff_id: str, which: str) -> None:
        uow.audit.record(staff_id, "session.end", staff_id, which, self._clock())
        uow.commit()

    def _note(self, session_id: str, now: datetime) -> None:
        with self._records.unit() as uow:
            uow.staff.saw(session_id, now)
            uow.commit()


def _lasts(session: SignedIn, now: datetime) -> bool:
    return now - session.begun_at < LONGEST and now - session.seen_at < IDLE
