"""A person that nobody is, for looking at mail when nobody is named."""

from mailer.domain.subscriber import Recipient

#: Who reads when nobody is named: the same in render, check, preview and proofs.
SAMPLE = Recipient(
    subscriber_id=0,
    public_id=0,
    email="sample@example.org",
    fields={
        "email": "sample@example.org",
        "first_name": "Sam",
        "last_name": "Sample",
        "name": "Sam Sample",
        "language": "en",
        "timezone": "Europe/London",
        "country": "GB",
        "topics": (),
        "tags": (),
        "lists": (),
        "joined_at": "2024-01-31",
        "attributes": {},
    },
)
