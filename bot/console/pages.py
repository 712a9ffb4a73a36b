"""Pages of the console. One that doesn't say who may open it keeps the console from starting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Blueprint, Flask, abort, current_app, g
from flask.sansio.app import App

from bot.assembly import ConsoleHouse
from bot.facts.staff import Actor
from bot.usecases.access import Permission

View = TypeVar("View", bound=Callable[..., Any])
_DECLARED = "safecue_pages"
_HOUSE = "safecue_house"


@dataclass(frozen=True, slots=True)
class Page:
    """What a page needs, and its place in the menu (empty: none)."""

    endpoint: str
    permission: Permission
    menu: str = ""


class Undeclared(Exception):
    """A route that doesn't say who may open it."""


class Pages(Blueprint):
    """The pages of one matter: `@pages.page("/flags", Permission.SEE_PATIENTS, menu="Flags")`."""

    def __init__(self, name: str) -> None:
        super().__init__(name, __name__)

    def page(
        self, rule: str, permission: Permission, *, methods: Sequence[str] = ("GET",), menu: str = ""
    ) -> Callable[[View], View]:
        def declared(view: View) -> View:
            page = Page(f"{self.name}.{view.__name__}", permission, menu)
            self.record(lambda state: declare(state.app, page))
            self.add_url_rule(rule, view_func=view, methods=list(methods))
            return view

        return declared


def declare(app: App, page: Page) -> None:
    app.extensions.setdefault(_DECLARED, {})[page.endpoint] = page


def declared_pages(app: Flask) -> Mapping[str, Page]:
    """By endpoint, in the order of the menu."""
    pages: Mapping[str, Page] = app.extensions.get(_DECLARED, {})
    return pages


def check_all_declared(app: Flask) -> None:
    """Raises Undeclared."""
    silent = {rule.endpoint for rule in app.url_map.iter_rules()} - declared_pages(app).keys()
    if silent:
        raise Undeclared(f"no permission is declared for: {', '.join(sorted(silent))}")


def give_house(app: Flask, house: ConsoleHouse) -> None:
    app.extensions[_HOUSE] = house


def house() -> ConsoleHouse:
    found: ConsoleHouse = current_app.extensions[_HOUSE]
    return found


def visitor() -> Actor | None:
    """Who is signed in, if anybody."""
    found: Actor | None = g.get("actor")
    return found


def actor() -> Actor:
    """Who is signed in, on a page that only they may open."""
    return visitor() or abort(403)
