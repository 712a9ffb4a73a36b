"""The console put together."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from flask import Flask, current_app, render_template, request
from flask_wtf import CSRFProtect
from werkzeug.exceptions import HTTPException, SecurityError

from bot.assembly import ConsoleHouse
from bot.console import audit, conversations, glass, home, linking, mine, staff, worklist
from bot.console.guard import guard
from bot.console.login import secure
from bot.console.pages import Page, check_all_declared, declare, declared_pages, give_house, visitor
from bot.console.pages import house as the_house
from bot.console.words import marked, visible
from bot.usecases.access import Permission, Refused, can
from bot.usecases.sight import NotTheirs
from bot.usecases.sign_in import LONGEST

MATTERS = (
    home.pages,
    worklist.pages,
    conversations.pages,
    linking.pages,
    glass.pages,
    staff.pages,
    audit.pages,
    mine.pages,
)
HERE = ("127.0.0.1", "localhost", "[::1]")
LARGEST_FORM = 256 * 1024  # bytes
WORDS = {
    403: "You may not open this page.",
    404: "There is no such page.",
}

log = logging.getLogger(__name__)


def build_console(house: ConsoleHouse, secret: str, address: str = "") -> Flask:
    """The pages of this house. `secret` signs cookies; `address`: where it is reached over https, if it is.

    Raises Undeclared where a route doesn't say who may open it.
    """
    app = Flask(__name__)
    app.config.update(settings_of(secret, address))
    give_house(app, house)
    guard(app, over_https=bool(address))
    CSRFProtect(app)
    secure(app, secret)
    declare(app, Page("static", Permission.ANYBODY))
    for pages in MATTERS:
        app.register_blueprint(pages)
    check_all_declared(app)
    app.register_error_handler(Refused, refused)
    app.register_error_handler(LookupError, gone)
    app.register_error_handler(SecurityError, misled)
    app.register_error_handler(HTTPException, told)
    app.register_error_handler(Exception, broken)
    app.context_processor(lambda: {"visitor": visitor(), "menu": menu()})
    app.jinja_env.filters.update(moment=moment, visible=visible, marked=marked)
    return app


def settings_of(secret: str, address: str) -> dict[str, Any]:
    https = bool(address)
    return {
        "SECRET_KEY": secret,
        "TRUSTED_HOSTS": [*HERE, *([address.partition("://")[2]] if https else [])],
        "MAX_CONTENT_LENGTH": LARGEST_FORM,
        "MAX_FORM_MEMORY_SIZE": LARGEST_FORM,
        "SESSION_COOKIE_NAME": "__Host-safecue-console" if https else "safecue-console",
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Strict",
        "PERMANENT_SESSION_LIFETIME": LONGEST,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,  # under no-referrer there is none to compare
    }


def menu() -> list[Page]:
    """The pages that whoever is signed in may open."""
    pages = declared_pages(current_app).values()
    return [page for page in pages if page.menu and visitor() and can(visitor(), page.permission)]


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %b %Y, %H:%M} UTC"


def refused(fault: Refused) -> tuple[str, int]:
    if somebody := visitor():
        the_house().audit.refused(somebody, str(fault))
    return problem(403, str(fault), fault.patient_id if isinstance(fault, NotTheirs) else "")


def gone(_: LookupError) -> tuple[str, int]:
    return problem(404, "There is nothing here, or it is gone.")


def misled(_: SecurityError) -> tuple[str, int]:
    """Under a host name that isn't ours no page can be shown."""
    return "This console answers to its own name only.", 400


def told(fault: HTTPException) -> tuple[str, int]:
    return problem(fault.code or 500, WORDS.get(fault.code or 500, fault.description or fault.name))


def broken(fault: Exception) -> tuple[str, int]:
    """The fault's own words may hold what a patient wrote, so only its kind is told."""
    log.error("%s broke off: %s", request.endpoint, type(fault).__name__)
    return problem(500, "Something went wrong on our side. Nothing was changed.")


def problem(status: int, words: str, patient_id: str = "") -> tuple[str, int]:
    """`patient_id`: whom they may open in need."""
    return render_template("problem.html", words=words, patient_id=patient_id), status
