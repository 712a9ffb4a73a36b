"""What waits for a clinician, gravest first, and one flag with all there is to say about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.console.pages import Pages, actor, house
from bot.facts.flags import Flag, FlagKind
from bot.triage.flag_life import IN_BULK, moves_from
from bot.usecases.access import Permission, can
from bot.usecases.read_flags import SIGNALS

pages = Pages("worklist")

Answer = str | tuple[str, int] | Response


@pages.page("/flags", Permission.SEE_PATIENTS, menu="Flags")
def waiting() -> str:
    return _worklist(_only(request.args.get("only", "")))


@pages.page("/flags/<int:flag_id>", Permission.SEE_PATIENTS)
def one(flag_id: int) -> str:
    return _flag(flag_id)


@pages.page("/flags/<int:flag_id>/<move>", Permission.CARE, methods=("POST",))
def take(flag_id: int, move: str) -> Answer:
    outcome, note = request.form.get("outcome", ""), request.form.get("note", "")
    try:
        house().moves.take(actor(), flag_id, move, outcome=outcome, note=note)
    except ValueError as fault:
        return _flag(flag_id, fault=str(fault), tried=move, outcome=outcome, note=note), 422
    flash(f"Flag {flag_id}: {house().words.moves[move].word.lower()}, done.")
    return redirect(url_for("worklist.one", flag_id=flag_id), 303)


@pages.page("/flags/together", Permission.CARE, methods=("POST",))
def together() -> Answer:
    """End flags of the lowest level, and of no other, in one go."""
    chosen = request.form.getlist("flag", type=int)
    outcome, note = request.form.get("outcome", ""), request.form.get("note", "")
    try:
        if not chosen:
            raise ValueError("choose at least one flag")
        ended = house().moves.dismiss_many(actor(), chosen, outcome=outcome, note=note)
    except ValueError as fault:
        return _worklist(IN_BULK, fault=str(fault), chosen=chosen, outcome=outcome, note=note), 422
    flash(f"{ended} {'flag is' if ended == 1 else 'flags are'} ended.")
    return redirect(url_for("worklist.waiting"), 303)


def _worklist(only: str, **told: object) -> str:
    now, words = house().clock(), house().words
    return render_template(
        "worklist.html",
        list=house().flags.worklist(actor(), only),
        only=only,
        now=now,
        words=words,
        watched=words.watched.at(now),
        in_bulk=IN_BULK if can(actor(), Permission.CARE) else None,
        about=about,
        until=until,
        **told,
    )


def _flag(flag_id: int, **told: object) -> str:
    view = house().flags.flag(actor(), flag_id)
    flag = view.waiting.flag
    house().audit.read(actor(), flag.patient_id, f"flag {flag.id}")
    return render_template(
        "flag.html",
        view=view,
        flag=flag,
        now=house().clock(),
        words=house().words,
        signs=house().signs,
        moves=moves_from(flag.state) if can(actor(), Permission.CARE) else (),
        about=about,
        named=named,
        until=until,
        **told,
    )


def _only(asked: str) -> str:
    """A level or a signal, or nothing: all of them."""
    return asked if asked in ("", *house().words.levels, *SIGNALS) else abort(404)


def about(flag: Flag) -> str:
    """What a flag is about, with the signs by their names."""
    of = ", ".join(named(rule) for rule in flag.summary.rpartition(": ")[2].split(", "))
    return of if flag.kind is FlagKind.SIGN else f"{house().words.kinds[flag.kind.value]}: {of}"


def named(rule: str) -> str:
    """A sign or a rule over the log as people call it."""
    names = {**house().words.logged, **house().signs}
    return names.get(rule, rule.replace("_", " "))


def span(time: timedelta) -> str:
    """As people say it: minutes up to two hours, hours up to two days, then days."""
    minutes = int(abs(time).total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"


def until(due: datetime, now: datetime) -> str:
    """When something is due, seen from now."""
    return f"{span(now - due)} late" if due <= now else f"in {span(due - now)}"
