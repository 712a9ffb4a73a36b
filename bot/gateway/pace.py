"""How fast ordinary words leave. The library's own limiter would hold up a stop with all the rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PER_SECOND = 25.0  # Telegram takes about 30 messages a second from a bot
SEVERAL = 3


class Pace:
    """Turns are given in the order of asking. Safety words don't ask."""

    def __init__(self, per_second: float = PER_SECOND, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap = 1 / per_second
        self._clock = clock
        self._next = 0.0
        self._closed_until = 0.0
        self._refused: dict[str, float] = {}

    async def turn(self) -> None:
        place = self._next = max(self._next + self._gap, self._clock())
        while (wait := max(place, self._closed_until) - self._clock()) > 0:
            await asyncio.sleep(wait)

    def refused(self, patient_id: str, seconds: float) -> None:
        """Telegram named a wait for one chat; where several are refused at once, the whole bot is meant."""
        now = self._clock()
        self._refused = {who: until for who, until in self._refused.items() if until > now}
        self._refused[patient_id] = now + seconds
        if len(self._refused) >= SEVERAL:
            self._closed_until = max(self._closed_until, now + seconds)
