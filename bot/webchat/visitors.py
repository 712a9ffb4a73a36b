"""Who is at the page: a random conversation id in a signed cookie. It says nothing about a person."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "safecue"
YEAR = 365 * 24 * 60 * 60


class Visitors:
    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def of(self, request: Request) -> str | None:
        """The visitor's conversation id; None for a new visitor or a cookie that isn't ours."""
        visitor, _, signature = request.cookies.get(COOKIE, "").partition(".")
        genuine = hmac.compare_digest(signature.encode(), self._sign(visitor).encode())
        return visitor if visitor and genuine else None

    def new(self) -> str:
        return secrets.token_urlsafe(24)

    def remember(self, response: Response, visitor: str, *, secure: bool) -> None:
        """Set, or prolong, the visitor's cookie; `secure` where the page came over TLS."""
        response.set_cookie(
            COOKIE,
            f"{visitor}.{self._sign(visitor)}",
            max_age=YEAR,
            httponly=True,
            samesite="strict",
            secure=secure,
        )

    def _sign(self, visitor: str) -> str:
        return hmac.new(self._secret, visitor.encode(), hashlib.sha256).hexdigest()
