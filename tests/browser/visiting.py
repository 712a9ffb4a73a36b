"""What the browser tests hold in hand: a served page, and a visit to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fake_house import FakeHouse
from playwright.sync_api import Page


@dataclass
class Served:
    house: FakeHouse
    address: str


@dataclass
class Visit:
    """An open page. `faults`: what the browser complained of, breaches of the content policy among them."""

    page: Page
    faults: list[str]

    def say(self, words: str) -> None:
        self.page.get_by_label("Your message").fill(words)
        self.page.keyboard.press("Enter")


Opens = Callable[..., Visit]
