from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from bot_api import TOKEN, BotApi
from coach_at_work import Coach, Talk, coach_running


@pytest.fixture(scope="session")
def telegram() -> Iterator[BotApi]:
    with BotApi() as running:
        yield running


@pytest.fixture(scope="session")
def coach(telegram: BotApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coach]:
    """Started once, with every door open."""
    settings = {"SAFECUE_TELEGRAM_TOKEN": TOKEN, "SAFECUE_TELEGRAM_API": telegram.url}
    with coach_running(tmp_path_factory.mktemp("coach"), **settings) as running:
        yield running


@pytest.fixture
def talk(coach: Coach) -> Talk:
    return coach.talk()


@pytest.fixture
def onboarded(coach: Coach) -> Callable[..., Talk]:
    """A patient who has answered every question of the onboarding, without a named clinician."""

    def one(*, region: str, movement: str) -> Talk:
        talk = coach.talk()
        talk.say("hello")
        for press in (
            "Yes",
            "Yes, I agree",
            "United Kingdom",
            "None",
            "More than",
            region,
            "No, or",
            "No",
            movement,
        ):
            talk.press(press)
        talk.say("play football with my son")
        talk.press("No reminders")
        return talk

    return one
