"""The ledger, and what bounds how fast its rows leave."""

import sqlalchemy as sa
from alembic import op


def create() -> None:
    _delivery()
    _delivery_event()
    _relay()
    _bucket()
    _quota_day()


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("mailing_id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=False),
        sa.Column("relay", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mailing_id", "subscriber_id", name=op.f("pk_delivery")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
        postgresql_with={"autovacuum_vacuum_scale_factor": 0.01, "autovacuum_analyze_scale_factor": 0.02},
    )
    op.create_index(
        "ix_delivery_lease",
        "delivery",
        ["lease"],
        unique=False,
        sqlite_where=sa.text("lease > 0"),
        postgresql_where=sa.text("lease > 0"),
    )
    op.create_index(
        "ix_delivery_queued",
        "delivery",
        ["mailing_id", "lane", "due", "subscriber_id"],
        unique=False,
        sqlite_where=sa.text("state = 0"),
        postgresql_where=sa.text("state = 0"),
    )


def _delivery_event() -> None:
    op.create_table(
        "delivery_event",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("mailing_id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.SmallInteger(), nullable=False),
        sa.Column("enhanced", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("relay", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_event")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_delivery_event_mailing_id_subscriber_id", "delivery_event", ["mailing_id", "subscriber_id"], unique=False
    )


def _relay() -> None:
    op.create_table(
        "relay",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_used_on", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relay")),
        sa.UniqueConstraint("name", name=op.f("uq_relay_name")),
        sqlite_strict=True,
    )


def _bucket() -> None:
    op.create_table(
        "bucket",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tat", sa.BigInteger(), nullable=False),
        sa.Column("slow", sa.Float(), nullable=False),
        sa.Column("slowed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_bucket")),
        sqlite_strict=True,
    )


def _quota_day() -> None:
    op.create_table(
        "quota_day",
        sa.Column("relay_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["relay_id"], ["relay.id"], name=op.f("fk_quota_day_relay_id_relay"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("relay_id", "day", name=op.f("pk_quota_day")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
