"""The first page, and what tells the supervisor that the console is ready."""

from __future__ import annotations

from flask import render_template

from bot.console.pages import Pages
from bot.usecases.access import Permission

pages = Pages("home")


@pages.page("/health", Permission.ANYBODY)
def health() -> dict[str, bool]:
    return {"ready": True}


@pages.page("/", Permission.STAFF)
def start() -> str:
    return render_template("home.html")
