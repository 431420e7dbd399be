"""`items` in templates: what an issue of a digest holds, ready to be shown.

The newest item with a picture leads; the others follow, newest first; last come those of which there is no more than
the headline: what is beyond a dozen, and what its readers had as a mail of its own. What an item's file says was checked
for its own mail, not for this one: a standfirst or picture that cannot be shown is left out with a warning that names its
file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from markupsafe import Markup

from mailer.domain.digest import FEED_ITEM, ITEM_RULE, Issue, Item
from mailer.domain.feed import site_of
from mailer.errors import InputProblems, Problem, Severity
from mailer.rendering.body import Body
from mailer.rendering.problems import TemplateFault

#: Characters of a standfirst: a paragraph for the one that leads, about two lines for the others.
LEAD_LENGTH, LENGTH = 300, 150
#: With more items than this in full nobody reads to the end; the others stand below as headlines.
MOST_IN_FULL = 12


@dataclass(frozen=True, slots=True)
class ImageView:
    """`image(src)` in templates."""

    url: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemImage:
    """The picture of the item that leads."""

    url: str
    width: int
    height: int
    alt: str
    credit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item. standfirst: HTML in a `.mjml`, else text; shortened, without links. picture: of the first item alone.

    source, site: of what a feed brought, whose it is and where it is read ("example.org"); "" for our own.
    """

    headline: str
    kind: str
    kicker: str | None
    standfirst: str | None
    day: date
    url: str
    topics: tuple[str, ...]
    picture: ItemImage | None
    brief: bool = False
    source: str = ""
    site: str = ""


class Items(tuple[ItemView, ...]):
    """`items`. `items.full` and `items.brief` are its two parts.

    Of an issue without any, which is never sent, each is blank: a subject that names one can be looked at.
    """

    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        return _BLANK if isinstance(index, int) and not self else super().__getitem__(index)

    @property
    def full(self) -> tuple[ItemView, ...]:
        return tuple(item for item in self if not item.brief)

    @property
    def brief(self) -> tuple[ItemView, ...]:
        """Those that are shown as headlines, "in brief"."""
        return tuple(item for item in self if item.brief)


_BLANK = ItemView(headline="", kind="", kicker=None, standfirst=None, day=date.min, url="", topics=(), picture=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The same items in both forms, and what could not be shown of them."""

    html: Items
    text: Items
    warnings: tuple[Problem, ...]


@dataclass(kw_only=True)
class Showing:
    """Makes the views of one issue. picture: prepares the file named src; pages: the address below which `/SLUG` is."""

    body: Body
    picture: Callable[[str], ImageView]
    pages: str

    def show(self, issue: Issue) -> Shown:
        warnings: list[Problem] = []
        full, brief = ([item for item in issue.items if item.brief is is_brief] for is_brief in (False, True))
        image, items = self._leading(full, warnings)
        html, text = [], []
        for number, item in enumerate([*items, *brief]):
            words = self._standfirst(item, LENGTH if number else LEAD_LENGTH, warnings)
            view = ItemView(
                headline=item.headline, kind=item.kind, kicker=item.kicker, standfirst=words[1] or None, day=item.day,
                url=item.address or f"{self.pages}/{item.slug}", topics=item.topics,
                picture=None if number else image,
                brief=item.brief or number >= MOST_IN_FULL,
                **_origin(item),
            )  # fmt: skip
            text.append(view)
            html.append(replace(view, standfirst=Markup(words[0]) if words[0] else None))  # noqa: S704 (made by our writer)
        return Shown(html=Items(html), text=Items(text), warnings=tuple(warnings))

    def _leading(self, items: list[Item], warnings: list[Problem]) -> tuple[ItemImage | None, list[Item]]:
        """The picture at the top, and the items with its own before the others."""
        for item in items:
            found = self._image(item, warnings)
            if found is not None:
                return found, [item, *(other for other in items if other is not item)]
        return None, items

    def _image(self, item: Item, warnings: list[Problem]) -> ItemImage | None:
        named = item.picture
        if named is None or not named.alt:  # a picture that only decorates carries no lead
            return None
        try:
            found = self.picture(named.src)
        except (InputProblems, TemplateFault) as error:
            message = error.message if isinstance(error, TemplateFault) else error.problems[0].message
            warnings.append(_unshown(item, item.picture_line, f"its picture cannot be shown: {message}"))
            return None
        return ItemImage(url=found.url, width=found.width, height=found.height, alt=named.alt, credit=named.credit)

    def _standfirst(self, item: Item, most: int, warnings: list[Problem]) -> tuple[str, str]:
        if item.summary:
            return self.body.plain(item.summary, most)
        if not item.standfirst:
            return "", ""
        body = replace(self.body, file=item.file)
        try:
            return body.summary(item.standfirst, item.standfirst_line, most)
        except InputProblems as error:
            first = error.problems[0]
            warnings.append(_unshown(item, first.line, f"its standfirst cannot be shown: {first.message}"))
            return "", ""


def words_of(issue: Issue) -> Iterator[str]:
    """All that items bring into a mail."""
    for item in issue.items:
        yield from (item.headline, item.kicker or "", item.standfirst or "", item.summary or "", item.address or "")
        yield item.picture.alt if item.picture else ""


def _origin(item: Item) -> dict[str, str]:
    """Of what a feed brought."""
    if item.kind != FEED_ITEM:
        return {}
    return {"source": item.kicker or "", "site": site_of(item.address or "")}


def _unshown(item: Item, line: int | None, message: str) -> Problem:
    return Problem(
        rule=ITEM_RULE, severity=Severity.WARNING, file=item.file, line=line, message=message,
        hint=f"`mailer check {item.slug}` says more",
    )  # fmt: skip
