"""Who a person is to us: a random id, a door, a standing and the answers they gave."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.facts.talk import Direction, Patient, Standing, TurnState
from bot.records.cipher import Lookup
from bot.records.errors import NotInRecords
from bot.records.rows import change, put, read
from bot.records.tables import Base, ConsentRow, MessageRow, PatientRow

HELD = "held"  # in a session's `info`: the rows of persons that its transaction has locked, by id
LONGEST_LEASE = timedelta(seconds=75)  # the engine has 60 s at most, and the lease a margin
UNANSWERED = (TurnState.SCREENED.value, TurnState.WAITING.value)


# Made once: to build a statement anew, and its key in SQLAlchemy's cache, costs as much as to run it.
_COLUMNS = [column for column in PatientRow.__table__.c if column.name != "address"]
_AT_ADDRESS = select(*_COLUMNS).where(PatientRow.address_lookup == bindparam("key"))
_OF_ID = select(*_COLUMNS).where(PatientRow.id == bindparam("key"))
_HELD_AT_ADDRESS, _HELD_OF_ID = (wanted.with_for_update(key_share=True) for wanted in (_AT_ADDRESS, _OF_ID))


def row_of(session: Session, patient_id: str, *, lock: bool = False) -> PatientRow:
    """The person's row, all but the address; change it by `change_row`.

    With `lock` nobody else changes the person's things until this transaction ends.
    """
    row = _found(session, patient_id, lock=lock)
    if row is None:
        raise NotInRecords(f"no patient {patient_id} is kept")
    return row


def change_row(session: Session, row: PatientRow, **values: Any) -> None:
    change(session, PatientRow, row.id, **values)
    for name, value in values.items():
        setattr(row, name, value)


def _found(session: Session, patient_id: str, *, lock: bool) -> PatientRow | None:
    held: dict[str, PatientRow] = session.info.setdefault(HELD, {})
    if patient_id in held:
        return held[patient_id]
    return _hold(session, _HELD_OF_ID, patient_id) if lock else _one(session, _OF_ID, patient_id)


def _hold(session: Session, wanted: Select[*tuple[Any, ...]], key: str) -> PatientRow | None:
    row = _one(session, wanted, key)
    if row is not None:
        session.info.setdefault(HELD, {})[row.id] = row
    return row


def _one(session: Session, wanted: Select[*tuple[Any, ...]], key: str) -> PatientRow | None:
    found = read(session, wanted, key=key)
    return PatientRow(**found[0]._asdict()) if found else None


class SqlPatients:
    def __init__(self, session: Session, lookup: Lookup) -> None:
        self._session = session
        self._lookup = lookup

    def at_door(self, door: str, address: str, *, hold: bool = False) -> Patient | None:
        key = self._lookup.of(door, address)
        row = _hold(self._session, _HELD_AT_ADDRESS, key) if hold else _one(self._session, _AT_ADDRESS, key)
        return None if row is None else _patient(row)

    def enrol(self, door: str, address: str, now: datetime) -> Patient:
        """A new person. Where the same address was enrolled at the same moment, that one person."""
        row = PatientRow(
            id=uuid.uuid4().hex,
            door=door,
            address_lookup=self._lookup.of(door, address),
            address=address,
            standing=Standing.NEW.value,
            created_at=now,
            profile={},
            last_seq=0,
            heard_seq=0,
        )
        try:
            with self._session.begin_nested():
                put(self._session, row)
        except IntegrityError:
            known = self.at_door(door, address)
            if known is None:
                raise
            return known
        return _patient(row)

    def get(self, patient_id: str) -> Patient:
        """Raises NotInRecords."""
        return _patient(row_of(self._session, patient_id))

    def hold(self, patient_id: str) -> Patient:
        """Raises NotInRecords."""
        return _patient(row_of(self._session, patient_id, lock=True))

    def address_of(self, patient_id: str) -> str:
        row_of(self._session, patient_id)
        wanted = select(PatientRow.address).where(PatientRow.id == patient_id)
        return self._session.scalars(wanted).one()

    def remember(self, patient_id: str, changes: Mapping[str, str | None]) -> None:
        row = row_of(self._session, patient_id, lock=True)
        merged = {**row.profile, **changes}
        kept = {key: value for key, value in merged.items() if value is not None}
        change_row(self._session, row, profile=kept)

    def set_standing(self, patient_id: str, standing: Standing) -> None:
        """What was said to somebody who now takes part need no longer be erased; what they said must."""
        change_row(self._session, row_of(self._session, patient_id, lock=True), standing=standing.value)
        if standing is Standing.ACTIVE:
            self._session.execute(
                update(MessageRow)
                .where(
                    MessageRow.patient_id == patient_id,
                    MessageRow.direction == Direction.OUT.value,
                    MessageRow.erase_at.is_not(None),
                )
                .values(erase_at=None)
            )

    def set_unreachable(self, patient_id: str, since: datetime | None) -> None:
        row = row_of(self._session, patient_id, lock=True)
        if row.unreachable_since != since:
            change_row(self._session, row, unreachable_since=since)

    def record_consent(
        self,
        patient_id: str,
        *,
        given: bool,
        version: str,
        text_hash: str,
        channel: str,
        now: datetime,
    ) -> None:
        self._session.add(
            ConsentRow(
                patient_id=patient_id,
                at=now,
                given=given,
                version=version,
                text_hash=text_hash,
                channel=channel,
            )
        )

    def claim_turn(self, patient_id: str, owner: str, now: datetime, until: datetime) -> bool:
        row = row_of(self._session, patient_id, lock=True)
        if row.turn_owner != owner and not _is_free(row.turn_owner, row.turn_until, now):
            return False
        change_row(self._session, row, turn_owner=owner, turn_until=until)
        return True

    def release_turn(self, patient_id: str, owner: str) -> None:
        row = _found(self._session, patient_id, lock=True)
        if row is not None and row.turn_owner == owner:
            change_row(self._session, row, turn_owner=None, turn_until=None)

    def with_waiting(self, now: datetime) -> Sequence[str]:
        """Longest waiting first."""
        waiting = (
            select(MessageRow.patient_id, func.min(MessageRow.at).label("since"))
            .where(MessageRow.state.in_(UNANSWERED), MessageRow.text.is_not(None))
            .group_by(MessageRow.patient_id)
            .subquery()
        )
        wanted = (
            select(PatientRow.id, PatientRow.turn_owner, PatientRow.turn_until)
            .join(waiting, waiting.c.patient_id == PatientRow.id)
            .order_by(waiting.c.since)
        )
        found = self._session.execute(wanted)
        return [patient_id for patient_id, owner, until in found if _is_free(owner, until, now)]

    def remind_at(self, patient_id: str, when: datetime | None) -> None:
        change_row(self._session, row_of(self._session, patient_id, lock=True), remind_at=when)

    def due_reminders(self, now: datetime) -> Sequence[str]:
        """Longest due first."""
        due = select(PatientRow.id).where(PatientRow.remind_at <= now).order_by(PatientRow.remind_at)
        return self._session.scalars(due).all()

    def doors(self, patient_ids: Collection[str]) -> Mapping[str, str]:
        wanted = select(PatientRow.id, PatientRow.door).where(PatientRow.id.in_(patient_ids))
        return {patient_id: door for patient_id, door in self._session.execute(wanted)}

    def silent(self, since: datetime) -> Mapping[str, datetime]:
        heard = (
            select(func.max(MessageRow.at))
            .where(MessageRow.patient_id == PatientRow.id, MessageRow.direction == Direction.IN.value)
            .scalar_subquery()
        )
        wanted = select(PatientRow.id, heard.label("heard")).where(
            PatientRow.standing == Standing.ACTIVE.value, PatientRow.remind_at.is_not(None), heard < since
        )
        return {patient_id: at for patient_id, at in self._session.execute(wanted)}

    def leaving(self, before: datetime) -> Sequence[str]:
        spoken = exists().where(MessageRow.patient_id == PatientRow.id, MessageRow.at > before)
        wanted = select(PatientRow.id).where(PatientRow.standing == Standing.LEAVING.value, ~spoken)
        return self._session.scalars(wanted).all()

    def erase(self, patient_id: str) -> Mapping[str, int]:
        """Tables without a row of the person are left out; nothing at all for an unknown person."""
        locked = select(PatientRow.id).where(PatientRow.id == patient_id).with_for_update()
        if self._session.scalar(locked) is None:
            return {}
        removed: dict[str, int] = {}
        for table in reversed(Base.metadata.sorted_tables):
            column = table.c.id if table.name == PatientRow.__tablename__ else table.c.get("patient_id")
            if column is None:
                continue
            gone = self._session.execute(delete(table).where(column == patient_id).returning(column)).all()
            if gone:
                removed[table.name] = len(gone)
        self._session.info.pop(HELD, None)
        self._session.expire_all()
        return removed


def _is_free(owner: str | None, until: datetime | None, now: datetime) -> bool:
    """Whether nobody holds the turn. A lease longer than any was given before the clock was set back."""
    return owner is None or until is None or not now < until <= now + LONGEST_LEASE


def _patient(row: PatientRow) -> Patient:
    return Patient(
        id=row.id,
        door=row.door,
        standing=Standing(row.standing),
        created_at=row.created_at,
        profile=dict(row.profile),
        unreachable_since=row.unreachable_since,
    )
