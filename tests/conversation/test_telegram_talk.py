"""A patient on Telegram and the real engine: a whole onboarding, a picture, a stop sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from bot_api import TOKEN, BotApi, Shown
from coach_at_work import Coach

pytestmark = pytest.mark.engine
SECRET_WISH = "play football with my son"


@dataclass
class Phone:
    coach: Coach
    api: BotApi
    chat_id: int = 501

    def say(self, text: str) -> None:
        self.api.say(self.chat_id, text)

    def answers(self, title: str, then: str) -> None:
        """Press a button once it is there, and wait for the words that follow."""
        self.waits(lambda shown: any(button.startswith(title) for button in shown.buttons))
        self.api.press(self.chat_id, title)
        self.hears(then)

    def hears(self, words: str, seconds: float = 60) -> None:
        self.waits(lambda shown: words in shown.text, seconds)

    def waits(self, fits: Callable[[Shown], bool], seconds: float = 60) -> None:
        """For a newest message that fits."""
        chat = self.api.chats[self.chat_id]
        self.coach.wait_until(lambda: bool(chat) and fits(chat[-1]), seconds, every=0.02)


@pytest.fixture
def phone(coach: Coach, telegram: BotApi) -> Phone:
    return Phone(coach, telegram)


def test_onboarding_a_picture_and_a_stop_on_telegram(phone: Phone) -> None:
    phone.say("/start")
    phone.hears("18 or older")
    phone.answers("Yes, I'm 18", then="May I keep these things")
    told = " ".join(phone.api.texts(phone.chat_id))
    assert "not end-to-end encrypted" in told
    assert "Delete chat" in told
    phone.answers("Yes, I agree", then="Which country")
    phone.answers("United Kingdom", then="")
    phone.answers("None", then="How long have you had")
    phone.answers("More than", then="Where does it trouble")
    phone.answers("Knee", then="given your pain a name")
    phone.answers("No, or", then="look after you")
    phone.answers("No", then="avoid or fear most")
    phone.answers("Squat", then="love to do again")
    phone.say(SECRET_WISH)
    phone.answers("No reminders", then="that is all I need")

    phone.say("/log")
    phone.answers("7", then="")
    phone.say("/progress")
    phone.waits(lambda shown: (shown.photo or b"").startswith(b"\x89PNG"))

    phone.say("I've got a tight pain in my chest and my left arm aches")
    phone.hears("999", seconds=2)

    log = (phone.coach.data / "log" / "telegram.log").read_text()
    assert TOKEN not in log
    assert "football" not in log
