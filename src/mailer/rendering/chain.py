"""The chain, once per campaign and language: subject, preheader, body, templates, MJML, inlined styles, text.

What comes out is still text with tokens for everything personal; `compile.py` turns it into the nodes of an edition.
The same chain over an environment that defers nothing is plain Jinja, rendered for one recipient: tests compare the two.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateSyntaxError
from markupsafe import Markup

from mailer.domain.campaign_event_invite import Event
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Issue
from mailer.domain.media import MediaFile
from mailer.domain.picture import Picture
from mailer.edition.filters import filters
from mailer.errors import InputProblems, Problem
from mailer.rendering import context as contexts
from mailer.rendering.blocks import Blocks
from mailer.rendering.body import Body
from mailer.rendering.calendar_file import Entry, calendar_file
from mailer.rendering.environment import CampaignEnvironment, Compilation, compiling
from mailer.rendering.finish import finished
from mailer.rendering.holes import BODY, HTML, TEXT, Holes
from mailer.rendering.images import prepare
from mailer.rendering.issue import ImageView, Items, Showing, Shown
from mailer.rendering.lines import located
from mailer.rendering.logo import logo_of
from mailer.rendering.mjml import to_html
from mailer.rendering.plaintext import tidied
from mailer.rendering.problems import TemplateFault, from_exception, suggestion
from mailer.rendering.pull_quote import pull_quote
from mailer.rendering.surroundings import Surroundings
from mailer.rendering.templates import TemplateFolders, shown_as
from mailer.rendering.views import Absent, views
from mailer.settings import Settings


@dataclass(frozen=True, slots=True)
class LogoView(ImageView):
    """`logo()` in templates. on_paper: there is paper around it, which needs a rim in the dark."""

    on_paper: bool


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
    media: dict[str, MediaFile] = field(default_factory=dict)
    lent: set[str] = field(default_factory=set)

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
            subject=subject, preheader=preheader, html=html, text=text, mjml=mjml, media=self.media,
            used=compilation.used, lent=frozenset(self.lent), warnings=items.warnings,
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
            "image": self.image,
            "logo": self.logo,
            "calendar_url": self.calendar_url,
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
        return Showing(body=body, picture=self._item_image, pages=pages).show(self.issue)

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
        return source.text, finished(to_html(source, self.holes, is_own_picture=self._is_own), self.holes)

    def _text(self, templates: CampaignEnvironment, seen: Mapping[str, Any], body: str) -> str:
        with self.holes.at(TEXT):
            rendered = templates.get_template(f"{self._template}.txt").render({**seen, "body": body.strip("\n")})
        return tidied(rendered, self.holes)

    def image(self, src: str) -> ImageView:
        """`image(src)` in templates: a file of the project, relative to the campaign's folder or the project."""
        path, shown_as = self._picture_path(src)
        try:
            picture = prepare(path, shown_as=shown_as)
        except InputProblems as error:
            found = error.problems[0]
            raise self._no_picture(src, f"{shown_as}: {found.message}", found.hint) from None
        self.media[picture.name] = picture
        self.lent.discard(picture.name)
        return ImageView(self._media_url(picture.name), picture.width, picture.height)

    def logo(self) -> LogoView | None:
        """`logo()` in templates: the brand's; none if it has none."""
        found = logo_of(self.settings, self.settings.root or self.file.root)
        if found is None:
            return None
        self.media[found.picture.name] = found.picture
        self.lent.discard(found.picture.name)
        return LogoView(self._media_url(found.picture.name), found.width, found.height, found.on_paper)

    def _item_image(self, src: str) -> ImageView:
        """The same for an item of a digest, which will hold others when its time has come."""
        before = set(self.media) - self.lent
        view = self.image(src)
        self.lent |= set(self.media) - before
        return view

    def calendar_url(self, note: str) -> str:
        """`calendar_url(note)` in templates: where the event can be taken into a calendar, with `note` beside it."""
        campaign, settings = self.file.campaign, self.settings
        event = getattr(campaign, "event", None)
        if not isinstance(event, Event):
            raise TemplateFault("there is no event to take into a calendar", "an invitation has one", rule="absent")
        if self.holes.pattern.search(note):
            raise TemplateFault("recipient data cannot stand in a calendar file", "it is the same for everybody")
        entry = Entry(
            identity=f"https://{settings.organisation.from_address.rpartition('@')[2]}/{self.file.slug}",
            stamp=self.around.now, zone=contexts.zone_of(self.file, settings), note=str(note),
            url=contexts.public_page_url(self.file, settings),
        )  # fmt: skip
        made = calendar_file(event, entry)
        self.media[made.name] = made
        return self._media_url(made.name)

    def _picture_path(self, src: str) -> tuple[Path, str]:
        """The file, and how problems name it."""
        if self.holes.pattern.search(src):
            raise TemplateFault(
                "recipient data cannot choose a picture", "use {% if %} around two of them", rule="image"
            )
        # An example campaign that another project looks at has its pictures at home, and wears that project's logo.
        roots = [root.resolve() for root in (self.file.root, self.settings.root or self.file.root)]
        for folder in (self.file.path.parent, *roots):
            with suppress(OSError, ValueError):  # no name of a file: too long, or with a NUL in it
                path = (folder / src).resolve()
                root = next((root for root in roots if path.is_relative_to(root)), None)
                if root and path.is_file():
                    return path, path.relative_to(root).as_posix()
        message, hint = f'there is no picture "{src}" in the project', "paths count from the campaign's folder"
        raise self._no_picture(src, message, hint)

    def _no_picture(self, src: str, message: str, hint: str) -> Exception:
        """The problem, at the line where the author named the picture; else at that of the template."""
        lines = self.file.sources[self.file.name].decode("utf-8-sig").splitlines()
        named = re.compile(rf"(?<![\w./-]){re.escape(src)}(?![\w./-])")
        line = next((number for number, words in enumerate(lines, 1) if named.search(words)), None)
        if src and line:
            return InputProblems([Problem(rule="image", file=self.file.name, line=line, message=message, hint=hint)])
        return TemplateFault(message, hint, rule="image")

    def _media_url(self, name: str) -> str:
        return f"{contexts.public_url(self.settings)}/media/{name}"

    def _is_own(self, address: str) -> bool:
        return any(address == self._media_url(name) for name, file in self.media.items() if isinstance(file, Picture))


#: Which holes must come out in which part.
HTML_STAGES = frozenset({BODY, HTML})
TEXT_STAGES = frozenset({BODY, TEXT})
