"""Who did what, and when: a line of the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`actor` and `subject` are ids, or words such as patient and command line; never a person's name."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditChain:
    """What a look at the whole audit found. `seal` is that of the newest entry; `faults`: one line each."""

    entries: int
    seal: str
    faults: Sequence[str]
