"""The schema. Words are the glossary's; times are aware UTC except in the ledger, which counts seconds."""

from mailer.storage.tables.base import metadata
from mailer.storage.tables.feeds import feed, feed_item
from mailer.storage.tables.ledger import IN_HAND, bucket, delivery, delivery_event, quota_day, relay
from mailer.storage.tables.mailings import digest_item, edition, mailing, media
from mailer.storage.tables.people import (
    import_batch,
    mailing_list,
    subscriber,
    subscriber_event,
    subscription,
    suppression,
    tag_change,
    topic_change,
)
from mailer.storage.tables.processes import alert, instance, worker
from mailer.storage.tables.schedules import approval, occurrence, proof, schedule

__all__ = [
    "IN_HAND",
    "alert",
    "approval",
    "bucket",
    "delivery",
    "delivery_event",
    "digest_item",
    "edition",
    "feed",
    "feed_item",
    "import_batch",
    "instance",
    "mailing",
    "mailing_list",
    "media",
    "metadata",
    "occurrence",
    "proof",
    "quota_day",
    "relay",
    "schedule",
    "subscriber",
    "subscriber_event",
    "subscription",
    "suppression",
    "tag_change",
    "topic_change",
    "worker",
]
