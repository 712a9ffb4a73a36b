"""Who of the staff may do what, and whose patients they see.

Asked in pairs: `can_…` answers, `check_…` raises Refused with a reason that may be shown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from bot.facts.staff import Actor, Role


class Permission(StrEnum):
    """What a page or a step needs.

    ANYBODY: also whoever hasn't signed in. STAFF: whoever has. NOBODY: it is closed.
    """

    NOBODY = "open what is closed"
    ANYBODY = "anybody"
    STAFF = "staff"
    SEE_PATIENTS = "see patients"
    CARE = "care for patients"
    LEAD = "lead a team"
    SEE_EXAMPLES = "see de-identified text"
    SEE_FIGURES = "see the figures of the service"
    MANAGE_STAFF = "manage staff"
    READ_AUDIT = "read the audit"


ALLOWED: Mapping[Role, frozenset[Permission]] = {
    Role.CLINICIAN: frozenset({Permission.SEE_PATIENTS, Permission.CARE, Permission.SEE_EXAMPLES}),
    Role.SUPERVISOR: frozenset(
        {
            Permission.SEE_PATIENTS,
            Permission.CARE,
            Permission.LEAD,
            Permission.SEE_EXAMPLES,
            Permission.SEE_FIGURES,
        }
    ),
    Role.AUTHOR: frozenset({Permission.SEE_EXAMPLES}),
    Role.ADMINISTRATOR: frozenset({Permission.MANAGE_STAFF, Permission.SEE_FIGURES}),
    Role.AUDITOR: frozenset({Permission.READ_AUDIT, Permission.SEE_FIGURES}),
}


class Refused(PermissionError):
    """This person may not do that. The words say why and hold nothing of a patient."""


def can(actor: Actor | None, permission: Permission) -> bool:
    """Whether they may; None: somebody who hasn't signed in."""
    if permission is Permission.ANYBODY:
        return True
    if actor is None:
        return False
    return permission is Permission.STAFF or any(permission in ALLOWED[role] for role in actor.roles)


def check(actor: Actor | None, permission: Permission) -> None:
    if not can(actor, permission):
        raise Refused(f"You may not {permission.value}." if actor else "You have not signed in.")


def can_see(actor: Actor, teams: Collection[str]) -> bool:
    """Whether a patient of these teams is theirs. A patient without a team is every supervisor's."""
    if not can(actor, Permission.SEE_PATIENTS):
        return False
    return bool(actor.teams.intersection(teams)) or (not teams and can(actor, Permission.LEAD))


def check_see(actor: Actor, teams: Collection[str]) -> None:
    """Where a broken glass counts too, `bot.usecases.sight.check_sees`."""
    if not can_see(actor, teams):
        raise Refused("This is not a patient of your team.")
