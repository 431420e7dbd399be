"""`mailer preview --occurrence`: the issue of a time to come, with the clock of that time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import Output, instant

if TYPE_CHECKING:
    from mailer.app import App
    from mailer.domain.campaign_file import CampaignFile
    from mailer.launch.outlook import Outlook
    from mailer.web.preview.ahead import Occasion


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """The program as it would be at that time, and what is looked at."""

    app: "App"
    occasion: "Occasion"


def turn_to(output: Output, slug: str, wanted: str) -> Turned:
    """Feeds are asked first, if there is a database to write down what they say. Raises UsageError, UnknownName, InputProblems."""
    from mailer.app import App
    from mailer.launch.ahead import find_ahead
    from mailer.sources.campaign_files import read_campaign
    from mailer.web.preview.ahead import Occasion

    app = output.app
    assert app.settings.root is not None
    file, now = read_campaign(app.settings.root, slug), app.clock()
    database = app.database if app.has_database else None
    ahead = find_ahead(app.settings, database, file, wanted, now=now)
    if ahead.shown is None:
        _ask_feeds(app, file)
    later = ahead.when.at - now
    turned = App(app.settings, clock=lambda: app.clock() + later)
    click.get_current_context().call_on_close(turned.close)
    return Turned(app=turned, occasion=Occasion(slug=slug, ahead=ahead, real_now=now))


def _ask_feeds(app: "App", file: "CampaignFile") -> None:
    from mailer.domain.campaign_digest import Digest
    from mailer.launch.feeds import Asker

    if app.has_database and isinstance(file.campaign, Digest):
        asker = Asker(settings=app.settings, database=app.database, clock=app.clock)
        asker.for_issue(file.slug, [feed.url for feed in file.campaign.collect.feeds])


def outlook_document(outlook: "Outlook") -> dict[str, Any]:
    """The key `occurrence` of the document."""
    from mailer.cli.view_words import views_document

    ahead, issue = outlook.ahead, outlook.issue
    return {
        "local": ahead.when.local.isoformat(timespec="minutes"),
        "utc": instant(ahead.when.at),
        "key": ahead.key,
        "timezone": ahead.when.zone,
        "schedule": ahead.schedule.id if ahead.schedule else None,
        "obstacles": list(outlook.held),
        "people": outlook.people,
        "views": views_document(outlook.views),
        "items": [
            {"key": item.key, "headline": item.headline, "kind": item.kind, "topics": list(item.topics)}
            for item in (issue.items if issue else ())
        ],
        "left_out": [
            {"key": one.key or None, "headline": one.headline, "why": one.why.value, "detail": one.detail or None}
            for one in (issue.left_out if issue else ())
        ],
        "before": [{"campaign": slug, "utc": instant(when.at)} for slug, when in outlook.before],
    }
