"""`collect.feeds` of a digest: which feeds it takes up, each a URL, or a URL with what to call it and what it is about."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from mailer.domain.campaign_forms import form
from mailer.domain.campaign_types import ITEMS, Model, Slug, Text, wrong
from mailer.domain.feed import place

#: More than these cannot be asked within the time that an issue waits.
MOST_FEEDS = 20


def _feed_url(value: Any) -> Any:
    """What is wrong is said without the address, which may hold a secret."""
    if not isinstance(value, str):
        return value
    value = value.strip()
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or not value.isprintable() or " " in value:
        raise wrong("this is not the address of a feed", "write the whole of it: https://www.example.org/feed.xml")
    if "@" in parts.netloc:
        raise wrong("a feed's address cannot hold a login", "name a feed that anybody may read, or ask for one")
    return value.partition("#")[0]


FeedUrl = Annotated[
    str,
    BeforeValidator(_feed_url),
    WithJsonSchema(
        form(r'https?://[^\s<>"@/?]+([/?][^\s<>"]*)?', "https://www.example.org/feed.xml") | {"format": "uri"}
    ),
]


class FeedSource(Model):
    """A feed whose entries are items."""

    url: FeedUrl = Field(description="where it is: https://www.example.org/feed.xml")
    name: Text | None = Field(None, description="what stands above its items; default: what it calls itself")
    topics: Annotated[tuple[Slug, ...], ITEMS] = Field((), description="what all its items are about")


def _with_url(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


def _few_and_different(feeds: Sequence[FeedSource]) -> Sequence[FeedSource]:
    if len(feeds) > MOST_FEEDS:
        raise wrong(f"these are {len(feeds)} feeds", f"name no more than {MOST_FEEDS}")
    if len({place(feed.url) for feed in feeds}) < len(feeds):
        raise wrong("the same feed stands there twice", "leave one out")
    return feeds


OneFeed = Annotated[FeedSource, BeforeValidator(_with_url, json_schema_input_type=FeedSource | FeedUrl)]
Feeds = Annotated[tuple[OneFeed, ...], ITEMS, AfterValidator(_few_and_different)]
