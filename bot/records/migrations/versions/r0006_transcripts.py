"""Lists of conversations, and what staff put beside a talk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.records.types import EncryptedJSON

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BATCH = 500
_MESSAGES = sa.table(
    "messages",
    sa.column("id", sa.String()),
    sa.column("understanding", EncryptedJSON()),
    sa.column("intent", sa.String()),
    sa.column("confidence", sa.Double()),
)


def upgrade() -> None:
    _when_patients_wrote()
    _what_can_be_asked_of_messages()
    _beside_a_talk()


def _when_patients_wrote() -> None:
    op.add_column("patients", sa.Column("heard_seq", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("patients", sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True))
    newest = "FROM messages WHERE messages.patient_id = patients.id AND messages.direction = 'in'"
    op.execute(
        f"UPDATE patients SET heard_seq = COALESCE((SELECT max(seq) {newest}), 0), "
        f"heard_at = (SELECT max(at) {newest})"
    )
    op.create_index(op.f("ix_patients_heard_at_id"), "patients", ["heard_at", "id"])


def _what_can_be_asked_of_messages() -> None:
    op.add_column("messages", sa.Column("intent", sa.String(length=64), nullable=True))
    op.add_column("messages", sa.Column("confidence", sa.Double(), nullable=True))
    fill_intents(op.get_bind())
    for columns, known in (
        (["patient_id", "intent", "confidence"], "intent"),
        (["patient_id", "content_id", "content_version"], "content_id"),
    ):
        which = sa.text(f"{known} IS NOT NULL")
        op.create_index(
            op.f(f"ix_messages_{'_'.join(columns)}"),
            "messages",
            columns,
            sqlite_where=which,
            postgresql_where=which,
        )


def fill_intents(connection: sa.Connection) -> None:
    """The older messages' intents, out of what was understood."""
    at = ""
    of_id = sa.update(_MESSAGES).where(_MESSAGES.c.id == sa.bindparam("of"))
    while rows := connection.execute(
        sa.select(_MESSAGES.c.id, _MESSAGES.c.understanding)
        .where(_MESSAGES.c.id > at, _MESSAGES.c.understanding.is_not(None))
        .order_by(_MESSAGES.c.id)
        .limit(_BATCH)
    ).all():
        at = rows[-1].id
        known = [(row.id, row.understanding) for row in rows if row.understanding.get("intent")]
        for message, understood in known:
            given = {"intent": understood["intent"], "confidence": understood.get("confidence")}
            connection.execute(of_id.values(given), {"of": message})


def _beside_a_talk() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), nullable=False),
        _patient(),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(length=64), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        _of_patient("notes"),
        _of_message("notes", gone="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
        sqlite_autoincrement=True,
    )
    _index("notes", "patient_id")
    _index("notes", "message_id")
    _index("notes", "at")
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), nullable=False),
        _patient(),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("put_by", sa.String(length=64), nullable=False),
        _of_patient("tags"),
        _of_message("tags", gone="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("message_id", "tag", name=op.f("uq_tags_message_id_tag")),
    )
    _index("tags", "patient_id", "tag")
    _index("tags", "tag")
    _index("tags", "at")
    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), nullable=False),
        _patient(),
        sa.Column("staff_id", sa.String(length=64), nullable=False),
        sa.Column("upto_seq", sa.Integer(), nullable=False),
        sa.Column("later", sa.Boolean(), nullable=False),
        _of_patient("readings"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
        sa.UniqueConstraint("patient_id", "staff_id", name=op.f("uq_readings_patient_id_staff_id")),
    )
    op.create_table(
        "sent_by_hand",
        sa.Column("id", sa.Integer(), nullable=False),
        _patient(),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        _of_patient("sent_by_hand"),
        _of_message("sent_by_hand", gone="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_by_hand")),
        sa.UniqueConstraint("message_id", name=op.f("uq_sent_by_hand_message_id")),
    )
    _index("sent_by_hand", "patient_id")


def _patient() -> sa.Column[str]:
    return sa.Column("patient_id", sa.String(length=32), nullable=False)


def _of_patient(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_patient_id")
    return sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=name, ondelete="CASCADE")


def _of_message(table: str, *, gone: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_message_id")
    return sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=name, ondelete=gone)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
