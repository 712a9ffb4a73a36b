"""The administrator's pages: who works here and as what; and the page on which somebody invited begins."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.console.login import place_of_request, weighed
from bot.console.pages import Pages, actor, house
from bot.facts.staff import Role
from bot.usecases.access import Permission

pages = Pages("staff")
INVITED = "an invitation"
Answer = str | Response | tuple[str, int]


@pages.page("/staff", Permission.MANAGE_STAFF, menu="Staff")
def everybody() -> str:
    return shown()


@pages.page("/staff/invite", Permission.MANAGE_STAFF, methods=("POST",))
def invite() -> Answer:
    try:
        code, ends_at = house().accounts.invite(
            actor(), request.form.get("name", ""), chosen_roles(), request.form.getlist("team")
        )
    except ValueError as fault:
        return shown(str(fault)), 400
    page = url_for("staff.invitation", _external=True)
    return render_template("invited.html", code=code, ends_at=ends_at, page=page)


@pages.page("/staff/team", Permission.MANAGE_STAFF, methods=("POST",))
def add_team() -> Answer:
    try:
        house().accounts.add_team(actor(), request.form.get("name", ""))
    except ValueError as fault:
        return shown(str(fault)), 400
    flash("The team is there.")
    return redirect(url_for("staff.everybody"))


@pages.page("/staff/<staff_id>", Permission.MANAGE_STAFF, methods=("POST",))
def change(staff_id: str) -> Answer:
    try:
        house().accounts.change(
            actor(),
            staff_id,
            roles=chosen_roles(),
            teams=request.form.getlist("team"),
            blocked="blocked" in request.form,
        )
    except ValueError as fault:
        return shown(str(fault)), 400
    flash("Changed.")
    return redirect(url_for("staff.everybody"))


@pages.page("/staff/<staff_id>/second-factor", Permission.MANAGE_STAFF, methods=("POST",))
def forget_second_factor(staff_id: str) -> Answer:
    house().accounts.forget_second_factor(actor(), staff_id)
    flash("Their second factor is gone. They set it up anew when they next sign in.")
    return redirect(url_for("staff.everybody"))


@pages.page("/invitation", Permission.ANYBODY)
def invitation() -> str:
    return render_template("invitation.html", faults=[], email="")


@pages.page("/invitation/accept", Permission.ANYBODY, methods=("POST",))
def accept() -> Answer:
    email, place = request.form.get("email", "").strip(), place_of_request()
    if pause := house().patience.wait(INVITED, place):
        return unfit(email, f"Please wait {pause} s after a wrong try, then try again.")
    if "@" not in email or len(email) > 254:
        return unfit(email, "Write your e-mail address.")
    faults, hashed = weighed(request.form.get("password", ""), {"email": email})
    if faults:
        return unfit(email, *faults)
    try:
        account = house().accounts.accept(request.form.get("code", ""), email, hashed)
    except ValueError:
        return unfit(email, "This e-mail address can't be used here. Take another.")
    if account is None:
        house().patience.failed(INVITED, place)
        return unfit(email, "This code is not right, or was used, or has ended. Ask for a new one.")
    flash("Your account is there. Sign in to set up your second factor.")
    return redirect(url_for("security.login"))


def unfit(email: str, *faults: str) -> tuple[str, int]:
    return render_template("invitation.html", faults=faults, email=email), 400


def shown(fault: str = "") -> str:
    staff, invited, teams = house().accounts.everybody(actor())
    return render_template("staff.html", staff=staff, invited=invited, teams=teams, roles=Role, fault=fault)


def chosen_roles() -> list[Role]:
    try:
        return [Role(role) for role in request.form.getlist("role")]
    except ValueError:
        abort(400)
