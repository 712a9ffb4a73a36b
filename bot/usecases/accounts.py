"""Accounts of the staff: how they come about, what changes them, and who may change them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.facts.staff import Account, Actor, Invitation, Role, Team
from bot.usecases.access import Permission, Refused, check
from bot.usecases.ports import Records, UnitOfWork

COMMAND_LINE = "command line"
INVITED_FOR = timedelta(days=3)


class Accounts:
    def __init__(self, records: Records, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._clock = clock

    def get(self, staff_id: str) -> Account | None:
        with self._records.reading() as uow:
            return _found(uow, staff_id)

    def signing_in_as(self, email: str) -> Account | None:
        with self._records.reading() as uow:
            return uow.staff.signing_in_as(email.strip().lower())

    def keep(self, account: Account) -> None:
        """What somebody changed of their own: password, second factor, recovery codes.

        A new password ends their sessions everywhere.
        """
        with self._records.unit() as uow:
            before = uow.staff.get(account.id)
            uow.staff.keep(account)
            if account.password != before.password:
                uow.staff.end_all_sessions(account.id)
            for what in _changes(before, account):
                uow.audit.record(account.id, "account.change", account.id, what, self._clock())
            uow.commit()

    def invite_first(self, name: str, role: Role) -> tuple[str, datetime]:
        """From the command line, where whoever may type holds the keys anyway."""
        return self._invite(COMMAND_LINE, name, [role], [])

    def invite(
        self, actor: Actor, name: str, roles: Collection[Role], teams: Collection[str]
    ) -> tuple[str, datetime]:
        """The one-time code and when it ends. ValueError: no name or no role; LookupError: no such team."""
        check(actor, Permission.MANAGE_STAFF)
        return self._invite(actor.id, name, roles, teams)

    def accept(self, code: str, email: str, password: str) -> Account | None:
        """Become a member of staff; `password` is its hash. None: no such code, used, or ended.

        ValueError: somebody signs in with this address already; the code can still be used then.
        """
        now = self._clock()
        with self._records.unit() as uow:
            invited = uow.invitations.take(code.strip().lower(), now)
            if invited is None:
                return None
            account = uow.staff.add(
                name=invited.name,
                email=email.strip().lower(),
                password=password,
                roles=invited.roles,
                now=now,
            )
            uow.teams.put_staff(account.id, invited.teams)
            detail = f"invited by {invited.made_by} as {_listed(invited.roles)}"
            uow.audit.record(account.id, "account.begin", account.id, detail, now)
            uow.commit()
        return account

    def everybody(self, actor: Actor) -> tuple[Sequence[Account], Sequence[Invitation], Sequence[Team]]:
        check(actor, Permission.MANAGE_STAFF)
        with self._records.reading() as uow:
            return uow.staff.list(), uow.invitations.waiting(self._clock()), uow.teams.list()

    def change(
        self,
        actor: Actor,
        staff_id: str,
        *,
        roles: Collection[Role],
        teams: Collection[str],
        blocked: bool,
    ) -> None:
        """What an administrator may change of another; it holds from their next page on.

        Raises Refused for oneself, ValueError without a role, LookupError.
        """
        check(actor, Permission.MANAGE_STAFF)
        if staff_id == actor.id:
            raise Refused("Another administrator changes your account, not you.")
        if not roles:
            raise ValueError("Choose a role.")
        with self._records.unit() as uow:
            account = replace(uow.staff.get(staff_id), roles=frozenset(roles), blocked=blocked)
            uow.staff.keep(account)
            for team in teams:
                uow.teams.get(team)
            uow.teams.put_staff(staff_id, teams)
            if blocked:
                uow.staff.end_all_sessions(staff_id)
            detail = f"{_listed(roles)}; {len(teams)} teams{'; blocked' if blocked else ''}"
            uow.audit.record(actor.id, "staff.change", staff_id, detail, self._clock())
            uow.commit()

    def forget_second_factor(self, actor: Actor, staff_id: str) -> None:
        """For somebody who lost it and their recovery codes: they set it up anew at the next sign-in."""
        check(actor, Permission.MANAGE_STAFF)
        if staff_id == actor.id:
            raise Refused("Another administrator changes your account, not you.")
        with self._records.unit() as uow:
            account = uow.staff.get(staff_id)
            uow.staff.keep(replace(account, totp=None, totp_counter=None, recovery_codes=()))
            uow.staff.end_all_sessions(staff_id)
            uow.audit.record(actor.id, "staff.second_factor_removed", staff_id, "", self._clock())
            uow.commit()

    def add_team(self, actor: Actor, name: str) -> Team:
        """ValueError: no name, or there is one of that name."""
        check(actor, Permission.MANAGE_STAFF)
        with self._records.unit() as uow:
            team = uow.teams.add(_named(name))
            uow.audit.record(actor.id, "team.begin", team.id, "", self._clock())
            uow.commit()
        return team

    def _invite(
        self, by: str, name: str, roles: Collection[Role], teams: Collection[str]
    ) -> tuple[str, datetime]:
        if not roles:
            raise ValueError("Choose a role.")
        now = self._clock()
        invitation = Invitation(_named(name), frozenset(roles), frozenset(teams), by, now + INVITED_FOR)
        with self._records.unit() as uow:
            for team in teams:
                uow.teams.get(team)
            code = uow.invitations.add(invitation)
            uow.audit.record(by, "staff.invite", "", _listed(roles), now)
            uow.commit()
        return code, invitation.ends_at


def _found(uow: UnitOfWork, staff_id: str) -> Account | None:
    try:
        return uow.staff.get(staff_id)
    except LookupError:
        return None


def _changes(before: Account, after: Account) -> list[str]:
    pairs = {
        "password": (before.password, after.password),
        "second factor": (before.totp, after.totp),
        "recovery codes": (before.recovery_codes, after.recovery_codes),
    }
    return [what for what, (old, new) in pairs.items() if old != new]


def _named(name: str) -> str:
    """ValueError: no name, or too long a one."""
    if not 0 < len(name.strip()) <= 200:
        raise ValueError("Write a name of at most 200 letters.")
    return name.strip()


def _listed(roles: Collection[Role]) -> str:
    return ", ".join(sorted(roles))
