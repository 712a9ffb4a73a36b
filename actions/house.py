"""The parts that actions work with, put together once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.facts.clock import utc_now
from bot.usecases.controls import AskForHuman, DeleteData, ExportData, OneQuestion, StopReminders
from bot.usecases.deliver import Words
from bot.usecases.explain import Explain
from bot.usecases.flow import Flow
from bot.usecases.goals import six_goals
from bot.usecases.log import LogPain, LogSession, Progress
from bot.usecases.onboarding import Onboarding
from bot.usecases.ports import Library, Records, Screen
from bot.usecases.profile import Profiles
from bot.usecases.teach import Misunderstood, Teach

Clock = Callable[[], datetime]


class House:
    """Records, words and screening, and the use cases that stand on them."""

    def __init__(self, records: Records, library: Library, screen: Screen, clock: Clock = utc_now) -> None:
        self.records = records
        self.library = library
        self.clock = clock
        self.words = Words(library, screen)
        self.profiles = Profiles(records)
        self.teach = Teach(self.profiles, library)
        self.misunderstood = Misunderstood(records, library)
        self.explain = Explain(records, library)
        self.progress = Progress(records, library)
        self.ask_for_human = AskForHuman(records)
        self.flows = {flow.name: flow for flow in self._all_flows()}

    def _all_flows(self) -> list[Flow]:
        return [
            Onboarding(self.records, self.library),
            *six_goals(self.profiles, self.library),
            LogPain(self.records),
            LogSession(self.records),
            OneQuestion("set_goal_form", "goal", "goal_kept", self.profiles),
            OneQuestion("set_reminder_form", "reminder", "reminder_kept", self.profiles),
            DeleteData("delete_data", self.records),
            ExportData("export_data", self.records),
            StopReminders("stop_reminders", self.records),
        ]
