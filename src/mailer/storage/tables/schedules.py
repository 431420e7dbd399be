"""When something goes out, what came of it, and what organisers were shown and said before."""

import sqlalchemy as sa

from mailer.storage.tables.base import reference, table
from mailer.storage.types import UtcDateTime

schedule = table(
    "schedule",
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # domain.armed.Kind: once | again
    sa.Column("state", sa.Text, nullable=False),  # domain.armed.State
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
    sa.Column("outcome", sa.Text, nullable=False),  # domain.armed.Outcome
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
