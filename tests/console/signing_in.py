"""What somebody does to sign in, page by page, as a browser without scripts would."""

from __future__ import annotations

import re
from dataclasses import dataclass

from console_at_work import HERE, ConsoleAtWork, Visitor
from passlib.totp import TOTP
from werkzeug.test import TestResponse

PASSWORD = "seven quiet herons at the weir"
EMAIL = "ames@clinic.example"


@dataclass
class Person:
    """Somebody with a password and an app that shows codes."""

    email: str = EMAIL
    password: str = PASSWORD
    key: str = ""

    def code(self, at: float) -> str:
        return str(TOTP(key=self.key, format="base32").generate(int(at)).token)


def post(visitor: Visitor, path: str, **fields: str) -> TestResponse:
    """A form of the page that is open now."""
    return visitor.post(path, data=fields, base_url=HERE, follow_redirects=True)


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def begins(console: ConsoleAtWork, visitor: Visitor, code: str, person: Person) -> TestResponse:
    page = visitor.show("/invitation").text
    return post(
        visitor,
        "/invitation/accept",
        csrf_token=token_in(page),
        code=code,
        email=person.email,
        password=person.password,
    )


def types_password(visitor: Visitor, person: Person, password: str = "") -> TestResponse:
    page = visitor.show("/login").text
    return post(
        visitor,
        "/login",
        csrf_token=token_in(page),
        email=person.email,
        password=password or person.password,
    )


def sets_up_app(visitor: Visitor, person: Person, page: TestResponse) -> TestResponse:
    shown = post(visitor, "/tf-setup", csrf_token=token_in(page.text), setup="authenticator")
    key = re.search(r'class="code">([^<]+)<', shown.text)
    assert key, shown.text
    person.key = key[1].replace(" ", "").replace("-", "")
    return shown


def types_code(visitor: Visitor, page: TestResponse, code: str) -> TestResponse:
    return post(visitor, "/tf-validate", csrf_token=token_in(page.text), code=code)
