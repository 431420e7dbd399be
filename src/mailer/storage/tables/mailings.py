"""What is mailed: editions, the files they link, mailings, and what each issue of a digest held."""

import sqlalchemy as sa

from mailer.storage.tables.base import reference, table
from mailer.storage.types import UtcDateTime

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
