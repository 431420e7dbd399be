"""Campaigns of a few lines, compiled by the real compiler, and plain Jinja over the same chain as the oracle."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace

from mailer.domain.campaign_digest import Digest
from mailer.domain.subscriber import STANDARD_FIELDS, Recipient
from mailer.edition.program import Program
from mailer.errors import InputProblems
from mailer.rendering.chain import Chain
from mailer.rendering.compile import compile_campaign, template_folders
from mailer.rendering.environment import CampaignEnvironment
from mailer.rendering.holes import Holes
from mailer.rendering.surroundings import Surroundings
from mailer.settings import BrandSettings, OrganisationSettings, Settings, WebSettings
from mailer.sources.campaign_files import parse_campaign

NOW = datetime(2024, 11, 22, 9, 0, tzinfo=UTC)
KEY = b"a key of this project, 32 bytes."
ANA = {
    "first_name": "Ana",
    "last_name": "Rivas",
    "name": "Ana Rivas",
    "email": "ana@example.org",
    "country": "GB",
    "topics": ("peru", "honduras"),
    "tags": ("donor",),
    "lists": ("news",),
    "joined_at": "2021-05-03",
    "language": "en",
    "timezone": "Europe/London",
    "attributes": {"ward": "North", "gift": 25},
    "ward": "North",
    "gift": 25,
}
#: A person who gave nothing but an address.
NOBODY = {"email": "x@example.org", "topics": (), "tags": (), "lists": ("news",), "attributes": {}}
ATTRIBUTES = frozenset({"ward", "gift"})

FUND = """\
fund:
  name: Fighting fund
  target: 18000
  raised: 11791
  as_of: 2024-11-22
  deadline: 2024-11-30
  donate_url: https://www.example.org/give
  asks: [5, 10]
  if_over: More goes to the next fund.
  if_under: We print fewer pages.
"""


def settings(root=None, **sections):
    base = Settings(
        organisation=OrganisationSettings(
            name="Solidarity Network",
            from_address="news@example.org",
            postal_address="1 Example Street, London",
            website="https://www.example.org",
        ),
        brand=BrandSettings(),
        web=WebSettings(public_url="https://mail.example.org"),
        root=root,
    )
    return replace(base, **sections)


def around(root=None, *, now=NOW, known=None, **sections):
    return Surroundings(settings=settings(root, **sections), now=now, known_attributes=known)


def source(body, *, kind="article", subject="A subject long enough", more=""):
    front = f"kind: {kind}\nsubject: {json.dumps(subject, ensure_ascii=False)}\nheadline: The headline\n{FUND if kind == 'appeal' else ''}{more}"
    return f"---\n{front.rstrip()}\n---\n{body}"


def write(root, body, *, templates=None, slug="c", **front):
    """A project in `root` with one campaign; the campaign as it was read."""
    for name, text in (templates or {}).items():
        target = root / "templates" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    folder = root / "campaigns"
    folder.mkdir(exist_ok=True)
    content = source(body, **front).encode()
    (folder / f"{slug}.md").write_bytes(content)
    return parse_campaign(content, slug=slug, root=root)


def compiled(root, body, *, known=ATTRIBUTES, sections=None, **front):
    file = write(root, body, **front)
    return compile_campaign(file, around(root, known=known, **(sections or {})))


def problems(root, body, **front):
    """Every finding as "line: message (hint)"; fails if there is none."""
    try:
        compiled(root, body, **front)
    except InputProblems as error:
        return [str(problem) for problem in error.problems]
    raise AssertionError("it compiled")


def recipient(fields):
    return Recipient(subscriber_id=1, public_id=7, email=str(fields["email"]), fields=fields)


def mail(edition, fields=ANA):
    """What a person gets, decoded."""
    program, person = Program(edition, key=KEY, mailing_id=1), recipient(fields)
    return SimpleNamespace(
        subject=program.subject(person),
        preheader=program.preheader(person),
        html=program.html(person),
        text=program.text(person),
        message=lambda: program.message(person, at=NOW),
    )


class Person:
    """A recipient as plain Jinja sees them: a field that is not there is none."""

    def __init__(self, fields):
        self._fields = fields

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        value = self._fields.get(name)
        return Person(value) if name == "attributes" else value

    def __getitem__(self, name):
        return getattr(self, name)


class PlainEnvironment(CampaignEnvironment):
    """Jinja without binding-time analysis: what is rendered is rendered for one person."""

    deferring = False


@cache
def plain_environments(folders):
    templates = PlainEnvironment(folders)
    return templates, templates.for_texts()


def plain(file, fields=ANA, links=None, root=None, surroundings=None):
    """The naive pipeline: everything rendered anew for one recipient, by Jinja, Markdown, MJML and premailer."""
    environments = plain_environments(template_folders(file.root))
    person = {"subscriber": Person(fields), "links": links or tokens(fields)}
    holes = Holes([file.body])
    surroundings = surroundings or around(root or file.root)
    issue = surroundings.issue_of(file) if isinstance(file.campaign, Digest) else None
    return Chain(file, surroundings, environments, holes, recipient=person, issue=issue).render()


def tokens(fields):
    from mailer.edition.links import BY_NAME, sign

    person = recipient(fields)
    return {name: sign(KEY, purpose, 1, person.public_id) for name, purpose in BY_NAME.items()}


assert ANA.keys() >= STANDARD_FIELDS
