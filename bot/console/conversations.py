"""The pages of the transcripts: the list of conversations, and one of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answer

from bot.console.pages import Pages, actor, house
from bot.console.talk_file import as_csv, as_json
from bot.console.transcript import rows, told
from bot.console.wanted import asked_in, day_in, place_in, told_place
from bot.console.words import folded, marked, visible
from bot.facts.clinical import Level
from bot.facts.review import Reading
from bot.pictures import draw_days, is_progress, last_days
from bot.usecases.access import Permission
from bot.usecases.conversations import Shown
from bot.usecases.margins import LONGEST_NOTE, LONGEST_TAG, Unfit
from bot.usecases.safe_replies import MayNotBeSaid

pages = Pages("conversations")
pages.add_app_template_filter(visible)
pages.add_app_template_filter(marked)
pages.add_app_template_filter(folded)
pages.add_app_template_filter(told, "span")

FILES = {"csv": (as_csv, "text/csv; charset=utf-8"), "json": (as_json, "application/json")}
LOOKED_FOR = "conversations"  # in the session: it holds no more than the address did
AN_ID = re.compile("[0-9a-f]{32}")
PICTURE_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}


@pages.before_request
def know_by_id() -> None:
    """Patients and messages are asked for by ids of ours: others may hold what no database takes."""
    asked = {**request.values, **(request.view_args or {})}
    ids = (asked.get(name) for name in ("patient_id", "message_id", "m", "on"))
    if not all(AN_ID.fullmatch(asked_id) for asked_id in ids if asked_id):
        abort(404)


@pages.page("/conversations", Permission.SEE_PATIENTS, menu="Conversations")
def listed() -> str | tuple[str, int]:
    asked = asked_in(request.args)
    session[LOOKED_FOR] = dict(asked.typed)
    found, more = house().conversations.listed(
        actor(), asked.wanted, place_in(request.args.get("behind", ""))
    )
    page = render_template(
        "conversations.html",
        conversations=[] if asked.faults else found,
        behind=told_place(found[-1].place) if more and not asked.faults else None,
        asked=asked,
        known_tags=house().conversations.known_tags(),
        topics=house().library.topics(),
        levels=[*Level],
        readings=[*Reading],
        now=house().clock(),
    )
    return (page, 400) if asked.faults else page


@pages.page("/conversations/<patient_id>", Permission.SEE_PATIENTS)
def show(patient_id: str) -> str:
    return _page(patient_id, _stretch(patient_id))


@pages.page("/conversations/<patient_id>/all", Permission.SEE_PATIENTS)
def whole(patient_id: str) -> str:
    shown = house().conversations.whole(actor(), patient_id)
    return render_template("whole_conversation.html", shown=shown, rows=rows(shown.stretch.lines, shown.zone))


@pages.page("/conversations/<patient_id>/file.<form>", Permission.SEE_PATIENTS, methods=("POST",))
def export(patient_id: str, form: str) -> Response:
    if form not in FILES:
        abort(404)
    write, kind = FILES[form]
    lines, zone = house().conversations.export(actor(), patient_id, form)
    name = f"conversation-{patient_id[:8]}.{form}"
    return Response(
        write(lines, zone),
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@pages.page("/conversations/<patient_id>/pictures/<message_id>", Permission.SEE_PATIENTS)
def picture(patient_id: str, message_id: str) -> Response:
    message, pains, zone = house().conversations.pains_shown(actor(), patient_id, message_id)
    if is_progress(message.image):
        count = int(house().library.number("progress_days"))
        days = last_days(pains, message.at.astimezone(zone).date(), count, zone)
        return Response(draw_days(days), content_type="image/png")
    path = house().pictures / Path(message.image or "").name
    if path.suffix not in PICTURE_TYPES or not path.is_file():
        abort(404)
    return Response(path.read_bytes(), content_type=PICTURE_TYPES[path.suffix])


@pages.page("/conversations/<patient_id>/notes", Permission.CARE, methods=("POST",))
def write_note(patient_id: str) -> Answer | tuple[str, int]:
    text, shared = request.form.get("text", ""), "shared" in request.form
    return _beside(
        patient_id,
        lambda on: house().margins.write_note(actor(), patient_id, on, text, shared=shared),
        "The note is kept.",
    )


@pages.page("/notes/<int:note_id>/share", Permission.CARE, methods=("POST",))
def share_note(note_id: int) -> Answer:
    note = house().margins.share_note(actor(), note_id)
    return _back(note.patient_id, note.message_id, "The team can read the note now.")


@pages.page("/notes/<int:note_id>/remove", Permission.CARE, methods=("POST",))
def remove_note(note_id: int) -> Answer:
    note = house().margins.remove_note(actor(), note_id)
    return _back(note.patient_id, note.message_id, "The note is removed.")


@pages.page("/conversations/<patient_id>/tags", Permission.CARE, methods=("POST",))
def tag(patient_id: str) -> Answer | tuple[str, int]:
    typed = request.form.get("tag", "")
    return _beside(
        patient_id, lambda on: house().margins.tag(actor(), patient_id, on, typed), "The tag is put."
    )


@pages.page("/conversations/<patient_id>/tags/remove", Permission.CARE, methods=("POST",))
def untag(patient_id: str) -> Answer | tuple[str, int]:
    typed = request.form.get("tag", "")
    return _beside(
        patient_id, lambda on: house().margins.untag(actor(), patient_id, on, typed), "The tag is removed."
    )


@pages.page("/conversations/<patient_id>/reading", Permission.CARE, methods=("POST",))
def mark(patient_id: str) -> Answer:
    try:
        reading, upto = Reading(request.form.get("reading", "")), int(request.form.get("upto", "0"))
    except ValueError:
        abort(400)
    house().margins.mark(actor(), patient_id, reading, upto)
    flash(f"The conversation is marked: {reading.value}.")
    return redirect(url_for(".listed", **_looked_for()), 303)


@pages.page("/conversations/<patient_id>/replies", Permission.CARE, methods=("POST",))
def reply(patient_id: str) -> Answer | tuple[str, int]:
    try:
        sent = house().replies.send(actor(), patient_id, request.form.get("template", ""))
    except MayNotBeSaid as fault:
        return _page(patient_id, _stretch(patient_id), fault=str(fault)), 409
    return _back(patient_id, sent, "It is on its way to the patient.")


def _stretch(patient_id: str) -> Shown:
    """What the address asks for: around a message, from a day, behind or before a number; or what is new."""
    talks, where = house().conversations, request.args
    if "m" in where:
        return talks.around(actor(), patient_id, where["m"])
    if "day" in where and (day := where.get("day", type=day_in)):
        return talks.at_date(actor(), patient_id, day)
    behind, before = (where.get(name, type=_number) for name in ("behind", "before"))
    if behind is None and before is None and "newest" not in where:
        return talks.next(actor(), patient_id)
    return talks.stretch(actor(), patient_id, behind=behind, before=before)


def _page(patient_id: str, shown: Shown, *, fault: str = "", on: str | None = None) -> str:
    return render_template(
        "conversation.html",
        shown=shown,
        rows=[*rows(shown.stretch.lines, shown.zone, shown.margin.upto_seq)],
        templates=house().replies.templates(actor(), patient_id),
        known_tags=house().conversations.known_tags(),
        readings=[*Reading],
        longest_note=LONGEST_NOTE,
        longest_tag=LONGEST_TAG,
        looked_for=_looked_for(),
        fault=fault,
        fault_on=on,
        typed=request.form.get("text", "") or request.form.get("tag", ""),
    )


def _looked_for() -> dict[str, Any]:
    """The filter of the list that they came from, so that a review goes on where it was."""
    return dict(session.get(LOOKED_FOR, {}))


def _beside(patient_id: str, step: Callable[[str | None], Any], done: str) -> Answer | tuple[str, int]:
    """A step at the margin of a message, or of the talk. What can't be kept stays in its box, and is told."""
    on = request.form.get("on") or None
    try:
        step(on)
    except Unfit as fault:
        talks = house().conversations
        shown = talks.around(actor(), patient_id, on) if on else talks.next(actor(), patient_id)
        return _page(patient_id, shown, fault=str(fault), on=on), 400
    return _back(patient_id, on, done)


def _back(patient_id: str, message_id: str | None, done: str) -> Answer:
    flash(done)
    anchor = f"m-{message_id}" if message_id else None
    return redirect(url_for(".show", patient_id=patient_id, m=message_id, _anchor=anchor), 303)


def _number(words: str) -> int:
    number = int(words)
    if not 0 <= number < 2**31:
        raise ValueError(words)
    return number
