"""What templates see: `docs/templates.md` is its contract."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from mailer.domain.campaign_file import CampaignFile
from mailer.domain.palette import palette_of
from mailer.edition.format import Expr
from mailer.rendering.body import Body
from mailer.rendering.holes import Deferred, Holes
from mailer.settings import Settings

#: Languages written from right to left (ISO 639-1).
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})
#: Fields that allow inline Markdown: they arrive rendered beside `campaign.X`, which is the raw text.
MARKDOWN_FIELDS = ("standfirst", "author_note", "first_published", "ps")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """`list` in templates."""

    name: str
    title: str
    description: str


def public_url(settings: Settings) -> str:
    """Where links in mail lead; without the setting, to this machine, which preview and demo serve."""
    return settings.web.public_url or f"http://{settings.web.host}:{settings.web.port}"


def list_of(file: CampaignFile, settings: Settings) -> ListView:
    name = file.campaign.list or settings.subscribers.default_list
    found = settings.subscribers.lists.get(name)
    return ListView(
        name=name, title=(found.title if found else "") or name, description=found.description if found else ""
    )


def language_of(file: CampaignFile, settings: Settings) -> str:
    return file.campaign.language or settings.project.language


def direction_of(file: CampaignFile, settings: Settings) -> str:
    return "rtl" if language_of(file, settings).partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


def public_page_url(file: CampaignFile, settings: Settings) -> str:
    return f"{public_url(settings)}/c/{file.slug}"


def zone_of(file: CampaignFile, settings: Settings) -> ZoneInfo:
    return ZoneInfo(file.campaign.timezone or settings.project.timezone)


def shared(file: CampaignFile, settings: Settings) -> dict[str, Any]:
    """What both forms, subject and body see alike, recipient data apart."""
    campaign = file.campaign
    language = language_of(file, settings)
    return {
        "campaign": campaign,
        "organisation": settings.organisation,
        "brand": dataclasses.replace(settings.brand, name=settings.brand.name or settings.organisation.name),
        "palette": palette_of(settings.brand),
        "list": list_of(file, settings),
        "has_topics": bool(settings.subscribers.topics),
        "language": language,
        "direction": direction_of(file, settings),
        "public_page_url": public_page_url(file, settings),
    }


def personal_urls(settings: Settings, token: Callable[[str], str]) -> dict[str, str]:
    """Whole addresses with a personal token. token: what stands for `links.NAME`."""
    base = public_url(settings)
    return {
        "leave_url": f"{base}/u/{token('leave')}",
        "view_url": f"{base}/v/{token('view')}",
        "preferences_url": f"{base}/p/{token('preferences')}",
    }


def link_token(holes: Holes, name: str) -> str:
    """A token for `links.NAME`; it is not missed when a template does not use it."""
    expr: Expr = ("field", ("var", "links"), name)
    with holes.at("optional"):
        return holes.hole(Deferred(kind="h", expr=expr, file="", line=0))


def markdown_fields(file: CampaignFile, body: Body) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields with inline Markdown for `.mjml` and for `.txt`."""
    html: dict[str, Any] = {}
    text: dict[str, Any] = {}
    for name in MARKDOWN_FIELDS:
        value = getattr(file.campaign, name, None)
        rendered = body.inline(value, file.line_of(name)) if value else None
        html[name] = Markup(rendered[0]) if rendered else None  # noqa: S704 (made by our Markdown writer)
        text[name] = rendered[1] if rendered else None
    return html, text


def used_settings(settings: Settings) -> Mapping[str, Any]:
    """The settings that shape a mail, as plain data for the sources' hash."""
    return {
        "organisation": dataclasses.asdict(settings.organisation),
        "brand": dataclasses.asdict(settings.brand),
        "project": {"timezone": settings.project.timezone, "language": settings.project.language},
        "lists": {name: dataclasses.asdict(one) for name, one in settings.subscribers.lists.items()},
        "default_list": settings.subscribers.default_list,
        "has_topics": bool(settings.subscribers.topics),  # whichever they are, no mail is another
        "public_url": public_url(settings),
        "unsubscribe_mailbox": settings.sending.unsubscribe_mailbox,
    }
