"""Issues of a digest made up for tests, compiled by the real compiler."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from PIL import Image

from compiling import around, write
from mailer.domain.digest import Issue, Item, ItemPicture
from mailer.rendering.compile import compile_campaign

FRONT = "preheader: And what became of it, told by those who were there that day\n"
KINDS = ("article", "appeal", "event_report", "petition", "event_invite", "letter")


def item(number=1, **fields):
    at = datetime(2024, 11, 22, tzinfo=UTC) - timedelta(days=number)
    plain = {
        "key": f"campaign:item-{number}", "slug": f"item-{number}", "kind": KINDS[number % len(KINDS)], "headline": f"Headline {number}", "at": at,
        "day": at.date(), "file": f"campaigns/item-{number}.md", "standfirst": f"What item {number} is about.",
    }  # fmt: skip
    return Item(**plain | fields)


def digest(root, *items, body="Words.\n", subject="What the week has brought", **issue):
    """The digest that holds `items`, compiled."""
    file = write(root, body, kind="digest", subject=subject, more=FRONT)
    held = Issue(items=items, **issue)
    return compile_campaign(file, around_with(root, held))


def around_with(root, held, **sections):
    return replace(around(root, **sections), issue_of=lambda _file: held)


def picture(root, name="a.png"):
    (root / "campaigns").mkdir(exist_ok=True)
    Image.new("RGB", (80, 40), "red").save(root / "campaigns" / name)
    return ItemPicture(src=name, alt="A red field", credit="The network")
