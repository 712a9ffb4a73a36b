"""Every route of the console and which role may open it, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

from bot.console.pages import declared_pages
from bot.facts.staff import Actor, Role
from bot.usecases.access import Permission, can

COLUMNS = ("route", "needs", "not signed in", *(role.value for role in Role))


def table_of(app: Flask) -> str:
    """In Markdown, one route and method a line, by address."""
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *sorted(_rows(app))]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def methods_of(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def _rows(app: Flask) -> Iterator[tuple[str, ...]]:
    for rule in app.url_map.iter_rules():
        needed = declared_pages(app)[rule.endpoint].permission
        for method in methods_of(rule):
            yield f"`{method} {rule.rule}`", needed.value, *_answers(needed)


def _answers(needed: Permission) -> Iterator[str]:
    visitors = (None, *(Actor("", "", frozenset({role})) for role in Role))
    return ("yes" if can(visitor, needed) else "-" for visitor in visitors)
