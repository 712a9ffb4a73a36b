"""The tables. Every row about a person carries `patient_id`, so that export and erasure miss none."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.records.types import EncryptedJSON, EncryptedText, UtcDateTime
from bot.triage.flag_life import LIFE

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata: ClassVar[MetaData] = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime}


def _patient() -> Mapped[str]:
    return mapped_column(String(32), ForeignKey("patients.id", ondelete="CASCADE"))


def _message(*, gone: str) -> Any:
    return mapped_column(String(32), ForeignKey("messages.id", ondelete=gone))


def _index_of_known(*columns: str, known: str) -> Index:
    """An index of those rows only in which that column holds something."""
    which = text(f"{known} IS NOT NULL")
    return Index(None, *columns, sqlite_where=which, postgresql_where=which)


def _steps_of_life() -> str:
    """Every step of a flag's life, as the database is told of them."""
    steps = [f"'{state.value} {move.after.value}'" for move in LIFE for state in move.before]
    return ", ".join(steps)


# An id that erasure has freed must not come back: the audit names ids.
_NEVER_REUSED = {"sqlite_autoincrement": True}


class SecretRow(Base):
    """Secrets that outlive a key, sealed with it."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(EncryptedText)


class PatientRow(Base):
    """`last_seq` is the number of the newest message; owner and until are the lease of a turn.

    `heard_seq` and `heard_at` are those of the newest message that the patient wrote.
    """

    __tablename__ = "patients"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    door: Mapped[str] = mapped_column(String(32))
    address_lookup: Mapped[str] = mapped_column(String(64), unique=True)
    address: Mapped[str] = mapped_column(EncryptedText)
    standing: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    profile: Mapped[dict[str, str]] = mapped_column(EncryptedJSON)
    last_seq: Mapped[int] = mapped_column(default=0)
    heard_seq: Mapped[int] = mapped_column(default=0)
    heard_at: Mapped[datetime | None]
    turn_owner: Mapped[str | None] = mapped_column(String(64))
    turn_until: Mapped[datetime | None]
    remind_at: Mapped[datetime | None] = mapped_column(index=True)
    unreachable_since: Mapped[datetime | None]

    __table_args__ = (Index(None, "heard_at", "id"),)


class ConsentRow(Base):
    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    at: Mapped[datetime]
    given: Mapped[bool]
    version: Mapped[str] = mapped_column(String(64))
    text_hash: Mapped[str] = mapped_column(String(128))
    channel: Mapped[str] = mapped_column(String(32))

    __table_args__ = (Index(None, "patient_id"),)


class MessageRow(Base):
    """`asks_open`: the question it puts still waits for an answer and was not dropped.

    `intent` and `confidence` stand in `understanding` too; here they can be asked for.
    """

    __tablename__ = "messages"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    patient_id: Mapped[str] = _patient()
    seq: Mapped[int]
    direction: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime]
    text: Mapped[str | None] = mapped_column(EncryptedText)
    payload: Mapped[str | None] = mapped_column(EncryptedText)
    door_key_lookup: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str | None] = mapped_column(String(16))
    understanding: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)
    intent: Mapped[str | None] = mapped_column(String(64))
    confidence: Mapped[float | None]
    content_id: Mapped[str | None] = mapped_column(String(128))
    content_version: Mapped[str | None] = mapped_column(String(64))
    kind: Mapped[str | None] = mapped_column(String(16))
    asks: Mapped[str | None] = mapped_column(String(128))
    asks_open: Mapped[bool] = mapped_column(default=False)
    image: Mapped[str | None] = mapped_column(EncryptedText)
    region: Mapped[str | None] = mapped_column(String(64))
    variables: Mapped[dict[str, str] | None] = mapped_column(EncryptedJSON)
    document: Mapped[str | None] = mapped_column(String(64))
    in_reply_to: Mapped[str | None] = _message(gone="SET NULL")
    erase_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("patient_id", "seq"),
        UniqueConstraint("patient_id", "door_key_lookup"),
        Index(None, "state", "patient_id", "seq"),
        Index(None, "in_reply_to"),
        Index(None, "erase_at"),
        Index(None, "at"),
        _index_of_known("patient_id", "intent", "confidence", known="intent"),
        _index_of_known("patient_id", "content_id", "content_version", known="content_id"),
    )


class OfferRow(Base):
    """A button under a message; the token stands for its payload, once."""

    __tablename__ = "offers"

    token: Mapped[str] = mapped_column(String(43), primary_key=True)
    patient_id: Mapped[str] = _patient()
    message_id: Mapped[str] = _message(gone="CASCADE")
    position: Mapped[int]
    title: Mapped[str] = mapped_column(EncryptedText)
    payload: Mapped[str] = mapped_column(EncryptedText)
    used_at: Mapped[datetime | None]
    withdrawn: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        Index(None, "message_id", "position"),
        Index(None, "patient_id", "used_at", "withdrawn"),
    )


class AssessmentRow(Base):
    """`rules` are pairs of id and version; `reasons` repeat them with the patient's words."""

    __tablename__ = "assessments"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    message_id: Mapped[str | None] = _message(gone="SET NULL")
    at: Mapped[datetime]
    level: Mapped[str] = mapped_column(String(16))
    urgency: Mapped[str] = mapped_column(String(16))
    rules: Mapped[list[list[str]]] = mapped_column(JSON)
    regions: Mapped[list[str]] = mapped_column(JSON)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(EncryptedJSON)
    question: Mapped[str | None] = mapped_column(String(128))
    care: Mapped[str | None] = mapped_column(String(128))
    content_version: Mapped[str] = mapped_column(String(64))
    reminded_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(Text)
    closed_reason: Mapped[str | None] = mapped_column(EncryptedText)

    __table_args__ = (
        Index(None, "patient_id", "at"),
        Index(None, "patient_id", "closed_at"),
        Index(None, "patient_id", "level", "at"),
        Index(None, "level", "closed_at", "at"),
        Index(None, "message_id"),
        Index(None, "at"),
        _NEVER_REUSED,
    )


class FactRow(Base):
    __tablename__ = "facts"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    message_id: Mapped[str | None] = _message(gone="SET NULL")
    at: Mapped[datetime]
    sign: Mapped[str] = mapped_column(String(128))
    presence: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(16))
    time: Mapped[str] = mapped_column(String(16))
    region: Mapped[str | None] = mapped_column(String(64))
    cues: Mapped[list[str]] = mapped_column(JSON)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(EncryptedJSON)

    __table_args__ = (
        Index(None, "patient_id"),
        Index(None, "assessment_id"),
        Index(None, "message_id"),
        Index(None, "at"),
    )


class GreenCheckRow(Base):
    """A walk through the sign check that found none."""

    __tablename__ = "green_checks"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    message_id: Mapped[str | None] = _message(gone="SET NULL")
    at: Mapped[datetime]

    __table_args__ = (Index(None, "patient_id", "at"), Index(None, "message_id"), Index(None, "at"))


class FlagRow(Base):
    """The database refuses a change of `state` that no row of `flag_steps` stands for (migration 0005)."""

    __tablename__ = "flags"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    assessment_id: Mapped[int | None] = mapped_column(ForeignKey("assessments.id", ondelete="SET NULL"))
    raised_at: Mapped[datetime]
    level: Mapped[str] = mapped_column(String(16))
    urgency: Mapped[str] = mapped_column(String(16))
    summary: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16), server_default="sign")
    state: Mapped[str] = mapped_column(String(16), server_default="new")
    since: Mapped[datetime] = mapped_column(server_default="1970-01-01 00:00:00")

    __table_args__ = (
        Index(None, "patient_id"),
        Index(None, "assessment_id"),
        Index(None, "state", "since"),
        _NEVER_REUSED,
    )


class SymptomEntryRow(Base):
    """`message_id` is what makes an entry happen once; it stays when the message is gone."""

    __tablename__ = "symptom_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    message_id: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime]
    pain: Mapped[int]
    region: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (
        CheckConstraint("pain BETWEEN 0 AND 10", name="pain"),
        Index(None, "patient_id", "at"),
        Index(None, "at"),
    )


class ExerciseSessionRow(Base):
    __tablename__ = "exercise_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    message_id: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime]
    exercise: Mapped[str] = mapped_column(EncryptedText)
    minutes: Mapped[int | None]
    region: Mapped[str | None] = mapped_column(String(64))
    pain_after: Mapped[int | None]
    coped: Mapped[bool | None]

    __table_args__ = (
        CheckConstraint("minutes >= 0", name="minutes"),
        CheckConstraint("pain_after BETWEEN 0 AND 10", name="pain_after"),
        Index(None, "patient_id", "at"),
        Index(None, "at"),
    )


class OutboxRow(Base):
    """`priority` 0 goes before 1, whatever its age."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    message_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("messages.id", ondelete="CASCADE"), unique=True
    )
    door: Mapped[str] = mapped_column(String(32))
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(EncryptedText)

    __table_args__ = (
        Index(None, "door", "state", "priority", "created_at", "id"),
        Index(None, "patient_id"),
    )


class MissRow(Base):
    """A message the coach did not understand, with what it might have been."""

    __tablename__ = "misses"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    message_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("messages.id", ondelete="CASCADE"), unique=True
    )
    ranking: Mapped[list[list[Any]]] = mapped_column(JSON)

    __table_args__ = (Index(None, "patient_id"),)


class AuditRow(Base):
    """Who did what to what, and when. It outlives the person, whom it knows by random id only.

    `seal` chains it to the entry before (`bot/records/audit.py`).
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[str] = mapped_column(Text)
    seal: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (Index(None, "subject"), Index(None, "actor"), Index(None, "at"), _NEVER_REUSED)


class FlagStepRow(Base):
    """What was done with a flag. A step that was taken stays as it is."""

    __tablename__ = "flag_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    flag_id: Mapped[int] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text)
    was: Mapped[str] = mapped_column(String(16))
    becomes: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str | None] = mapped_column(EncryptedText)

    __table_args__ = (
        CheckConstraint("length(trim(actor)) > 0", name="actor"),
        CheckConstraint(f"was || ' ' || becomes IN ({_steps_of_life()})", name="life"),
        CheckConstraint(
            "becomes NOT IN ('resolved', 'not_relevant') OR (outcome IS NOT NULL AND note IS NOT NULL)",
            name="end",
        ),
        Index(None, "patient_id"),
        Index(None, "flag_id", "id"),
        _NEVER_REUSED,
    )


class HeartbeatRow(Base):
    """When a part that works by itself last did so."""

    __tablename__ = "heartbeats"

    part: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]


class StaffRow(Base):
    """A member of staff. `email_lookup` finds them by what they sign in as.

    `totp_counter`: the moment of the newest code of their second factor, since each is taken once.
    """

    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(EncryptedText)
    email_lookup: Mapped[str] = mapped_column(String(64), unique=True)
    password: Mapped[str] = mapped_column(EncryptedText)
    roles: Mapped[list[str]] = mapped_column(JSON)
    blocked: Mapped[bool] = mapped_column(default=False)
    totp: Mapped[str | None] = mapped_column(EncryptedText)
    totp_counter: Mapped[int | None]
    recovery_codes: Mapped[list[str]] = mapped_column(EncryptedJSON)
    created_at: Mapped[datetime]


class StaffSessionRow(Base):
    """A session of somebody who signed in; its id is the hash of what their browser holds."""

    __tablename__ = "staff_sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[str] = mapped_column(String(32), ForeignKey("staff.id", ondelete="CASCADE"))
    begun_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    place: Mapped[str] = mapped_column(EncryptedText)
    agent: Mapped[str] = mapped_column(EncryptedText)

    __table_args__ = (Index(None, "staff_id"), Index(None, "begun_at"))


class TeamRow(Base):
    __tablename__ = "teams"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)


class TeamStaffRow(Base):
    __tablename__ = "team_staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"))
    staff_id: Mapped[str] = mapped_column(String(32), ForeignKey("staff.id", ondelete="CASCADE"))

    __table_args__ = (UniqueConstraint("team_id", "staff_id"), Index(None, "staff_id"))


class TeamPatientRow(Base):
    """A patient that a team looks after."""

    __tablename__ = "team_patients"

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"))
    patient_id: Mapped[str] = _patient()
    since: Mapped[datetime]

    __table_args__ = (UniqueConstraint("team_id", "patient_id"), Index(None, "patient_id"))


class InvitationRow(Base):
    """Somebody who may become a member of staff; its id is the hash of the code they were told."""

    __tablename__ = "invitations"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(JSON)
    teams: Mapped[list[str]] = mapped_column(JSON)
    made_by: Mapped[str] = mapped_column(Text)
    ends_at: Mapped[datetime]


class GlassRow(Base):
    """Somebody opened a patient of another team, with a reason, for a while."""

    __tablename__ = "broken_glass"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    staff_id: Mapped[str] = mapped_column(String(32), ForeignKey("staff.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(EncryptedText)
    at: Mapped[datetime]
    until: Mapped[datetime]
    seen_by: Mapped[str | None] = mapped_column(String(32))
    seen_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "patient_id"), Index(None, "staff_id", "until"), Index(None, "seen_at"))


class TeamCodeRow(Base):
    """A one-time code that ties a patient to a team; its id is the hash of it. Once a patient has typed it,
    it is theirs, until they answer whether they want that.
    """

    __tablename__ = "team_codes"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    team_id: Mapped[str] = mapped_column(String(32), ForeignKey("teams.id", ondelete="CASCADE"))
    patient_id: Mapped[str | None] = mapped_column(
        String(32), ForeignKey("patients.id", ondelete="CASCADE"), unique=True
    )
    made_by: Mapped[str] = mapped_column(String(32))
    ends_at: Mapped[datetime]


# What staff put beside a talk


class NoteRow(Base):
    """`written_by` is the id of a member of staff; the name is theirs at that time."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    message_id: Mapped[str | None] = _message(gone="SET NULL")
    at: Mapped[datetime]
    written_by: Mapped[str] = mapped_column(String(64))
    writer: Mapped[str] = mapped_column(EncryptedText)
    text: Mapped[str] = mapped_column(EncryptedText)
    shared: Mapped[bool]

    __table_args__ = (Index(None, "patient_id"), Index(None, "message_id"), Index(None, "at"), _NEVER_REUSED)


class TagRow(Base):
    """On a message, or where there is none on the whole talk."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    message_id: Mapped[str | None] = _message(gone="CASCADE")
    tag: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    put_by: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        UniqueConstraint("message_id", "tag"),
        Index(None, "patient_id", "tag"),
        Index(None, "tag"),
        Index(None, "at"),
    )


class ReadingRow(Base):
    """How far a member of staff has read: up to which message, or whether it is put aside."""

    __tablename__ = "readings"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    staff_id: Mapped[str] = mapped_column(String(64))
    upto_seq: Mapped[int]
    later: Mapped[bool]

    __table_args__ = (UniqueConstraint("patient_id", "staff_id"),)


class SentByHandRow(Base):
    """Who sent an outbound message by hand."""

    __tablename__ = "sent_by_hand"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = _patient()
    message_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("messages.id", ondelete="CASCADE"), unique=True
    )
    staff_id: Mapped[str] = mapped_column(String(64))
    sender: Mapped[str] = mapped_column(EncryptedText)

    __table_args__ = (Index(None, "patient_id"),)
