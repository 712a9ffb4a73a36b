"""Opening a patient of another team in need, and the supervisors' notices of it."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.console.pages import Pages, actor, house
from bot.usecases.access import Permission

pages = Pages("glass")


@pages.page("/patients/<patient_id>/break-glass", Permission.CARE)
def ask(patient_id: str) -> str:
    return render_template("break_glass.html", patient_id=patient_id, fault="")


@pages.page("/patients/<patient_id>/break-glass/now", Permission.CARE, methods=("POST",))
def break_glass(patient_id: str) -> Response | tuple[str, int]:
    try:
        until = house().sight.break_glass(actor(), patient_id, request.form.get("reason", ""))
    except ValueError as fault:
        return render_template("break_glass.html", patient_id=patient_id, fault=str(fault)), 400
    flash(f"This patient is open to you until {until:%H:%M} UTC. The supervisors are told.")
    return redirect(url_for("conversations.show", patient_id=patient_id))


@pages.page("/opened", Permission.LEAD, menu="Opened in need")
def notices() -> str:
    return render_template("opened.html", notices=house().sight.notices(actor()))


@pages.page("/opened/<int:note_id>/seen", Permission.LEAD, methods=("POST",))
def saw(note_id: int) -> Response:
    house().sight.saw(actor(), note_id)
    flash("Noted.")
    return redirect(url_for("glass.notices"))
