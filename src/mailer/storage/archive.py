"""What has been published: a campaign is public once a message of it went out."""

import sqlalchemy as sa

from mailer.domain.mailing import RowState
from mailer.storage.tables import delivery, edition, mailing


def newest_mailed(connection: sa.Connection, slug: str) -> tuple[int, bytes] | None:
    """(mailing id, stored edition) of the newest mailing of `slug` that reached anybody; None when none did."""
    somebody_got_it = sa.exists().where(delivery.c.mailing_id == mailing.c.id, delivery.c.state == RowState.SENT)
    query = (
        sa.select(mailing.c.id, edition.c.content)
        .join(edition, edition.c.id == mailing.c.edition_id)
        .where(mailing.c.slug == slug, somebody_got_it)
        .order_by(mailing.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.id, row.content)
