"""A flag has a life of steps, which the database itself holds to; parts that work by themselves show life."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STEPS = (
    "'new acknowledged', 'escalated acknowledged', 'acknowledged in_progress', 'acknowledged resolved', "
    "'in_progress resolved', 'acknowledged not_relevant', 'in_progress not_relevant', 'new escalated', "
    "'acknowledged escalated', 'in_progress escalated'"
)
_KINDS = (
    ("unanswered", "check not answered:%"),
    ("silence", "silence after %"),
    ("undelivered", "not delivered:%"),
    ("unread", "screening failed"),
)
# What was cleared before had a name and a reason; how it ended in other respects nobody was asked.
_CLEARED = (
    ("'new'", "'acknowledged'", "NULL", "NULL"),
    ("'acknowledged'", "'resolved'", "'other'", "cleared_reason"),
)

_WITHOUT_STEP = (
    "NOT EXISTS (SELECT 1 FROM flag_steps s WHERE s.flag_id = NEW.id AND s.was = OLD.state "
    "AND s.becomes = NEW.state AND s.at = NEW.since)"
)
_OUT_OF_LINE = "NEW.was <> (SELECT state FROM flags WHERE id = NEW.flag_id)"
# Name, table, when, condition, what is told. Notes are sealed anew when keys are rotated; all else stays.
_GUARDS = (
    ("flags_begin_as_new", "flags", "INSERT", "NEW.state <> 'new'", "a flag begins as new"),
    ("flags_move_by_steps", "flags", "UPDATE OF state, since", _WITHOUT_STEP, "a flag moves by a step"),
    ("flag_steps_in_line", "flag_steps", "INSERT", _OUT_OF_LINE, "a step begins where the flag stands"),
    (
        "flag_steps_stay",
        "flag_steps",
        "UPDATE OF patient_id, flag_id, at, actor, was, becomes, outcome",
        "true",
        "a step that was taken stays",
    ),
)


def upgrade() -> None:
    op.add_column("flags", sa.Column("kind", sa.String(16), nullable=False, server_default="sign"))
    op.add_column("flags", sa.Column("state", sa.String(16), nullable=False, server_default="new"))
    op.add_column(
        "flags",
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default="1970-01-01 00:00:00"),
    )
    _make_tables()
    _tell_what_was()
    op.drop_index("ix_flags_cleared_at", table_name="flags")
    for column in ("cleared_at", "cleared_by", "cleared_reason"):
        op.drop_column("flags", column)
    op.create_index("ix_flags_state_since", "flags", ["state", "since"])
    guard = _guard_on_sqlite if op.get_bind().dialect.name == "sqlite" else _guard_on_postgresql
    for name, table, when, condition, told in _GUARDS:
        guard(name, table, when, condition, told)


def _make_tables() -> None:
    op.create_table(
        "flag_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(32), nullable=False),
        sa.Column("flag_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("was", sa.String(16), nullable=False),
        sa.Column("becomes", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("length(trim(actor)) > 0", name="ck_flag_steps_actor"),
        sa.CheckConstraint(f"was || ' ' || becomes IN ({_STEPS})", name="ck_flag_steps_life"),
        sa.CheckConstraint(
            "becomes NOT IN ('resolved', 'not_relevant') OR (outcome IS NOT NULL AND note IS NOT NULL)",
            name="ck_flag_steps_end",
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name="fk_flag_steps_patient_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name="fk_flag_steps_flag_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_flag_steps"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_flag_steps_patient_id", "flag_steps", ["patient_id"])
    op.create_index("ix_flag_steps_flag_id_id", "flag_steps", ["flag_id", "id"])
    op.create_table(
        "heartbeats",
        sa.Column("part", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("part", name="pk_heartbeats"),
    )


def _tell_what_was() -> None:
    for kind, summary in _KINDS:
        op.execute(
            sa.text("UPDATE flags SET kind = :kind WHERE summary LIKE :summary").bindparams(
                kind=kind, summary=summary
            )
        )
    op.execute("UPDATE flags SET kind = 'request' WHERE level = 'request'")
    for was, becomes, outcome, note in _CLEARED:
        op.execute(
            "INSERT INTO flag_steps (patient_id, flag_id, at, actor, was, becomes, outcome, note) "
            f"SELECT patient_id, id, cleared_at, cleared_by, {was}, {becomes}, {outcome}, {note} "
            "FROM flags WHERE cleared_at IS NOT NULL ORDER BY id"
        )
    op.execute("UPDATE flags SET since = coalesce(cleared_at, raised_at)")
    op.execute("UPDATE flags SET state = 'resolved' WHERE cleared_at IS NOT NULL")


def _guard_on_sqlite(name: str, table: str, when: str, condition: str, told: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {when} ON {table} WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{told}'); END"
    )


def _guard_on_postgresql(name: str, table: str, when: str, condition: str, told: str) -> None:
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{told}' USING ERRCODE = 'check_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
