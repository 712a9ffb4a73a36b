"""A talk as a file, for reading elsewhere. Staff's notes and tags stay here."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo
from io import StringIO
from typing import Any

from bot.facts.clinical import Level
from bot.facts.review import Line
from bot.facts.talk import Direction

# A cell that begins so is a formula to a spreadsheet, also behind blanks, and in full width.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_BLANK = " \t\r\n\v\f\u00a0\ufeff\x00"


def as_json(lines: Iterable[Line], zone: tzinfo) -> bytes:
    told = json.dumps([*map(lambda line: _told(line, zone), lines)], ensure_ascii=False, indent=1)
    # Half of a surrogate pair can't be encoded; escaped, it is JSON.
    return told.encode("utf-8", "backslashreplace")


def as_csv(lines: Iterable[Line], zone: tzinfo) -> bytes:
    table = StringIO()
    rows = [_told(line, zone) for line in lines]
    writer = csv.DictWriter(table, rows[0] if rows else ["number"])
    writer.writeheader()
    writer.writerows({name: harmless(_flat(value)) for name, value in row.items()} for row in rows)
    # Without the mark in front, spreadsheets take it for another encoding.
    return b"\xef\xbb\xbf" + table.getvalue().encode("utf-8", "replace")


def harmless(cell: str) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.lstrip(_BLANK).startswith(_FORMULA) or cell.startswith(("\t", "\r")) else cell


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def _told(line: Line, zone: tzinfo) -> dict[str, Any]:
    message = line.message
    return {
        "number": message.seq,
        "id": message.id,
        "from": _whose(line),
        "sent_by": line.sent_by,
        "at_utc": message.at.astimezone(UTC).isoformat(),
        "at_patients_clock": message.at.astimezone(zone).isoformat(),
        "text": message.text,
        "picture": message.image,
        "buttons": [button.title for button in line.offered],
        "pressed": next((button.title for button in line.offered if button.pressed), None),
        "level": min(_levels(line), key=lambda level: level.rank).value if line.judged else None,
        "rules": [f"{reason.rule}@{reason.version}" for j in line.judged for reason in j.verdict.reasons],
        "facts": [f"{f.sign} {f.presence.value} {f.time.value}" for j in line.judged for f in j.facts],
        "intent": message.understanding.get("intent"),
        "confidence": message.understanding.get("confidence"),
        "content": message.content_id,
        "content_version": message.content_version,
        "delivery": line.carried.state.value if line.carried else None,
        "delivered_at_utc": line.carried.at.isoformat() if line.carried and line.carried.at else None,
    }


def _whose(line: Line) -> str:
    if line.message.direction is Direction.IN:
        return "patient"
    return "clinician" if line.sent_by else "coach"


def _levels(line: Line) -> Iterator[Level]:
    return (judged.verdict.level for judged in line.judged)
