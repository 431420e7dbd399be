"""The kind `digest`: what was mailed or published since the last one, below an introduction."""

import difflib
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_feeds import Feeds
from mailer.domain.campaign_types import ITEMS, Model, Slug, wrong
from mailer.domain.digest import DIGEST, AlreadyMailed, Reach, parse_reach

#: A digest is no archive: with more, nobody reads to the end, and Gmail cuts it off.
MOST_ITEMS = 40


def _number(value: Any) -> Any:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_ITEMS:
        raise wrong(f'"{value}" is not a number of items', f"write a whole number from 1 to {MOST_ITEMS}")
    return value


def _reach(value: Any) -> Any:
    reach = parse_reach(value) if isinstance(value, str) else None
    if reach is None:
        raise wrong(f'"{value}" does not say how far back', "write last 5, or 30 days, or everything")
    return str(reach)


def _kind(value: Any, info: ValidationInfo) -> Any:
    """The kinds there are come in as context: their module imports this one."""
    if value == DIGEST:
        raise wrong("a digest holds no digests", "leave it out")
    known = [kind for kind in (info.context or {}).get("kinds", ()) if kind != DIGEST]
    if not isinstance(value, str) or (known and value not in known):
        near = difflib.get_close_matches(str(value), known, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known)}"
        raise wrong(f'there is no kind "{value}"', hint)
    return value


def _already_mailed(value: Any) -> Any:
    if value not in tuple(AlreadyMailed):
        raise wrong(f'"{value}" does not say what becomes of it', f"write {', '.join(AlreadyMailed)}")
    return AlreadyMailed(value)


ItemNumber = Annotated[
    int, BeforeValidator(_number), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_ITEMS})
]
ItemKind = Annotated[str, BeforeValidator(_kind), WithJsonSchema({"type": "string"})]
FirstRun = Annotated[
    str,
    BeforeValidator(_reach),
    WithJsonSchema({"type": "string", "description": "last 5, 30 days, everything"}),
]


Had = Annotated[
    AlreadyMailed,
    BeforeValidator(_already_mailed),
    WithJsonSchema({"type": "string", "enum": [*AlreadyMailed]}),
]


class Collect(Model):
    """Which campaigns and feeds a digest takes up, and how many items."""

    kinds: Annotated[tuple[ItemKind, ...], ITEMS] = Field((), description="only these kinds; default: all of them")
    topics: Annotated[tuple[Slug, ...], ITEMS] = Field((), description="only what has one of these topics")
    feeds: Feeds = Field((), description="RSS or Atom feeds whose entries are items too")
    min_items: ItemNumber = Field(1, description="with fewer new items, nothing is sent and they wait")
    max_items: ItemNumber = Field(12, description="so many at most; what does not fit waits for the next issue")
    already_mailed: Had = Field(
        AlreadyMailed.INCLUDE,
        description="for whoever had a campaign as a mail of its own: include (the default), shorten to its headline, skip",
    )
    first_run: FirstRun = Field(
        "last 5", description="how far back the first issue reaches: last 5 (the default), 30 days, everything"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Collect":
        if self.min_items > self.max_items:
            raise wrong(f"min_items ({self.min_items}) is above max_items ({self.max_items})", "no issue could be sent")
        return self

    @property
    def reach(self) -> Reach:
        reach = parse_reach(self.first_run)
        assert reach is not None
        return reach


class Digest(Campaign):
    """What is new, below an introduction."""

    name: ClassVar[str] = DIGEST

    kind: Literal["digest"] = Field(description="digest")
    collect: Collect = Field(
        default_factory=lambda: Collect.model_validate({}),
        description="which campaigns and feeds it takes up, and how many items",
    )
