"""How long somebody waits after wrong passwords and codes. Nobody is locked out.

Counted by account and place together, so that whoever guesses elsewhere delays the owner little; by place,
for those who try many accounts; and by account, for those who try from many places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from math import ceil
from threading import Lock

FORGOTTEN_AFTER = timedelta(minutes=15)
FREE, LONGEST = 3, 60.0  # tries without a pause; seconds
FREE_ELSEWHERE, LONGEST_FOR_THE_OWNER = 10, 5.0

Key = tuple[str, str]


def pause_after(failures: int, free: int, longest: float) -> float:
    """Seconds to wait: none for the first, then 1, 2, 4 ... up to `longest`."""
    return 0.0 if failures < free else min(longest, 2.0 ** min(failures - free, 30))


class Patience:
    """Kept in memory: a new start of the console forgets it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._failures: dict[Key, tuple[int, datetime]] = {}
        self._lock = Lock()

    def wait(self, account: str, place: str) -> int:
        """Whole seconds until the next try is looked at; 0: now."""
        now = self._clock()
        with self._lock:
            return max(ceil(self._left(key, now, *limits)) for key, limits in _watched(account, place))

    def failed(self, account: str, place: str) -> None:
        now = self._clock()
        with self._lock:
            self._forget_old(now)
            for key, _ in _watched(account, place):
                count, _ = self._failures.get(key, (0, now))
                self._failures[key] = (count + 1, now)

    def succeeded(self, account: str, place: str) -> None:
        """What was wrong at this account is forgotten; not what was tried elsewhere from here."""
        with self._lock:
            for key, _ in _watched(account, place):
                if key[0]:
                    self._failures.pop(key, None)

    def _left(self, key: Key, now: datetime, free: int, longest: float) -> float:
        count, last = self._failures.get(key, (0, now))
        return max(0.0, pause_after(count, free, longest) - (now - last).total_seconds())

    def _forget_old(self, now: datetime) -> None:
        old = [key for key, (_, last) in self._failures.items() if now - last > FORGOTTEN_AFTER]
        for key in old:
            del self._failures[key]


def _watched(account: str, place: str) -> Iterator[tuple[Key, tuple[int, float]]]:
    yield (account, place), (FREE, LONGEST)
    yield (account, ""), (FREE_ELSEWHERE, LONGEST_FOR_THE_OWNER)
    yield ("", place), (FREE_ELSEWHERE, LONGEST)
