"""The example campaigns as one person gets them, through the real compiler and the real program."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mailer.domain.campaign_file import CampaignFile
from mailer.domain.campaign_fund import Fund
from mailer.domain.digest import Issue, Mailed, Records
from mailer.domain.picture import Picture
from mailer.domain.subscriber import Recipient
from mailer.edition.program import Program
from mailer.rendering.compile import Compiled, compile_campaign
from mailer.rendering.surroundings import Surroundings
from mailer.settings import Settings, load
from mailer.sources.campaign_files import read_campaign
from mailer.sources.campaign_slugs import campaign_slugs
from mailer.sources.digest_items import collect

ROOT = Path(__file__).parents[1]
PUBLIC_URL = "https://mail.example.org"
EXAMPLES = sorted(campaign_slugs(ROOT))
#: A letter comes as letters do.
WITHOUT_PICTURES = frozenset({"a-letter-to-members"})
ROSA = {
    "first_name": "Rosa",
    "last_name": "Quillbridge",
    "tags": ("donor",),
    "joined_at": "2021-05-03",
    "attributes": {"city": "Leeds", "last_gift": "20"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Both parts as a reader's program decodes them."""

    slug: str
    subject: str
    preheader: str
    html: str
    text: str
    pictures: tuple[Picture, ...]

    def with_pictures_in(self, folder: Path) -> str:
        """The HTML with its pictures in files in `folder`, for want of the server that they would come from."""
        html = self.html
        for picture in self.pictures:
            path = folder / picture.name
            path.write_bytes(picture.content)
            html = html.replace(f"{PUBLIC_URL}/media/{picture.name}", path.as_uri())
        return html


def settings(**sections: Any) -> Settings:
    """The example project's; `sections`: {"brand": {"accent": …}} changes some of them."""
    found = load(ROOT, {"MAILER_PUBLIC_URL": PUBLIC_URL})
    return replace(found, **{name: replace(getattr(found, name), **values) for name, values in sections.items()})


@cache
def _compiled(slug: str) -> Compiled:
    return compiled(slug, settings())


def compiled(
    slug: str,
    project: Settings,
    *,
    now: datetime | None = None,
    fund: dict[str, Any] | Fund | None = None,
    **fields: Any,
) -> Compiled:
    """now: instead of the project's clock. fund, fields: what the campaign's file says differently."""
    file = read_campaign(ROOT, slug)
    if fund is not None:
        fields["fund"] = fund if isinstance(fund, Fund) else file.campaign.fund.model_copy(update=fund)
    file = replace(file, campaign=file.campaign.model_copy(update=fields))
    now = now or project.project.clock
    return compile_campaign(file, Surroundings(settings=project, now=now, issue_of=lambda one: issue(one, now)))


def issue(digest: CampaignFile, now: datetime) -> Issue:
    """What a digest holds on the day on which all other examples were mailed, an hour after each other."""
    others = [read_campaign(ROOT, slug) for slug in EXAMPLES if slug != digest.slug]
    mailed = {
        one.slug: Mailed(
            slug=one.slug, kind=one.campaign.kind, title=one.campaign.headline, at=now - timedelta(hours=hours)
        )
        for hours, one in enumerate(others, 1)
    }
    return collect(digest, Records(mailed=mailed), now=now, zone=ZoneInfo("Europe/London"))


def example_mail(slug: str, fields: dict[str, Any] = ROSA, *, of: Compiled | None = None) -> Mail:
    """The mail of campaign `slug` to somebody with `fields`; of: a compilation other than that of the project as it is."""
    found = of or _compiled(slug)
    program = Program(found.edition, key=b"a key for tests, 32 bytes long..", mailing_id=7)
    person = Recipient(
        subscriber_id=1,
        public_id=1,
        email="rosa@example.org",
        fields={"email": "rosa@example.org", "attributes": {}, **fields},
    )
    return Mail(
        slug=slug,
        subject=program.subject(person),
        preheader=program.preheader(person),
        html=program.html(person),
        text=program.text(person),
        pictures=tuple(found.pictures),
    )
