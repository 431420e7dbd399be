"""The chain, once per campaign and language: subject, preheader, body, templates, MJML, inlined styles, text.

What comes out is still text with tokens for everything personal; `compile.py` turns it into the nodes of an edition.
The same chain over an environment that defers nothing is plain Jinja, rendered for one recipient: tests compare the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Template, TemplateSyntaxError
from markupsafe import Markup

from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Issue
from mailer.domain.media import MediaFile
from mailer.edition.filters import filters
from mailer.errors import InputProblems, Problem
from mailer.rendering import context as contexts
from mailer.rendering.blocks import Blocks
from mailer.rendering.body import Body
from mailer.rendering.environment import CampaignEnvironment, Compilation, compiling
from mailer.rendering.finish import finished
from mailer.rendering.holes import BODY, HTML, TEXT, Holes
from mailer.rendering.issue import Items, Showing, Shown
from mailer.rendering.lines import located
from mailer.rendering.linked import Linked
from mailer.rendering.mjml import to_html
from mailer.rendering.plaintext import tidied
from mailer.rendering.problems import from_exception, suggestion
from mailer.rendering.pull_quote import pull_quote
from mailer.rendering.surroundings import Surroundings
from mailer.rendering.templates import TemplateFolders, shown_as
from mailer.rendering.views import Absent, views
from mailer.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One variant with tokens in it. media: every file it links, by name. used: digests of the templates read, by name.

    lent: the names of media that are there for a digest's items alone. warnings: what could not be shown of those.
    """

    subject: str
    preheader: str
    html: str
    text: str
    mjml: str
    media: Mapping[str, MediaFile]
    used: Mapping[str, str]
    lent: frozenset[str]
    warnings: tuple[Problem, ...]


@dataclass
class Chain:
    """Renders one campaign file.

    environments: (templates, texts). recipient: None to leave holes, else what `subscriber` and `links` are.
    issue: what it holds if it is a digest.
    """

    file: CampaignFile
    around: Surroundings
    environments: tuple[CampaignEnvironment, CampaignEnvironment]
    holes: Holes
    recipient: Mapping[str, Any] | None = None
    issue: Issue | None = None
    linked: Linked = field(init=False)

    def __post_init__(self) -> None:
        self.linked = Linked(self.file, self.around, self.holes)

    @property
    def settings(self) -> Settings:
        return self.around.settings

    def render(self) -> Rendered:
        """The whole chain; raises InputProblems with findings that have file and line."""
        language = contexts.language_of(self.file, self.settings)
        compilation = Compilation(holes=self.holes, filters=filters(language))
        with compiling(compilation):
            try:
                return self._rendered(compilation)
            except InputProblems:
                raise
            except Exception as error:  # whatever a template raises is a finding in a file
                raise from_exception(error, fallback=(self.file.name, None), files=self._files(compilation)) from error

    def _files(self, compilation: Compilation) -> dict[str, int]:
        """The names under which Jinja reports what was read, and the line at which each begins."""
        return {shown_as(name): 1 for name in compilation.used} | self.environments[1].places.first_lines

    def _rendered(self, compilation: Compilation) -> Rendered:
        templates, texts = self.environments
        self._check_template()
        assert isinstance(templates.loader, TemplateFolders)
        body = Body(self.file.name, templates.places, self.holes)
        blocks = Blocks(templates, templates.loader.blocks(), self.holes, body.content)
        body.blocks = blocks
        texts.block_names = frozenset(blocks.signatures)
        common = self._common() | blocks.functions()
        items = self._items(body)
        common |= self._named(items.text)
        sources = self._compiled(texts)
        subject, preheader = (self._line(name, sources[name], common) for name in ("subject", "preheader"))
        common |= {"subject": subject, "preheader": preheader}
        html_fields, text_fields = contexts.markdown_fields(self.file, body)
        blocks.html |= common | html_fields | self._named(items.html)
        blocks.text |= common | text_fields
        rendered_body = body.render(sources["body"], common)
        pulled = {"pull_quote": pull_quote(self.file, rendered_body.text)}
        blocks.html |= pulled
        blocks.text |= pulled
        mjml, html = self._html(templates, blocks.html, rendered_body.mjml)
        text = self._text(templates, blocks.text, rendered_body.text)
        return Rendered(
            subject=subject, preheader=preheader, html=html, text=text, mjml=mjml, media=self.linked.files,
            used=compilation.used, lent=frozenset(self.linked.lent), warnings=items.warnings,
        )  # fmt: skip

    def _check_template(self) -> None:
        name = self._template
        loader = self.environments[0].loader
        assert isinstance(loader, TemplateFolders)
        if loader.find(f"{name}.mjml") is None or loader.find(f"{name}.txt") is None:
            known = [
                one.removesuffix(".mjml") for one in loader.list_templates() if one.endswith(".mjml") and "/" not in one
            ]
            raise InputProblems(
                [Problem(rule="template", file=self.file.name, line=self.file.line_of("template"),
                         message=f'there is no template pair "{name}.mjml" and "{name}.txt"', hint=suggestion(name, known))]
            )  # fmt: skip

    @property
    def _template(self) -> str:
        return self.file.campaign.template or self.file.campaign.kind

    def _common(self) -> dict[str, Any]:
        common = contexts.shared(self.file, self.settings) | {
            "image": self.linked.image,
            "logo": self.linked.logo,
            "calendar_url": self.linked.calendar_url,
        }
        common |= views(self.file.campaign, self.around.now, contexts.zone_of(self.file, self.settings))
        if self.recipient is None:
            return common | contexts.personal_urls(self.settings, lambda name: contexts.link_token(self.holes, name))
        links = self.recipient["links"]
        return common | dict(self.recipient) | contexts.personal_urls(self.settings, links.__getitem__)

    def _items(self, body: Body) -> Shown:
        if self.issue is None:
            return Shown(html=Items(), text=Items(), warnings=())
        pages = f"{contexts.public_url(self.settings)}/c"
        return Showing(body=body, picture=self.linked.item_image, pages=pages).show(self.issue)

    def _named(self, items: Items) -> dict[str, object]:
        return {"items": items if self.issue is not None else Absent("items", "a digest has them")}

    def _compiled(self, texts: CampaignEnvironment) -> dict[str, Template]:
        """Subject, preheader and body as templates; what is wrong in any of them is raised at once."""
        file, campaign = self.file, self.file.campaign
        sources = {
            "subject": (campaign.subject, f"{file.name}#subject", file.line_of("subject") or 1),
            "preheader": (campaign.preheader or "", f"{file.name}#preheader", file.line_of("preheader") or 1),
            "body": (file.body, file.name, file.body_line),
        }
        found: dict[str, Template] = {}
        problems: list[Problem] = []
        for name, (source, shown, line) in sources.items():
            try:
                found[name] = texts.text(source, shown, line)
            except (TemplateSyntaxError, InputProblems) as error:
                problems += from_exception(error, fallback=(file.name, line), files={shown: line}).problems
        if problems:
            raise InputProblems(problems)
        return found

    def _line(self, name: str, template: Template, common: Mapping[str, Any]) -> str:
        """Subject or preheader."""
        with self.holes.at(name):
            return " ".join(template.render(common).split())

    def _html(self, templates: CampaignEnvironment, seen: Mapping[str, Any], body: str) -> tuple[str, str]:
        with self.holes.at(HTML):
            rendered = templates.get_template(f"{self._template}.mjml").render({**seen, "body": Markup(body)})  # noqa: S704 (made by our writers)
        source = located(rendered, templates.places)
        return source.text, finished(to_html(source, self.holes, is_own_picture=self.linked.is_own_picture), self.holes)

    def _text(self, templates: CampaignEnvironment, seen: Mapping[str, Any], body: str) -> str:
        with self.holes.at(TEXT):
            rendered = templates.get_template(f"{self._template}.txt").render({**seen, "body": body.strip("\n")})
        return tidied(rendered, self.holes)


#: Which holes must come out in which part.
HTML_STAGES = frozenset({BODY, HTML})
TEXT_STAGES = frozenset({BODY, TEXT})
