"""The parts that actions work with, put together once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from bot.facts.clock import utc_now
from bot.usecases.clock import SetReminder
from bot.usecases.controls import (
    AnswerToWish,
    AskForHuman,
    DeleteData,
    ExportData,
    OneQuestion,
    StopReminders,
)
from bot.usecases.deliver import Words
from bot.usecases.explain import Explain
from bot.usecases.first_week import Details
from bot.usecases.flow import Flow
from bot.usecases.goals import six_goals
from bot.usecases.log import CorrectPain, LogPain, LogSession, Progress
from bot.usecases.onboarding import Onboarding
from bot.usecases.ports import Library, Records, Screen, UnitOfWork
from bot.usecases.profile import Profiles
from bot.usecases.teach import Misunderstood, Teach

Clock = Callable[[], datetime]


class Noticing:
    """The records of a call, all in one thread. `writes` tells whether it may have changed what it read."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._thread = threading.local()

    @property
    def writes(self) -> int:
        return getattr(self._thread, "writes", 0)

    def unit(self) -> AbstractContextManager[UnitOfWork]:
        self._thread.writes = self.writes + 1
        return self._records.unit()

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        return self._records.reading()

    def purge(self, now: datetime, retention: timedelta) -> Mapping[str, int]:
        return self._records.purge(now, retention)

    def export(self, patient_id: str) -> Mapping[str, Any]:
        return self._records.export(patient_id)


class House:
    """Records, words and screening, and the use cases that stand on them."""

    def __init__(self, records: Records, library: Library, screen: Screen, clock: Clock = utc_now) -> None:
        records = self.records = Noticing(records)
        self.library = library
        self.clock = clock
        self.words = Words(library, screen)
        self.profiles = Profiles(records)
        self.teach = Teach(self.profiles, library)
        self.misunderstood = Misunderstood(records, library)
        self.explain = Explain(records, library)
        self.progress = Progress(records, library)
        self.ask_for_human = AskForHuman(records)
        self.answer_to_wish = AnswerToWish(records, library)
        self.correct_pain = CorrectPain(records, library)
        self.flows = {flow.name: flow for flow in self._all_flows()}

    def _all_flows(self) -> list[Flow]:
        return [
            Onboarding(self.records, self.library),
            *six_goals(self.profiles, self.library),
            Details(self.profiles, self.library),
            LogPain(self.records),
            self.correct_pain,
            LogSession(self.records),
            OneQuestion("set_goal_form", "goal", "goal_kept", self.profiles),
            SetReminder(self.profiles),
            DeleteData("delete_data", self.records),
            ExportData("export_data", self.records),
            StopReminders("stop_reminders", self.records),
        ]
