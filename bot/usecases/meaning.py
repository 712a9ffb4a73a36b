"""What a message means before anybody is asked: a pressed button, a command, an exact short form."""

from __future__ import annotations

from collections.abc import Mapping

from bot.facts.talk import Message
from bot.usecases.correction import correction
from bot.usecases.ports import Library

CORRECTS = "correct_entry"


def meant_by(message: Message, library: Library) -> tuple[str | None, Mapping[str, str]]:
    """The intent behind a pressed button, a command or an exact short form."""
    if message.payload is None:
        meant = library.short_form(message.text or "")
        return (CORRECTS if meant is None and correction(message.text or "") is not None else meant), {}
    act, _, rest = message.payload.partition(":")
    if act != "do":
        return None, {}
    name, _, filling = rest.partition(":")
    slot, _, value = filling.partition("=")
    return name, {slot: value} if slot else {}
