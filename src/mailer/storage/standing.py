"""What one person, one mailing and one list are to each other, for the pages behind the links in their mail."""

from dataclasses import dataclass

import sqlalchemy as sa

from mailer.domain.subscriber import SubscriptionStatus, SuppressionReason
from mailer.storage.tables import delivery, mailing, mailing_list, subscriber, subscription, suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`status`: None when they never joined. `suppressed`: None when they may be mailed. `topics`: none: everything."""

    subscriber_id: int
    email: str
    status: SubscriptionStatus | None
    suppressed: SuppressionReason | None
    topics: tuple[str, ...] = ()


def standing(connection: sa.Connection, subscriber_id: int, list_name: str | None) -> Standing:
    """How `subscriber_id`, who exists, stands to the list of that name; without a name, to any list: confirmed counts."""
    theirs = (
        sa.select(sa.func.min(subscription.c.status))  # "confirmed" comes first in the alphabet
        .join(mailing_list, mailing_list.c.id == subscription.c.list_id)
        .where(subscription.c.subscriber_id == subscriber.c.id)
    )
    if list_name is not None:
        theirs = theirs.where(mailing_list.c.name == list_name)
    query = (
        sa.select(
            subscriber.c.email, subscriber.c.topics, theirs.scalar_subquery().label("status"), suppression.c.reason
        )
        .outerjoin(suppression, suppression.c.email_key == subscriber.c.email_key)
        .where(subscriber.c.id == subscriber_id)
    )
    row = connection.execute(query).one()
    return Standing(
        subscriber_id=subscriber_id,
        email=row.email,
        status=SubscriptionStatus(row.status) if row.status else None,
        suppressed=SuppressionReason(row.reason) if row.reason else None,
        topics=tuple(row.topics),
    )


def list_mailed(connection: sa.Connection, mailing_id: int, subscriber_id: int) -> str | None:
    """The list that a mailing went to, if it is this person's: None when it is gone, or never was meant for them.

    Links outlive databases, and another one counts its mailings from 1 again: the number alone may be somebody else's mail.
    """
    theirs = sa.and_(delivery.c.mailing_id == mailing.c.id, delivery.c.subscriber_id == subscriber_id)
    return connection.scalar(sa.select(mailing.c.list_name).join(delivery, theirs).where(mailing.c.id == mailing_id))
