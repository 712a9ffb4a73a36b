"""Talks as staff read them: which there are, and what happened in one. Filters open nothing encrypted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, defer

from bot.facts.clinical import Level
from bot.facts.flags import FlagKind, FlagState
from bot.facts.review import (
    ButtonShown,
    Carried,
    Conversation,
    Judged,
    Line,
    Place,
    Reading,
    Stretch,
    Wanted,
)
from bot.facts.talk import Delivery, Direction, Standing
from bot.records.assessments import fact_of, verdict_of
from bot.records.margins import reading_of
from bot.records.messages import message_of
from bot.records.tables import (
    AssessmentRow,
    FactRow,
    FlagRow,
    MessageRow,
    OfferRow,
    OutboxRow,
    PatientRow,
    ReadingRow,
    SentByHandRow,
    TagRow,
    TeamPatientRow,
)

_AT_A_TIME = 200
_BEYOND = 2**31 - 1
_ALARMS = tuple(level for level in Level if level is not Level.NONE)

# Made once, see bot/records/patients.py.
_MESSAGES = MessageRow.__table__
_OF_PATIENT = MessageRow.patient_id == bindparam("patient_id")
_BEHIND = (
    select(_MESSAGES)
    .where(_OF_PATIENT, MessageRow.seq > bindparam("seq"))
    .order_by(MessageRow.seq)
    .limit(bindparam("most"))
)
_BEFORE = (
    select(_MESSAGES)
    .where(_OF_PATIENT, MessageRow.seq < bindparam("seq"))
    .order_by(MessageRow.seq.desc())
    .limit(bindparam("most"))
)
_ENDS = select(
    select(func.min(MessageRow.seq)).where(_OF_PATIENT).scalar_subquery(),
    select(func.max(MessageRow.seq)).where(_OF_PATIENT).scalar_subquery(),
)
_FROM_MOMENT = (
    select(MessageRow.seq)
    .where(_OF_PATIENT, MessageRow.at >= bindparam("moment"))
    .order_by(MessageRow.seq)
    .limit(1)
)
_THESE: BindParameter[Any] = bindparam("these", expanding=True)
_OFFERS = (
    select(OfferRow.patient_id, OfferRow.message_id, OfferRow.title, OfferRow.payload, OfferRow.used_at)
    .where(OfferRow.message_id.in_(_THESE))
    .order_by(OfferRow.message_id, OfferRow.position)
)
# By the time alone: of a long talk every message would be looked at else.
_PRESSES = select(MessageRow.patient_id, MessageRow.at, MessageRow.payload).where(
    MessageRow.at.in_(_THESE), MessageRow.direction == Direction.IN.value, MessageRow.payload.is_not(None)
)
_JUDGED = (
    select(AssessmentRow.__table__).where(AssessmentRow.message_id.in_(_THESE)).order_by(AssessmentRow.id)
)
_FACTS = select(FactRow.__table__).where(FactRow.message_id.in_(_THESE)).order_by(FactRow.id)
_CARRIED = select(OutboxRow.__table__).where(OutboxRow.message_id.in_(_THESE))
_BY_HAND = select(SentByHandRow.__table__).where(SentByHandRow.message_id.in_(_THESE))
_LEVELS = (
    select(AssessmentRow.patient_id, AssessmentRow.level, AssessmentRow.closed_at.is_(None).label("open"))
    .where(
        AssessmentRow.patient_id.in_(_THESE),
        AssessmentRow.level.in_([level.value for level in _ALARMS]),
    )
    .distinct()
)
_TAGS = select(TagRow.patient_id, TagRow.tag).where(TagRow.patient_id.in_(_THESE)).distinct()
_OPEN_WISH = (
    FlagRow.kind == FlagKind.REQUEST.value,
    FlagRow.state.not_in([state.value for state in FlagState if state.ended]),
)
_ASKING = select(FlagRow.patient_id).where(FlagRow.patient_id.in_(_THESE), *_OPEN_WISH)


class SqlConversations:
    def __init__(self, session: Session) -> None:
        self._session = session

    def listed(
        self,
        wanted: Wanted,
        *,
        staff_id: str,
        teams: Collection[str],
        teamless: bool,
        behind: Place | None,
        limit: int,
    ) -> Sequence[Conversation]:
        mine = and_(ReadingRow.patient_id == PatientRow.id, ReadingRow.staff_id == staff_id)
        rows = self._session.execute(
            select(PatientRow, ReadingRow)
            .options(defer(PatientRow.address))
            .outerjoin(ReadingRow, mine)
            .where(
                PatientRow.heard_at.is_not(None), _of_theirs(teams, teamless), *_asked(wanted), *_from(behind)
            )
            .order_by(PatientRow.heard_at.desc(), PatientRow.id.desc())
            .limit(limit)
        ).all()
        return self._conversations([(patient, reading) for patient, reading in rows])

    def stretch(
        self, patient_id: str, *, behind: int | None = None, before: int | None = None, limit: int
    ) -> Stretch:
        if behind is not None:
            rows = self._read(_BEHIND, patient_id=patient_id, seq=behind, most=limit)
        else:
            seq = _BEYOND if before is None else before
            rows = self._read(_BEFORE, patient_id=patient_id, seq=seq, most=limit)[::-1]
        [(first, last)] = self._read(_ENDS, patient_id=patient_id)
        return Stretch(
            lines=tuple(self._lines(rows)),
            before=bool(rows) and rows[0].seq > first,
            behind=bool(rows) and rows[-1].seq < last,
        )

    def seq_at(self, patient_id: str, moment: datetime) -> int | None:
        found = self._read(_FROM_MOMENT, patient_id=patient_id, moment=moment)
        return found[0].seq if found else None

    def whole(self, patient_id: str) -> Iterator[Line]:
        seq = 0
        while rows := self._read(_BEHIND, patient_id=patient_id, seq=seq, most=_AT_A_TIME):
            yield from self._lines(rows)
            seq = rows[-1].seq

    def _conversations(self, rows: Sequence[tuple[PatientRow, ReadingRow | None]]) -> list[Conversation]:
        ids = [patient.id for patient, _ in rows]
        if not ids:
            return []
        levels = _grouped(
            (row.patient_id, (Level(row.level), row.open)) for row in self._read(_LEVELS, these=ids)
        )
        tags = _grouped(self._read(_TAGS, these=ids))
        asking = {patient_id for (patient_id,) in self._read(_ASKING, these=ids)}
        return [
            _conversation(patient, reading, levels[patient.id], tags[patient.id], patient.id in asking)
            for patient, reading in rows
        ]

    def _lines(self, rows: Sequence[Row[Any]]) -> list[Line]:
        heard = [row.id for row in rows if row.direction == Direction.IN.value]
        said = [row.id for row in rows if row.direction == Direction.OUT.value]
        offered, judged = self._offered(said), self._judged(heard)
        carried = {row.message_id: _carried(row) for row in self._of(_CARRIED, said)}
        senders = {row.message_id: row.sender for row in self._of(_BY_HAND, said)}
        return [
            Line(
                message=message_of(row),
                offered=tuple(offered[row.id]),
                judged=tuple(judged[row.id]),
                carried=carried.get(row.id),
                sent_by=senders.get(row.id),
            )
            for row in rows
        ]

    def _offered(self, said: Sequence[str]) -> dict[str, list[ButtonShown]]:
        offers = self._of(_OFFERS, said)
        used = [offer.used_at for offer in offers if offer.used_at is not None]
        # A button and the message that it became bear the same moment.
        pressed = {tuple(row) for row in self._of(_PRESSES, used)}
        return _grouped(
            (o.message_id, ButtonShown(o.title, (o.patient_id, o.used_at, o.payload) in pressed))
            for o in offers
        )

    def _judged(self, heard: Sequence[str]) -> dict[str, list[Judged]]:
        facts = _grouped((row.assessment_id, fact_of(row)) for row in self._of(_FACTS, heard))
        return _grouped(
            (row.message_id, Judged(verdict_of(row), tuple(facts[row.id]), row.content_version))
            for row in self._of(_JUDGED, heard)
        )

    def _of(self, wanted: Select[*tuple[Any, ...]], these: Sequence[object]) -> Sequence[Any]:
        return self._read(wanted, these=these) if these else ()

    def _read(self, wanted: Select[*tuple[Any, ...]], **which: object) -> Sequence[Any]:
        return self._session.connection().execute(wanted, which).all()


def _grouped(pairs: Iterable[Any]) -> defaultdict[Any, list[Any]]:
    grouped: defaultdict[Any, list[Any]] = defaultdict(list)
    for key, value in pairs:
        grouped[key].append(value)
    return grouped


def _conversation(
    patient: PatientRow,
    reading: ReadingRow | None,
    levels: Sequence[tuple[Level, bool]],
    tags: Sequence[str],
    asks_human: bool,
) -> Conversation:
    assert patient.heard_at is not None
    standing = {level for level, is_open in levels if is_open}
    return Conversation(
        patient_id=patient.id,
        heard_at=patient.heard_at,
        door=patient.door,
        standing=Standing(patient.standing),
        region=patient.profile.get("region"),
        messages=patient.last_seq,
        highest=min((level for level, _ in levels), key=lambda level: level.rank, default=Level.NONE),
        open=tuple(sorted(standing, key=lambda level: level.rank)),
        tags=tuple(sorted(tags)),
        reading=reading_of(reading, patient.heard_seq),
        asks_human=asks_human,
    )


def _carried(row: OutboxRow) -> Carried:
    return Carried(Delivery(row.state), row.sent_at, row.attempts, row.last_error)


def _of_theirs(teams: Collection[str], teamless: bool) -> ColumnElement[bool]:
    theirs = _has(TeamPatientRow, TeamPatientRow.team_id.in_(sorted(teams)))
    return or_(theirs, ~_has(TeamPatientRow)) if teamless else theirs


def _from(behind: Place | None) -> list[ColumnElement[bool]]:
    if behind is None:
        return []
    at, of_id = PatientRow.heard_at, PatientRow.id
    return [at <= behind.heard_at, or_(at < behind.heard_at, of_id < behind.patient_id)]


def _asked(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """What the database is asked of each patient, newest first, until a page is full."""
    if wanted.since is not None:
        yield PatientRow.heard_at >= wanted.since
    if wanted.until is not None:
        yield PatientRow.heard_at < wanted.until
    if wanted.level is not None:
        yield from _highest(wanted.level)
    for tag in wanted.tags:
        yield _has(TagRow, TagRow.tag == tag)
    for tag in wanted.without_tags:
        yield ~_has(TagRow, TagRow.tag == tag)
    if wanted.content is not None:
        yield _said(wanted.content, wanted.version)
    if wanted.intent is not None or wanted.sure_from is not None or wanted.sure_to is not None:
        yield _understood(wanted)
    if wanted.reading is not None:
        yield _READINGS[wanted.reading]
    if wanted.asks_human:
        yield _has(FlagRow, *_OPEN_WISH)


def _has(table: Any, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(table.patient_id == PatientRow.id, *which)


def _highest(level: Level) -> Iterator[ColumnElement[bool]]:
    more_urgent = [other.value for other in _ALARMS if other.rank < level.rank]
    if level is not Level.NONE:
        yield _has(AssessmentRow, AssessmentRow.level == level.value)
    if more_urgent:
        yield ~_has(AssessmentRow, AssessmentRow.level.in_(more_urgent))


def _said(content: str, version: str | None) -> ColumnElement[bool]:
    which = [MessageRow.content_id == content]
    return _has(MessageRow, *which, *([MessageRow.content_version == version] if version else []))


def _understood(wanted: Wanted) -> ColumnElement[bool]:
    which: list[ColumnElement[bool]] = [MessageRow.intent.is_not(None)]
    if wanted.intent is not None:
        which.append(MessageRow.intent == wanted.intent)
    if wanted.sure_from is not None:
        which.append(MessageRow.confidence >= wanted.sure_from)
    if wanted.sure_to is not None:
        which.append(MessageRow.confidence <= wanted.sure_to)
    return _has(MessageRow, *which)


_READINGS: dict[Reading, ColumnElement[bool]] = {
    Reading.LATER: ReadingRow.later.is_(True),
    Reading.REVIEWED: and_(ReadingRow.later.is_(False), ReadingRow.upto_seq >= PatientRow.heard_seq),
    Reading.UNREAD: or_(
        ReadingRow.id.is_(None),
        and_(ReadingRow.later.is_(False), ReadingRow.upto_seq < PatientRow.heard_seq),
    ),
}
