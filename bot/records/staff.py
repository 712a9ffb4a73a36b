"""Members of staff: their accounts, the sessions they signed in to, and the teams they work in."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.facts.staff import Account, BrokenGlass, Invitation, Role, SignedIn, Team
from bot.records.cipher import Lookup
from bot.records.errors import NotInRecords, Taken
from bot.records.tables import (
    GlassRow,
    InvitationRow,
    StaffRow,
    StaffSessionRow,
    TeamCodeRow,
    TeamPatientRow,
    TeamRow,
    TeamStaffRow,
)

_STAFF = "staff"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike: 31 of them, so a code has 59 bits


class SqlStaff:
    def __init__(self, session: Session, lookup: Lookup) -> None:
        self._session = session
        self._lookup = lookup

    def add(self, *, name: str, email: str, password: str, roles: Collection[Role], now: datetime) -> Account:
        """Raises Taken where somebody signs in as that already."""
        row = StaffRow(
            id=uuid.uuid4().hex,
            name=name,
            email=email,
            email_lookup=self._lookup.of(_STAFF, email),
            password=password,
            roles=sorted(roles),
            blocked=False,
            recovery_codes=[],
            created_at=now,
        )
        try:
            with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError:
            raise Taken("somebody signs in with this e-mail address already") from None
        return self._account(row)

    def get(self, staff_id: str) -> Account:
        """Raises NotInRecords."""
        return self._account(self._row(staff_id))

    def signing_in_as(self, email: str) -> Account | None:
        key = self._lookup.of(_STAFF, email)
        row = self._session.scalar(select(StaffRow).where(StaffRow.email_lookup == key))
        return None if row is None else self._account(row)

    def list(self) -> Sequence[Account]:
        """By name."""
        return [self._account(row) for row in self._session.scalars(select(StaffRow).order_by(StaffRow.name))]

    def keep(self, account: Account) -> None:
        """What changed of an account, but for its teams. Raises NotInRecords."""
        row = self._row(account.id)
        row.name = account.name
        row.password = account.password
        row.roles = sorted(account.roles)
        row.blocked = account.blocked
        row.totp = account.totp
        row.totp_counter = account.totp_counter
        row.recovery_codes = [*account.recovery_codes]
        self._session.flush()

    def begin_session(self, staff_id: str, *, place: str, agent: str, now: datetime) -> str:
        """A new session; the token is told once and kept as its hash only."""
        token = secrets.token_urlsafe(32)
        row = StaffSessionRow(
            id=_hash(token), staff_id=staff_id, begun_at=now, seen_at=now, place=place, agent=agent
        )
        self._session.add(row)
        return token

    def session_of(self, token: str) -> SignedIn | None:
        row = self._session.get(StaffSessionRow, _hash(token))
        return None if row is None else _signed_in(row)

    def sessions_of(self, staff_id: str) -> Sequence[SignedIn]:
        """The one that was used last comes first."""
        wanted = (
            select(StaffSessionRow)
            .where(StaffSessionRow.staff_id == staff_id)
            .order_by(StaffSessionRow.seen_at.desc())
        )
        return [_signed_in(row) for row in self._session.scalars(wanted)]

    def saw(self, session_id: str, now: datetime) -> None:
        used = update(StaffSessionRow).where(StaffSessionRow.id == session_id).values(seen_at=now)
        self._session.execute(used)

    def end_session(self, staff_id: str, session_id: str) -> None:
        """Nothing where it has ended, or is another's."""
        gone = delete(StaffSessionRow).where(
            StaffSessionRow.id == session_id, StaffSessionRow.staff_id == staff_id
        )
        self._session.execute(gone)

    def end_all_sessions(self, staff_id: str, *, but: str | None = None) -> None:
        gone = delete(StaffSessionRow).where(StaffSessionRow.staff_id == staff_id)
        self._session.execute(gone if but is None else gone.where(StaffSessionRow.id != but))

    def end_old_sessions(self, *, begun_before: datetime, seen_before: datetime) -> None:
        too_old = (StaffSessionRow.begun_at < begun_before) | (StaffSessionRow.seen_at < seen_before)
        self._session.execute(delete(StaffSessionRow).where(too_old))

    def _row(self, staff_id: str) -> StaffRow:
        row = self._session.get(StaffRow, staff_id)
        if row is None:
            raise NotInRecords("no such member of staff is kept")
        return row

    def _account(self, row: StaffRow) -> Account:
        teams = select(TeamStaffRow.team_id).where(TeamStaffRow.staff_id == row.id)
        return Account(
            id=row.id,
            name=row.name,
            email=row.email,
            password=row.password,
            roles=frozenset(map(Role, row.roles)),
            teams=frozenset(self._session.scalars(teams)),
            blocked=row.blocked,
            totp=row.totp,
            totp_counter=row.totp_counter,
            recovery_codes=tuple(row.recovery_codes),
        )


class SqlTeams:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, name: str) -> Team:
        """Raises Taken where there is a team of that name."""
        row = TeamRow(id=uuid.uuid4().hex, name=name)
        try:
            with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError:
            raise Taken("there is a team of this name already") from None
        return Team(row.id, row.name)

    def get(self, team_id: str) -> Team:
        """Raises NotInRecords."""
        row = self._session.get(TeamRow, team_id)
        if row is None:
            raise NotInRecords("no such team is kept")
        return Team(row.id, row.name)

    def list(self) -> Sequence[Team]:
        """By name."""
        rows = self._session.scalars(select(TeamRow).order_by(TeamRow.name))
        return [Team(row.id, row.name) for row in rows]

    def put_staff(self, staff_id: str, teams: Collection[str]) -> None:
        """From now on they are in these teams, and in no other."""
        self._session.execute(delete(TeamStaffRow).where(TeamStaffRow.staff_id == staff_id))
        self._session.add_all(TeamStaffRow(team_id=team, staff_id=staff_id) for team in sorted(teams))
        self._session.flush()

    def put_patient(self, patient_id: str, team_id: str, now: datetime) -> None:
        """Nothing where the team looks after them already."""
        if team_id not in self.of_patient(patient_id):
            self._session.add(TeamPatientRow(team_id=team_id, patient_id=patient_id, since=now))
            self._session.flush()

    def drop_patient(self, patient_id: str) -> None:
        self._session.execute(delete(TeamPatientRow).where(TeamPatientRow.patient_id == patient_id))

    def add_code(self, team_id: str, by: str, ends_at: datetime) -> str:
        code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
        self._session.add(TeamCodeRow(id=_hash(code), team_id=team_id, made_by=by, ends_at=ends_at))
        return code

    def take_code(self, code: str, patient_id: str, now: datetime) -> Team | None:
        row = self._session.get(TeamCodeRow, _hash(code), with_for_update=True)
        if row is None or row.ends_at <= now or row.patient_id not in (None, patient_id):
            return None
        self.drop_code(patient_id, but=row.id)
        row.patient_id = patient_id
        self._session.flush()
        return self.get(row.team_id)

    def coded_for(self, patient_id: str, now: datetime) -> Team | None:
        wanted = select(TeamCodeRow.team_id).where(
            TeamCodeRow.patient_id == patient_id, TeamCodeRow.ends_at > now
        )
        team_id = self._session.scalar(wanted)
        return None if team_id is None else self.get(team_id)

    def drop_code(self, patient_id: str, *, but: str = "") -> None:
        theirs = (TeamCodeRow.patient_id == patient_id) & (TeamCodeRow.id != but)
        self._session.execute(delete(TeamCodeRow).where(theirs))

    def of_patient(self, patient_id: str) -> frozenset[str]:
        wanted = select(TeamPatientRow.team_id).where(TeamPatientRow.patient_id == patient_id)
        return frozenset(self._session.scalars(wanted))


class SqlInvitations:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, invitation: Invitation) -> str:
        code = "-".join(secrets.token_hex(2) for _ in range(6))
        row = InvitationRow(
            id=_hash(code),
            name=invitation.name,
            roles=sorted(invitation.roles),
            teams=sorted(invitation.teams),
            made_by=invitation.made_by,
            ends_at=invitation.ends_at,
        )
        self._session.add(row)
        return code

    def waiting(self, now: datetime) -> Sequence[Invitation]:
        wanted = select(InvitationRow).where(InvitationRow.ends_at > now).order_by(InvitationRow.name)
        return [_invitation(row) for row in self._session.scalars(wanted)]

    def take(self, code: str, now: datetime) -> Invitation | None:
        used = delete(InvitationRow).where(InvitationRow.id == _hash(code)).returning(InvitationRow)
        row = self._session.scalars(used).one_or_none()
        return None if row is None or row.ends_at <= now else _invitation(row)


class SqlGlass:
    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, patient_id: str, staff_id: str, *, reason: str, now: datetime, until: datetime) -> int:
        row = GlassRow(patient_id=patient_id, staff_id=staff_id, reason=reason, at=now, until=until)
        self._session.add(row)
        self._session.flush()
        return row.id

    def is_open(self, patient_id: str, staff_id: str, now: datetime) -> bool:
        opened = select(GlassRow.id).where(
            GlassRow.patient_id == patient_id, GlassRow.staff_id == staff_id, GlassRow.until > now
        )
        return self._session.scalars(opened.limit(1)).first() is not None

    def unseen(self) -> Sequence[BrokenGlass]:
        rows = self._session.scalars(select(GlassRow).where(GlassRow.seen_at.is_(None)).order_by(GlassRow.id))
        return [
            BrokenGlass(row.id, row.patient_id, row.staff_id, row.reason, row.at, row.until, row.seen_by)
            for row in rows
        ]

    def see(self, note_id: int, by: str, now: datetime) -> None:
        first = update(GlassRow).where(GlassRow.id == note_id, GlassRow.seen_at.is_(None))
        self._session.execute(first.values(seen_by=by, seen_at=now))


def _invitation(row: InvitationRow) -> Invitation:
    roles = frozenset(map(Role, row.roles))
    return Invitation(row.name, roles, frozenset(row.teams), row.made_by, row.ends_at)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _signed_in(row: StaffSessionRow) -> SignedIn:
    return SignedIn(row.id, row.staff_id, row.begun_at, row.seen_at, row.place, row.agent)
