"""What is not in an issue of a digest although it might have been, and why: for whoever looks at the issue before it goes."""

from dataclasses import dataclass
from enum import StrEnum


class Why(StrEnum):
    """The reasons. The words stand in JSON documents."""

    HELD = "held"  #: an earlier issue held it, or the first one passed it over
    TOO_OLD = "too_old"  #: a first issue does not reach back so far; it comes in no later one
    WAITS = "waits"  #: more than max_items: it comes in a later one
    NEWER = "newer"  #: than what organisers were shown: it comes in a later one
    KIND = "kind"
    TOPIC = "topic"
    SAME = "same"  #: the same thing is in it, or was, under another name
    LATER = "later"  #: it has not come out by then
    NO_PAGE = "no_page"
    BROKEN = "broken"
    FEED = "feed"  #: a whole feed


#: In the order in which they are shown: first what somebody may want to do something about.
WORDS = {
    Why.FEED: "feeds that bring nothing, or less than they have",
    Why.BROKEN: "their files have errors",
    Why.NO_PAGE: "published, with no page to lead to: they need canonical_url",
    Why.LATER: "come out later",
    Why.WAITS: "more than max_items: they wait for a later issue",
    Why.NEWER: "newer than the proof: they wait for a later issue",
    Why.TOO_OLD: "too old for a first issue, and passed over for good",
    Why.SAME: "the same thing under another name",
    Why.KIND: "of a kind that it does not collect",
    Why.TOPIC: "about nothing that it collects",
    Why.HELD: "in an earlier issue already, or passed over by the first",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """key: as of an item; of a feed "". headline: the slug where nothing else is known. detail: more in words, if there is."""

    key: str
    headline: str
    why: Why
    detail: str = ""
