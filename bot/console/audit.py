"""The auditor's page: who did what, by person and time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from flask import render_template, request

from bot.console.pages import Pages, actor, house
from bot.usecases.access import Permission
from bot.usecases.audit_trail import Wanted

pages = Pages("audit")


@pages.page("/audit", Permission.READ_AUDIT, menu="Audit")
def entries() -> str:
    asked = request.args
    page = house().audit.entries(actor(), wanted())
    names = {one.id: one.name for one in page.staff}
    return render_template("audit.html", page=page, names=names, asked=asked)


def wanted() -> Wanted:
    """What can't be read counts as not asked for; `to` is a whole day."""
    asked = request.args
    return Wanted(
        actor=asked.get("actor") or None,
        subject=asked.get("subject", "").strip() or None,
        since=midnight(asked.get("from", "")),
        until=midnight(asked.get("to", ""), days_later=1),
        before=number(asked.get("before", "")),
    )


def midnight(day: str, days_later: int = 0) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(day), time(), UTC) + timedelta(days=days_later)
    except (ValueError, OverflowError):
        return None


def number(written: str) -> int | None:
    """As large as an id can be."""
    return int(written) if re.fullmatch(r"[0-9]{1,9}", written) else None
