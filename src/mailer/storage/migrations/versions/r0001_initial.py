"""The first schema."""

from mailer.storage.migrations.r0001 import feeds, ledger, mailings, people, processes, schedules

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Whatever refers to another table comes after it.
    for part in (people, mailings, ledger, schedules, feeds, processes):
        part.create()
