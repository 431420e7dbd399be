"""People, what they agreed to and chose, and what happened to them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from mailer.storage.tables.base import reference, table
from mailer.storage.types import KeyText, UtcDateTime

subscriber = table(
    "subscriber",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("public_id", sa.BigInteger, nullable=False, unique=True),  # random; signed here, unsigned outside
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_key", KeyText, nullable=False, unique=True),  # case-folded in Python: the engines' lower() differ
    sa.Column("first_name", sa.Text, nullable=False, default=""),
    sa.Column("last_name", sa.Text, nullable=False, default=""),
    sa.Column("name", sa.Text, nullable=False, default=""),  # as given; empty: first + last
    sa.Column("language", sa.Text, nullable=False, default=""),
    sa.Column("timezone", sa.Text, nullable=False, default=""),
    sa.Column("country", sa.Text, nullable=False, default=""),
    # Their labels, in any order. Here, and not a row each: an import writes a million people once, and whoever asks for a tag
    # goes through the people of a list anyway.
    sa.Column("tags", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False, default=list, server_default="[]"),
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
suppression = table(
    "suppression",
    sa.Column("email_key", KeyText, primary_key=True),  # of an erased person only "sha256:…" of it
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
# Which tags an import gave to people who were here before, and what it made of their topics: for `import --undo`.
tag_change = table(
    "tag_change",
    reference("subscriber.id", primary_key=True),
    sa.Column("import_id", sa.BigInteger, primary_key=True),
    sa.Column("added", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    sqlite_with_rowid=False,
)
topic_change = table(
    "topic_change",
    sa.Column("import_id", sa.BigInteger, primary_key=True),
    reference("subscriber.id", primary_key=True),
    sa.Column("before", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    sa.Column("given", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    sa.Index("ix_topic_change_subscriber_id", "subscriber_id"),
    sqlite_with_rowid=False,
)
