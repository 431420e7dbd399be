"""The schema on one page. Words are the glossary's; times are aware UTC except in the ledger, which counts seconds.

The ledger (`delivery`) is narrow on purpose: integers only, primary key (mailing, subscriber), without a rowid on
SQLite; reply texts live in `delivery_event`. One million rows take 25 MB and claiming stays flat.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from mailer.storage.types import UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
STRICT = {"sqlite_strict": True}


def table(name: str, *columns: sa.schema.SchemaItem, **options: Any) -> sa.Table:
    made: sa.Table = sa.Table(name, metadata, *columns, **(STRICT | options))
    return made


def reference(column: str, *, primary_key: bool = False) -> sa.Column[int]:
    """A foreign key to `column` ("table.id")."""
    name = f"{column.partition('.')[0]}_id"
    return sa.Column(
        name, sa.BigInteger, sa.ForeignKey(column, ondelete="CASCADE"), primary_key=primary_key, nullable=False
    )


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────
subscriber = table(
    "subscriber",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("public_id", sa.BigInteger, nullable=False, unique=True),  # random; signed here, unsigned outside
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_key", sa.Text, nullable=False, unique=True),  # case-folded in Python: the engines' lower() differ
    sa.Column("first_name", sa.Text, nullable=False, default=""),
    sa.Column("last_name", sa.Text, nullable=False, default=""),
    sa.Column("name", sa.Text, nullable=False, default=""),  # as given; empty: first + last
    sa.Column("language", sa.Text, nullable=False, default=""),
    sa.Column("timezone", sa.Text, nullable=False, default=""),
    sa.Column("country", sa.Text, nullable=False, default=""),
    # What they want to hear of, sorted; []: everything. A digest leaves the rest out of theirs.
    sa.Column(
        "topics", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False, default=list, server_default="[]"
    ),
    # One flat object; an import brings text only. JSONB: segments look inside with jsonb_path_exists.
    sa.Column("attributes", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False, default=dict),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("import_id", sa.BigInteger),  # the batch that brought them, for `import --undo`
    # Never the id of somebody erased: the ledger still knows that number.
    sqlite_autoincrement=True,
)
mailing_list = table(
    "list",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
)
subscription = table(
    "subscription",
    reference("list.id", primary_key=True),
    reference("subscriber.id", primary_key=True),
    sa.Column("status", sa.Text, nullable=False),  # domain.subscriber.SubscriptionStatus
    sa.Column("consent", sa.Text, nullable=False, default=""),  # what they were told and where, in words
    sa.Column("consented_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("import_id", sa.BigInteger),  # the batch that made it; NULL: made otherwise
    sa.Index("ix_subscription_subscriber_id", "subscriber_id"),
    sqlite_with_rowid=False,
)
tag = table(
    "tag",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
)
subscriber_tag = table(
    "subscriber_tag",
    reference("tag.id", primary_key=True),
    reference("subscriber.id", primary_key=True),
    sa.Column("import_id", sa.BigInteger),  # as above
    sa.Index("ix_subscriber_tag_subscriber_id", "subscriber_id"),
    sqlite_with_rowid=False,
)
suppression = table(
    "suppression",
    sa.Column("email_key", sa.Text, primary_key=True),  # of an erased person only "sha256:…" of it
    sa.Column("reason", sa.Text, nullable=False),  # domain.subscriber.SuppressionReason
    sa.Column("detail", sa.Text, nullable=False, default=""),
    sa.Column("at", UtcDateTime, nullable=False),
)
# What happened to a person, append-only: joined, confirmed, left, undone, tagged, imported, suppressed.
subscriber_event = table(
    "subscriber_event",
    sa.Column("id", sa.BigInteger, primary_key=True),
    reference("subscriber.id"),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, default=""),
    sa.Column("mailing_id", sa.BigInteger),
    sa.Index("ix_subscriber_event_subscriber_id", "subscriber_id"),
)
import_batch = table(
    "import_batch",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("undone_at", UtcDateTime),
    sa.Column("counts", sa.JSON, nullable=False, default=dict),
)
# What an import made of the topics of people who were here before, for `import --undo`.
topic_change = table(
    "topic_change",
    sa.Column("import_id", sa.BigInteger, primary_key=True),
    reference("subscriber.id", primary_key=True),
    sa.Column("before", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    sa.Column("given", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    sa.Index("ix_topic_change_subscriber_id", "subscriber_id"),
    sqlite_with_rowid=False,
)

# ── what is mailed ───────────────────────────────────────────────────────────────────────────────────────────────────
edition = table(
    "edition",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("sources", sa.Text, nullable=False, index=True),
    sa.Column("content", sa.LargeBinary, nullable=False),  # edition.format.dump
    sa.Column("created_at", UtcDateTime, nullable=False),
)
media = table(
    "media",
    sa.Column("name", sa.Text, primary_key=True),  # HASH.EXT
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
mailing = table(
    "mailing",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False),
    # 1 for the first mailing of its slug, 2 for the next: of two `send`s at once, only one can have the number that both saw free.
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False, default=""),
    sa.Column("edition_id", sa.BigInteger, sa.ForeignKey("edition.id")),  # NULL while scheduled: frozen when it fires
    sa.Column("list_name", sa.Text, nullable=False),
    sa.Column("audience", sa.JSON, nullable=False),  # the frozen definition: segment tree, excluded, limit, rest of
    sa.Column("state", sa.Text, nullable=False),  # domain.mailing.MailingState
    sa.Column("state_reason", sa.Text, nullable=False, default=""),  # why it is held or paused, in words for a person
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("starts_at", UtcDateTime, nullable=False),  # end of the undo window
    sa.Column("started_at", UtcDateTime),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("send_by", UtcDateTime),
    sa.Column("give_up_at", UtcDateTime, nullable=False),
    sa.Column("in_doubt", sa.Text, nullable=False),  # hold | resend
    sa.Column("redirect_to", sa.Text, nullable=False, default=""),  # a rehearsal: who gets it all instead of the people
    sa.Column(
        "waited_until", UtcDateTime
    ),  # end of the last wait for quota or hours; `give_up_at` was moved by its length
    sa.Column("materialised_to", sa.BigInteger, nullable=False, default=0),  # keyset cursor: highest subscriber id done
    sa.Column("total", sa.BigInteger, nullable=False, default=0),
    sa.Column("occurrence_id", sa.BigInteger, unique=True),
    sa.UniqueConstraint("slug", "number"),
)
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
    sa.Column("lease", sa.BigInteger, nullable=False, default=0),  # unix seconds at which the lease ends
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
        sqlite_where=sa.text("state IN (1, 2)"),
        postgresql_where=sa.text("state IN (1, 2)"),
    ),
    sa.Index("ix_delivery_subscriber_id", "subscriber_id"),
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
# What each mailing of a digest held. Every item at most once among those that count; a cancelled mailing's do not.
digest_item = table(
    "digest_item",
    reference("mailing.id", primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),  # domain.digest.Item.names: "campaign:SLUG"
    sa.Column("digest", sa.Text, nullable=False),  # the digest's slug
    # 1 for the newest; NULL: it was passed over as too old, or this is another name of one that has a place
    sa.Column("place", sa.BigInteger),
    sa.Column("counts", sa.Boolean, nullable=False, default=True),
    sa.Index(
        "uq_digest_item_digest_item",
        "digest",
        "item",
        unique=True,
        sqlite_where=sa.text("counts"),
        postgresql_where=sa.text("counts"),
    ),
    sqlite_with_rowid=False,
)

# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
schedule = table(
    "schedule",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # storage.schedules.Kind: once | again
    sa.Column("state", sa.Text, nullable=False),  # storage.schedules.State
    # once: {"at": "2026-11-27T09:00"}, local to `timezone`; again: domain.recurrence.Rule
    sa.Column("spec", sa.JSON, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("until", UtcDateTime),  # nothing comes later than this
    sa.Column(
        "hours", sa.Text, nullable=False, default=""
    ),  # "08:00-20:00"; "": at any hour, and late within the usual ones
    sa.Column("catch_up", sa.Text, nullable=False),  # domain.catch_up.CatchUp
    sa.Column("proof_seconds", sa.BigInteger),  # so long before each time a proof is mailed; NULL: never
    sa.Column("audience", sa.JSON, nullable=False),  # as in `mailing`, its relative dates not yet counted back
    sa.Column("people", sa.BigInteger, nullable=False, default=0),  # how many the audience had when it was armed
    sa.Column("next_at", UtcDateTime, index=True),  # NULL: nothing comes any more
    sa.Column("next_key", sa.Text),
    sa.Column("not_before", UtcDateTime),  # what is due waits for its hours, or for the one before it
    # When these three were worked out: in the future only if the clock was put back since, and then anew.
    sa.Column("counted_at", UtcDateTime, nullable=False),
    sa.Column("sources", sa.Text, nullable=False),  # hash of what was armed
    sa.Column("mailing_id", sa.BigInteger),  # what a one-off will send; of others the newest one that it sent
    sa.Column("created_at", UtcDateTime, nullable=False),
    # A campaign comes round by one rule at most.
    sa.Index(
        "uq_schedule_slug",
        "slug",
        unique=True,
        sqlite_where=sa.text("kind = 'again' AND state IN ('armed', 'paused')"),
        postgresql_where=sa.text("kind = 'again' AND state IN ('armed', 'paused')"),
    ),
)
occurrence = table(
    "occurrence",
    sa.Column("id", sa.BigInteger, primary_key=True),
    reference("schedule.id"),
    sa.Column("key", sa.Text, nullable=False),  # local time, "2027-10-31T01:30": never the UTC instant
    sa.Column("fire_at", UtcDateTime, nullable=False),
    sa.Column("fired_at", UtcDateTime, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),  # storage.schedules.Outcome
    sa.Column("detail", sa.Text, nullable=False, default=""),
    sa.Column("mailing_id", sa.BigInteger),
    sa.UniqueConstraint("schedule_id", "key"),
)
# The composed issue that organisers are shown before an occurrence: what it holds goes out, and what is newer waits.
proof = table(
    "proof",
    reference("schedule.id", primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),  # the occurrence's
    sa.Column("fire_at", UtcDateTime, nullable=False),
    sa.Column("edition_id", sa.BigInteger, sa.ForeignKey("edition.id")),  # NULL: it could not be composed yet
    sa.Column("items", sa.JSON, nullable=False, default=list),  # keys of what it holds
    sa.Column("passed_over", sa.JSON, nullable=False, default=list),  # keys of what a first issue leaves for good
    sa.Column("facts", sa.JSON, nullable=False, default=dict),  # what is said beside it: domain.proof.Facts
    sa.Column("people", sa.BigInteger, nullable=False, default=0),
    sa.Column("at", UtcDateTime, nullable=False),  # when it was composed, or when that was last begun
    sqlite_with_rowid=False,
)
# Somebody has looked: at this content, for these people.
approval = table(
    "approval",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False, index=True),
    sa.Column("sources", sa.Text, nullable=False),
    sa.Column("audience", sa.Text, nullable=False),  # hash of its definition
    sa.Column("people", sa.BigInteger, nullable=False),
    sa.Column("approved_by", sa.Text, nullable=False, default=""),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("schedule_id", sa.BigInteger),  # of a proof: this occurrence and no other
    sa.Column("key", sa.Text, nullable=False, default=""),
    sa.Column("withdrawn_at", UtcDateTime),
)

# ── feeds ────────────────────────────────────────────────────────────────────────────────────────────────────────────
feed = table(
    "feed",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("url", sa.Text, nullable=False, unique=True),  # as a campaign says it; it may hold a secret
    sa.Column("moved_to", sa.Text, nullable=False, default=""),  # where it is asked instead, since it moved for good
    sa.Column("title", sa.Text, nullable=False, default=""),
    sa.Column("etag", sa.Text, nullable=False, default=""),
    sa.Column("modified", sa.Text, nullable=False, default=""),  # its Last-Modified, as it said it
    sa.Column("fetched_at", UtcDateTime),  # when it last answered with a feed, or that nothing is new
    sa.Column("asked_at", UtcDateTime),  # when it was last asked, whatever came of it
    sa.Column("asking", sa.Boolean, nullable=False, default=False),  # somebody is just asking it, or died of it
    sa.Column("next_at", UtcDateTime),  # asked again then; an issue that is put together asks sooner
    sa.Column("not_before", UtcDateTime),  # until then nobody asks: it said so (Retry-After)
    sa.Column("failures", sa.BigInteger, nullable=False, default=0),  # since it last answered
    sa.Column("failing_since", UtcDateTime),
    sa.Column("trouble", sa.Text, nullable=False, default=""),  # why it could not be read, in words
    sa.Column("gone", sa.Boolean, nullable=False, default=False),  # it said that it will never come back (410)
)
feed_item = table(
    "feed_item",
    sa.Column("id", sa.BigInteger, primary_key=True),
    reference("feed.id"),
    sa.Column("key", sa.Text, nullable=False),  # its guid as it stands, else its link, else a hash of what it says
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("headline", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False, default=""),  # plain text
    sa.Column("topics", sa.JSON, nullable=False, default=list),
    sa.Column("published_at", UtcDateTime, nullable=False),  # as it says, but never later than we first saw it
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("feed_id", "key"),
)

# ── who works ────────────────────────────────────────────────────────────────────────────────────────────────────────
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
