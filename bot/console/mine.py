"""One's own account: where one is signed in, the password, the second factor."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.console.pages import Pages, actor, house
from bot.usecases.access import Permission

pages = Pages("mine")


@pages.page("/mine", Permission.STAFF)
def account() -> str:
    sessions = house().sessions.all_of(actor().id)
    return render_template("mine.html", account=g.account, sessions=sessions, here=g.signed_in.id)


@pages.page("/mine/sessions/end", Permission.STAFF, methods=("POST",))
def end_session() -> Response:
    house().sessions.end(actor().id, request.form.get("session", ""))
    flash("That session has ended.")
    return redirect(url_for("mine.account"))


@pages.page("/mine/sessions/end-others", Permission.STAFF, methods=("POST",))
def end_others() -> Response:
    house().sessions.end_others(actor().id, g.signed_in.id)
    flash("All your other sessions have ended.")
    return redirect(url_for("mine.account"))
