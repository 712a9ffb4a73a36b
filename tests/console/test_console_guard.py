"""Who may open which page of the console, and what every answer carries."""

from __future__ import annotations

import pytest
from console_at_work import ConsoleAtWork
from flask import Flask

from bot.console.pages import Pages, Undeclared, check_all_declared
from bot.facts.staff import Role
from bot.usecases.access import Permission


def test_a_page_that_does_not_say_who_may_open_it_keeps_the_console_from_starting() -> None:
    app = Flask("small", static_folder=None)
    pages = Pages("small")
    pages.add_url_rule("/silent", endpoint="silent", view_func=lambda: "")
    pages.page("/declared", Permission.STAFF)(declared)
    app.register_blueprint(pages)
    with pytest.raises(Undeclared, match=r"small\.silent$"):
        check_all_declared(app)


def declared() -> str:
    return ""


def test_somebody_who_signed_in_is_greeted_by_name(console: ConsoleAtWork) -> None:
    nurse = console.hire(Role.CLINICIAN, name="Nurse <b>Ames</b>")
    page = console.visit_of(nurse).show("/").text
    assert "Nurse &lt;b&gt;Ames&lt;/b&gt;" in page


def test_another_host_name_is_not_answered(console: ConsoleAtWork) -> None:
    assert console.visitor().get("/health", base_url="http://evil.example").status_code == 400


def test_every_answer_forbids_all_that_the_pages_do_not_need(console: ConsoleAtWork) -> None:
    for path in ("/health", "/nowhere", "/static/console.css"):
        headers = console.visitor().show(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
