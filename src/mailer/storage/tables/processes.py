"""Who works, which database this is, and what a person must be told."""

import sqlalchemy as sa

from mailer.storage.tables.base import table
from mailer.storage.types import UtcDateTime

worker = table(
    "worker",
    sa.Column("id", sa.BigInteger, primary_key=True),  # the fencing token's first half is not this: tokens are random
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.BigInteger, nullable=False),
    sa.Column("role", sa.Text, nullable=False),  # worker | scheduler | web
    sa.Column("mailing_id", sa.BigInteger),  # a worker of one `send` works this and nothing else; NULL: all that is due
    sa.Column("beat_at", UtcDateTime, nullable=False),
    sa.Column("trouble", sa.Text, nullable=False, default=""),  # which relays it cannot use, and why
)
# This database and no other, one row: how a snapshot that was restored is known (`storage/instance.py`).
instance = table(
    "instance",
    sa.Column("id", sa.BigInteger, primary_key=True),  # always 1
    sa.Column("identity", sa.BigInteger, nullable=False),  # random
    sa.Column("home", sa.Text, nullable=False, default=""),  # where PostgreSQL keeps it: cluster, database, table
    sa.Column("beats", sa.BigInteger, nullable=False, default=0),  # signs of life since the beginning, of all processes
    sa.Column("beat_at", UtcDateTime),
    sa.Column("backed_up_at", UtcDateTime),
    sa.Column("reaped", sa.BigInteger, nullable=False, default=0),  # rows taken back from workers that were lost
)
# What a person must be told, one row per channel, written in the transaction of what happened: neither lost nor told twice.
alert = table(
    "alert",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),  # storage.alerts.Channel
    sa.Column("kind", sa.Text, nullable=False),  # storage.alerts.Kind
    sa.Column("key", sa.Text, nullable=False),  # the same happening, seen by several, has the same key
    sa.Column("mailing_id", sa.BigInteger),
    sa.Column(
        "slug", sa.Text, nullable=False, default=""
    ),  # the campaign, where it is about one and no mailing says so
    sa.Column("schedule_id", sa.BigInteger),  # of a proof: whose,
    sa.Column("occurrence", sa.Text, nullable=False, default=""),  # and the key of which occurrence
    sa.Column("detail", sa.Text, nullable=False, default=""),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("due", sa.BigInteger, nullable=False, default=0),  # unix seconds; whoever tells it moves it ahead first
    sa.Column("attempts", sa.SmallInteger, nullable=False, default=0),
    sa.Column("told", sa.SmallInteger, nullable=False, default=0),  # of a mail: how many addresses have had it
    sa.Column("done_at", UtcDateTime),
    sa.Column("outcome", sa.Text, nullable=False, default=""),
    sa.UniqueConstraint("key", "channel"),
    sa.Index(
        "ix_alert_due", "due", sqlite_where=sa.text("done_at IS NULL"), postgresql_where=sa.text("done_at IS NULL")
    ),
)
