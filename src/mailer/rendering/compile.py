"""Compiles a campaign: its file, templates, settings and pictures become an edition, once for all recipients.

The promise: every personal value that an author wrote comes out, each occurrence escaped for the place where it stands;
nothing that a campaign or a person says is ever read as a template, as Markdown or as markup; and whatever is wrong is
said with file and line before anybody is mailed.
"""

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr
from pathlib import Path

from mailer.domain.campaign_digest import Digest
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Issue
from mailer.domain.media import MediaFile
from mailer.domain.picture import Picture
from mailer.edition.format import Context, Edition, Meta, Nodes, Variant
from mailer.errors import InputProblems, Problem, Severity
from mailer.rendering import context as contexts
from mailer.rendering.chain import HTML_STAGES, TEXT_STAGES, Chain, Rendered
from mailer.rendering.environment import CampaignEnvironment, environment
from mailer.rendering.expressions import check_field
from mailer.rendering.holes import Holes
from mailer.rendering.issue import words_of
from mailer.rendering.nest import nested
from mailer.rendering.scan import scan, scan_plain
from mailer.rendering.surroundings import Surroundings
from mailer.rendering.templates import FOLDER, shown_as
from mailer.settings import Settings
from mailer.settings.starter import starter_project


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What came of a campaign. media: every file it links. mjml: as it went to mrml, with tokens; for looking at.

    issue: what it holds, if it is a digest, with notes on what could not be shown.
    """

    edition: Edition
    media: tuple[MediaFile, ...]
    warnings: tuple[Problem, ...]
    mjml: str
    issue: Issue | None

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(file for file in self.media if isinstance(file, Picture))


#: What is known of a file's texts is kept in the environments, which all threads share. What an issue holds is asked before.
_ONE_AT_A_TIME = threading.RLock()


def template_folders(root: Path) -> tuple[Path, ...]:
    """Where templates are looked for: the project's own folder, if it has one, then the packaged one.

    So projects without templates of their own share what was compiled of the packaged ones.
    """
    own = root / FOLDER
    return tuple(dict.fromkeys((*([own] if own.is_dir() else ()), starter_project() / FOLDER)))


def compile_campaign(file: CampaignFile, around: Surroundings) -> Compiled:
    """The edition of `file` as of `around.now`.

    Raises InputProblems with everything that was found up to the step that could not go on.
    """
    issue = around.issue_of(file) if isinstance(file.campaign, Digest) else None
    with _ONE_AT_A_TIME:
        return _compile(file, around, issue)


def _compile(file: CampaignFile, around: Surroundings, issue: Issue | None) -> Compiled:
    settings = around.settings
    # Whoever's campaign it is, it wears the templates of the project that it is compiled in.
    environments = environment(template_folders(settings.root or file.root))
    texts = [file.body, *(content.decode("utf-8", "replace") for content in file.sources.values())]
    holes = Holes([*texts, *(words_of(issue) if issue else ())])
    try:
        rendered = Chain(file, around, environments, holes, issue=issue).render()
    except InputProblems as error:
        fields, _ = _field_problems(file, {}, environments, around.known_attributes)
        raise InputProblems([*error.problems, *fields]) from error
    problems, warnings = _field_problems(file, rendered.used, environments, around.known_attributes)
    problems += holes.vanished(HTML_STAGES, rendered.html, "the HTML part")
    problems += holes.vanished(TEXT_STAGES, rendered.text, "the text part")
    problems += holes.vanished(frozenset({"subject"}), rendered.subject, "the subject")
    problems += holes.vanished(frozenset({"preheader"}), rendered.preheader, "the preheader")
    if problems:
        raise InputProblems(problems)
    edition = Edition(
        sources=_digest(file, rendered, settings),
        meta=_meta(file, around, rendered),
        variants={"": _variant(file, settings, rendered, holes)},
    )
    return Compiled(
        edition=edition, media=tuple(rendered.media.values()), warnings=tuple(warnings),
        mjml=rendered.mjml, issue=replace(issue, notes=(*issue.notes, *rendered.warnings)) if issue else None,
    )  # fmt: skip


def _variant(file: CampaignFile, settings: Settings, rendered: Rendered, holes: Holes) -> Variant:
    return Variant(
        language=contexts.language_of(file, settings),
        direction=contexts.direction_of(file, settings),
        from_name=file.campaign.sender_name or settings.organisation.name,
        subject=_nodes(rendered.subject, holes, Context.HEADER),
        preheader=_nodes(rendered.preheader, holes, Context.PLAIN),
        text=_nodes(rendered.text, holes, Context.PLAIN),
        html=nested(scan(rendered.html, holes), holes),
    )


def _nodes(text: str, holes: Holes, context: Context) -> Nodes:
    return nested(scan_plain(text, holes, context), holes)


def _field_problems(
    file: CampaignFile,
    used: Mapping[str, str],
    environments: tuple[CampaignEnvironment, CampaignEnvironment],
    known: frozenset[str] | None,
) -> tuple[list[Problem], list[Problem]]:
    """(errors, warnings) for every field of `subscriber` that the templates in use read, whether or not it was reached."""
    templates, texts = environments
    files = [file.name, f"{file.name}#subject", f"{file.name}#preheader", *map(shown_as, used)]
    problems: dict[tuple[str, int, str], Problem] = {}
    for deferred in (templates.deferred[number] for name in files for number in texts.by_file.get(name, ())):
        for name, attribute in sorted(deferred.fields):
            found = check_field(name, attribute=attribute, known=known)
            if found:
                message, hint, mild = found
                key = (deferred.file, 0 if mild else deferred.line, message)  # one warning a file says it
                problems.setdefault(key, Problem(
                    rule="unknown-field", file=deferred.file, line=deferred.line, message=message, hint=hint,
                    severity=Severity.WARNING if mild else Severity.ERROR,
                ))  # fmt: skip
    errors = [problem for problem in problems.values() if problem.severity is Severity.ERROR]
    return errors, [problem for problem in problems.values() if problem.severity is Severity.WARNING]


def _meta(file: CampaignFile, around: Surroundings, rendered: Rendered) -> Meta:
    settings, campaign = around.settings, file.campaign
    target = contexts.list_of(file, settings)
    return Meta(
        slug=file.slug,
        kind=campaign.kind,
        title=campaign.headline,
        list_name=target.name,
        list_title=target.title,
        from_address=campaign.sender_address or settings.organisation.from_address,
        reply_to=parseaddr(campaign.reply_to or settings.organisation.reply_to)[1],
        public_url=contexts.public_url(settings),
        unsubscribe_mailbox=settings.sending.unsubscribe_mailbox,
        organisation=settings.organisation.name,
        frozen_at=around.now,
        signed=settings.dkim.wanted,
        media=tuple(sorted(rendered.media)),
    )


def _digest(file: CampaignFile, rendered: Rendered, settings: Settings) -> str:
    """SHA-256 over all that shaped the content, the clock apart: an approval holds while only days go by."""
    document = {
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in file.sources.items()},
        "templates": dict(rendered.used),
        "settings": contexts.used_settings(settings),
        # Other files are made from all this, and say when: a calendar file is another one tomorrow.
        # Neither do the items of a digest count: they are those of the moment at which it is frozen.
        "pictures": sorted(
            name for name in rendered.media.keys() - rendered.lent if isinstance(rendered.media[name], Picture)
        ),
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()
