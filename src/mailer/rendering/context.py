"""What templates see: `docs/templates.md` is its contract."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from mailer.domain.campaign_file import CampaignFile
from mailer.domain.campaign_fund import Figures, Fund
from mailer.domain.money import Money
from mailer.edition.format import Expr
from mailer.rendering.body import Body
from mailer.rendering.holes import Deferred, Holes
from mailer.rendering.problems import TemplateFault
from mailer.settings import Settings

#: Languages written from right to left (ISO 639-1).
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})
#: Fields that allow inline Markdown: they arrive rendered beside `campaign.X`, which is the raw text.
MARKDOWN_FIELDS = ("standfirst", "author_note", "first_published")


@dataclass(frozen=True, slots=True, kw_only=True)
class FundView:
    """`fund` in templates: the figures, and what the author says beside them."""

    name: str
    donate_url: str
    asks: tuple[Money, ...]
    if_over: str | None
    if_under: str | None
    target: Money
    raised: Money
    needed: Money
    percent: int
    as_of: date
    deadline: date | None
    days_left: int | None
    state: str

    @classmethod
    def of(cls, fund: Fund, figures: Figures) -> "FundView":
        shown = {name: getattr(figures, name) for name in Figures.__slots__}
        return cls(
            name=fund.name, donate_url=fund.donate_url, asks=tuple(fund.money(ask) for ask in fund.asks),
            if_over=fund.if_over, if_under=fund.if_under, **shown | {"state": figures.state.value},
        )  # fmt: skip


class NoFund:
    """`fund` in a campaign without one: nothing, and no figures of it."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        hint = "only an appeal has one: kind: appeal, and its figures under fund:"
        raise TemplateFault(f'"fund.{name}" is asked for, and this campaign has no fund', hint, rule="fund")


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


def zone_of(file: CampaignFile, settings: Settings) -> ZoneInfo:
    return ZoneInfo(file.campaign.timezone or settings.project.timezone)


def shared(file: CampaignFile, settings: Settings, figures: Figures | None) -> dict[str, Any]:
    """What both forms, subject and body see alike, recipient data apart."""
    campaign = file.campaign
    fund = getattr(campaign, "fund", None)
    language = language_of(file, settings)
    return {
        "campaign": campaign,
        "fund": FundView.of(fund, figures) if fund and figures else NoFund(),
        "organisation": settings.organisation,
        "brand": dataclasses.replace(settings.brand, name=settings.brand.name or settings.organisation.name),
        "list": list_of(file, settings),
        "language": language,
        "direction": "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr",
        "public_page_url": f"{public_url(settings)}/c/{file.slug}",
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
        value = getattr(file.campaign, name)
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
        "public_url": public_url(settings),
        "unsubscribe_mailbox": settings.sending.unsubscribe_mailbox,
    }
