"""The ledger: one row per (mailing, subscriber), and what bounds how fast its rows leave.

`delivery` is narrow on purpose: integers only, primary key (mailing, subscriber), without a rowid on SQLite; reply texts
live in `delivery_event`. One million rows take 25 MB and claiming stays flat.
"""

import sqlalchemy as sa

from mailer.storage.tables.base import reference, table

#: Of `delivery` rows: leased or sending. Not by their state, so that a step from the one to the other leaves the index alone.
IN_HAND = sa.text("lease > 0")

delivery = table(
    "delivery",
    sa.Column("mailing_id", sa.BigInteger, primary_key=True),
    sa.Column("subscriber_id", sa.BigInteger, primary_key=True),
    sa.Column("state", sa.SmallInteger, nullable=False),  # domain.mailing.RowState
    sa.Column("lane", sa.Integer, nullable=False, default=0),  # domain.provider.Provider of the address
    # Unix seconds; what is below ten thousand is due at once, in this order: 0 for all, and during a warm-up the days for which
    # the person has been on the list, so that the newest are mailed first.
    sa.Column("due", sa.BigInteger, nullable=False, default=0),
    sa.Column("attempts", sa.SmallInteger, nullable=False, default=0),
    sa.Column("token", sa.BigInteger, nullable=False, default=0),  # fence: who leased it; 0: nobody
    sa.Column(
        "lease", sa.BigInteger, nullable=False, default=0
    ),  # unix seconds at which the lease ends; 0: nobody holds it
    sa.Column(
        "relay", sa.Integer, nullable=False, default=0
    ),  # relay.id of the one it was last claimed for; 0: none yet
    # The state stands in the predicates as a literal: PostgreSQL's generic plan cannot use a partial index for a bound value.
    sa.Index(
        "ix_delivery_queued",
        "mailing_id",
        "lane",
        "due",
        "subscriber_id",
        sqlite_where=sa.text("state = 0"),
        postgresql_where=sa.text("state = 0"),
    ),
    sa.Index(
        "ix_delivery_lease",
        "lease",
        sqlite_where=IN_HAND,
        postgresql_where=IN_HAND,
    ),
    sqlite_with_rowid=False,
    # Each row is written four times within minutes: what is left of it is cleared away, and counted anew, early.
    postgresql_with={"autovacuum_vacuum_scale_factor": 0.01, "autovacuum_analyze_scale_factor": 0.02},
)
delivery_event = table(
    "delivery_event",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("mailing_id", sa.BigInteger, nullable=False),
    sa.Column("subscriber_id", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),  # unix seconds
    sa.Column("state", sa.SmallInteger, nullable=False),  # the state it came to
    sa.Column("code", sa.SmallInteger, nullable=False, default=0),
    sa.Column("enhanced", sa.Text, nullable=False, default=""),
    sa.Column("detail", sa.Text, nullable=False, default=""),
    sa.Column("relay", sa.Text, nullable=False, default=""),  # the name of the one that answered; "": none was asked
    sa.Index("ix_delivery_event_mailing_id_subscriber_id", "mailing_id", "subscriber_id"),
)
relay = table(
    "relay",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),  # as in the settings, where all else about it stands
    sa.Column("first_used_on", sa.Text),  # the local day on which its warm-up began; NULL: it has not
)
# How far each rate is used up: domain.gcra.Bucket. Locked in the order of keys, before any row of the ledger.
bucket = table(
    "bucket",
    sa.Column("key", sa.Text, primary_key=True),  # "r:RELAY", "g:RELAY:PROVIDER" or "m:MAILING"
    sa.Column("tat", sa.BigInteger, nullable=False, default=0),  # unix microseconds
    sa.Column("slow", sa.Float, nullable=False, default=1.0),  # the share of the rate that was left…
    sa.Column("slowed_at", sa.BigInteger, nullable=False, default=0),  # …when a relay last asked us to slow down
)
quota_day = table(
    "quota_day",
    reference("relay.id", primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),  # by the clocks of the quota's zone: "2026-11-22"
    sa.Column("used", sa.BigInteger, nullable=False, default=0),  # messages claimed, but for those given back unsent
    sqlite_with_rowid=False,
)
