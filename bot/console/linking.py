"""Tying a patient to a team: the code that they are to type to the coach."""

from __future__ import annotations

from flask import render_template, request

from bot.console.pages import Pages, actor, house
from bot.usecases.access import Permission

pages = Pages("linking")


@pages.page("/link", Permission.CARE, menu="Link a patient")
def choose() -> str:
    return render_template("link.html", teams=house().codes.teams_of(actor()))


@pages.page("/link/code", Permission.CARE, methods=("POST",))
def make() -> str:
    code, ends_at = house().codes.make(actor(), request.form.get("team", ""))
    return render_template("link_code.html", code=code, ends_at=ends_at)
