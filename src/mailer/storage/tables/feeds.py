"""Feeds that digests take up, and what they have said."""

import sqlalchemy as sa

from mailer.storage.tables.base import reference, table
from mailer.storage.types import UtcDateTime

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
