"""What holds for every request: who may open which page, and which headers go back."""

from __future__ import annotations

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.console.pages import declared_pages, house, visitor
from bot.usecases.access import can

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
FOR_A_YEAR = "max-age=31536000"
TOKEN = "_user_id"  # where Flask-Login keeps whose session it is


def guard(app: Flask, *, over_https: bool) -> None:
    headers = HEADERS | ({"Strict-Transport-Security": FOR_A_YEAR} if over_https else {})

    def shielded(response: Response) -> Response:
        response.headers.update(headers)
        return response

    app.before_request(refuse_unkept)
    app.before_request(recognise)
    app.before_request(admit)
    app.after_request(shielded)


def refuse_unkept() -> None:
    """No page of ours sends what PostgreSQL can't keep: a null character."""
    sent = (request.path, *(value for _, value in request.values.items(multi=True)))
    if any("\0" in value for value in sent):
        abort(400)


def recognise() -> None:
    """Whose session this is. One that has ended holds nothing any more."""
    token = session.get(TOKEN)
    found = house().sessions.whose(token) if token else None
    if found:
        g.account, g.signed_in = found
        g.actor = g.account.actor
    elif token:
        session.clear()


def admit() -> AnyResponse | None:
    page = declared_pages(current_app).get(request.endpoint or "")
    if page is None or can(visitor(), page.permission):
        return None
    if somebody := visitor():
        house().audit.refused(somebody, page.endpoint)
        abort(403)
    return redirect(url_for("security.login", next=request.full_path.rstrip("?")))
