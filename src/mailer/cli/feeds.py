"""`mailer feeds`: what the feeds of digests say, and what becomes of each entry."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import NUMBER, Output, clock_time, instant
from mailer.errors import Exit, Refused

if TYPE_CHECKING:
    from mailer.domain.campaign_file import CampaignFile
    from mailer.domain.feed import KnownFeed
    from mailer.launch.feed_news import FeedNews


@click.command()
@click.argument("digest", required=False, metavar="[SLUG]")
@click.option("-n", "most", type=NUMBER, default=5, show_default=True, help="Show so many entries of each feed.")
@click.option("--no-ask", is_flag=True, help="Ask none of them: show what they said last.")
@click.pass_obj
@click.pass_context
def feeds(ctx: click.Context, output: Output, digest: str | None, *, most: int, no_ask: bool) -> None:
    """Ask the feeds of a digest, or of all of them, what is new, and show what becomes of it. Nothing is sent."""
    news = [(file, _news(output, file, ask=not no_ask)) for file in _digests(output, digest)]
    output.document({"feeds": [_document(file, one, most) for file, found in news for one in found]})
    for file, found in news:
        for one in found:
            for line in _lines(file, one, most):
                output.data(line)
    if any(one.feed is None or one.feed.trouble for _, found in news for one in found):
        ctx.exit(Exit.FAILED)


def _digests(output: Output, slug: str | None) -> "list[CampaignFile]":
    """The digests that name feeds. Raises UnknownName, InputProblems, Refused when none does."""
    from mailer.cli.campaigns import project_root
    from mailer.domain.campaign_digest import Digest
    from mailer.sources.campaign_files import read_campaign
    from mailer.sources.campaign_slugs import campaign_slugs

    root = project_root(output.app)
    read = [read_campaign(root, each) for each in ([slug] if slug else campaign_slugs(root))]
    found = [file for file in read if isinstance(file.campaign, Digest) and file.campaign.collect.feeds]
    if not found:
        who = f"{slug} collects" if slug else "No digest here collects"
        raise Refused(
            f"{who} {'no' if slug else 'any'} feeds.", hint="Name them in its file, below collect: as `feeds:`."
        )
    return found


def _news(output: Output, file: "CampaignFile", *, ask: bool) -> "list[FeedNews]":
    from mailer.domain.campaign_digest import Digest
    from mailer.launch import Asker, Issues
    from mailer.launch.feed_news import feed_news

    app = output.app
    assert isinstance(file.campaign, Digest)
    if ask:
        asker = Asker(settings=app.settings, database=app.database, clock=app.clock)
        asker.ask([feed.url for feed in file.campaign.collect.feeds], fresh=timedelta())
    issues = Issues(settings=app.settings, database=app.database, now=app.now, clock=app.clock)
    return feed_news(app.database, issues, file)


def _document(file: "CampaignFile", one: "FeedNews", most: int) -> dict[str, Any]:
    feed = one.feed
    return {
        "campaign": file.slug,
        "url": one.source.url,
        "title": one.source.name or (feed.title if feed else ""),
        "asked_at": instant(feed.asked_at) if feed else None,
        "fetched_at": instant(feed.fetched_at) if feed else None,
        "trouble": (feed.trouble or None) if feed else "it was not asked yet",
        "gone": bool(feed and feed.gone),
        "moved_to": (feed.moved_to or None) if feed else None,
        "total": len(one.entries),
        "entries": [
            {
                "headline": entry.headline,
                "link": entry.link,
                "at": instant(entry.at),
                "categories": list(entry.categories),
                "fate": why or "next",
            }
            for entry, why in one.entries[:most]
        ],
    }


def _lines(file: "CampaignFile", one: "FeedNews", most: int) -> list[str]:
    from mailer.domain.count import counted
    from mailer.domain.feed import site_of
    from mailer.domain.left_out import WORDS

    feed = one.feed
    title = one.source.name or (feed.title if feed else "") or site_of(one.source.url)
    lines = [f"{file.slug}: {title} ({site_of(one.source.url)}), {counted(len(one.entries), 'entry', 'entries')}"]
    lines += [f"    {line}" for line in _state(feed)]
    for entry, why in one.entries[:most]:
        lines += [
            f"    {entry.at:%Y-%m-%d}  {entry.headline}",
            f"                {WORDS[why] if why else 'in the next issue'}",
        ]
    if len(one.entries) > most:
        lines.append(f"    … and {len(one.entries) - most} older")
    return lines


def _state(feed: "KnownFeed | None") -> list[str]:
    if feed is None or feed.asked_at is None:
        return ["it was not asked yet"]
    found = [f"it has moved to {feed.moved_to}: write that address"] if feed.moved_to else []
    if feed.gone:
        return [*found, "it is gone, and not asked any more: write its new address, or take it out"]
    if feed.trouble:
        last = f"last read {clock_time(feed.fetched_at)}" if feed.fetched_at else "never read"
        return [*found, f"it cannot be read: {feed.trouble} ({last})"]
    return found
