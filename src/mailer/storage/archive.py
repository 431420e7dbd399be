"""What has been published: a campaign is public once a message of it went out."""

import sqlalchemy as sa

from mailer.domain.mailing import RowState
from mailer.storage.tables import delivery, mailing


def newest_mailed(connection: sa.Connection, slug: str) -> int | None:
    """The newest mailing of `slug` that reached anybody; None when none did."""
    somebody_got_it = sa.exists().where(delivery.c.mailing_id == mailing.c.id, delivery.c.state == RowState.SENT)
    query = sa.select(mailing.c.id).where(mailing.c.slug == slug, somebody_got_it).order_by(mailing.c.id.desc())
    return connection.scalar(query.limit(1))
