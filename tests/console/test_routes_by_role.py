"""Every route with every role, walked with real requests; and the table of them in docs/."""

from __future__ import annotations

import re

import pytest
from console_at_work import HERE, ConsoleAtWork, Visitor
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from bot.console.pages import declared_pages
from bot.console.routes import methods_of, table_of
from bot.facts.staff import Actor, Role
from bot.settings import ROOT
from bot.usecases.access import Permission, can

WHO = (None, *Role)


def refused(answer: TestResponse) -> bool:
    """Whether the guard let nobody through: no page at all, or the way to sign in."""
    to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/login?next=")
    return answer.status_code == 403 or to_sign_in


def address(rule: Rule) -> str:
    """With an id that nobody has."""
    return re.sub(r"<[^>]+>", "0", rule.rule)


def ask(visitor: Visitor, method: str, path: str) -> TestResponse:
    return visitor.send(path) if method == "POST" else visitor.open(path, method=method, base_url=HERE)


@pytest.mark.parametrize("role", WHO, ids=lambda role: role.value if role else "nobody")
def test_every_route_opens_to_those_alone_whom_it_is_declared_for(
    console: ConsoleAtWork, role: Role | None
) -> None:
    pages = declared_pages(console.app)
    actor = console.hire(role) if role else None
    wrong = []
    for rule in console.app.url_map.iter_rules():
        for method in methods_of(rule):
            visitor = console.visit_of(actor) if actor else console.visitor()
            answer = ask(visitor, method, address(rule))
            if refused(answer) is can(actor, pages[rule.endpoint].permission):
                wrong.append((method, rule.rule, answer.status_code))
    assert wrong == []


def test_a_route_that_changes_something_is_never_reached_by_get(console: ConsoleAtWork) -> None:
    """Those of Flask-Security show and take a form at one address."""
    rules = [rule for rule in console.app.url_map.iter_rules() if not rule.endpoint.startswith("security.")]
    both = [rule.rule for rule in rules if {"GET", "POST"} <= set(methods_of(rule))]
    assert both == []


def test_what_the_console_does_not_offer_is_closed_to_everybody(console: ConsoleAtWork) -> None:
    closed = [page for page in declared_pages(console.app).values() if page.permission is Permission.NOBODY]
    assert {page.endpoint for page in closed} == {
        "security.two_factor_rescue",
        "security.tf_select",
        "security.static",
    }


def test_an_administrator_reads_no_patient_and_an_author_no_person() -> None:
    for role in (Role.ADMINISTRATOR, Role.AUTHOR, Role.AUDITOR):
        actor = Actor("", "", frozenset({role}))
        assert not can(actor, Permission.SEE_PATIENTS)
        assert not can(actor, Permission.CARE)


def test_a_refusal_is_in_the_audit(console: ConsoleAtWork) -> None:
    author = console.hire(Role.AUTHOR)
    console.visit_of(author).show("/staff")
    with console.house.records.reading() as uow:
        entries = uow.audit.entries(actor=author.id)
    assert [(e.action, e.detail) for e in entries if e.action == "refused"] == [
        ("refused", "staff.everybody")
    ]


def test_the_table_in_the_docs_is_the_one_that_holds(console: ConsoleAtWork) -> None:
    """Written anew by: .venv/bin/safecue console routes > docs/console-routes.md"""
    assert (ROOT / "docs" / "console-routes.md").read_text("utf-8") == table_of(console.app)
