"""`mailer new`: a campaign to fill in. All that `check` finds in it is what still has to be written."""

import os
import re

import click

from mailer.cli.campaigns import project_root
from mailer.cli.output import Output
from mailer.errors import MailerError, UnknownName, UsageError


@click.command()
@click.argument("kind")
@click.argument("slug")
@click.pass_obj
def new(output: Output, kind: str, slug: str) -> None:
    """Make campaigns/SLUG.md: a campaign of that KIND with a TODO wherever something is to be written."""
    from mailer.domain.campaign_kinds import KINDS
    from mailer.rendering.problems import suggestion
    from mailer.sources.new_campaign import skeleton

    app = output.app
    root = project_root(app)
    if kind not in KINDS:
        raise UnknownName(f'There is no kind "{kind}".', hint=suggestion(kind, KINDS).capitalize())
    if not re.fullmatch(r"[a-z][a-z0-9-]*", slug):
        raise UsageError(f'"{slug}" cannot name a campaign.', hint="Small letters, digits and hyphens, a letter first.")
    target = root / "campaigns" / f"{slug}.md"
    target.parent.mkdir(exist_ok=True)
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        raise MailerError(
            f"campaigns/{slug}.md is there already.", hint="Choose another name, or edit that one."
        ) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(skeleton(kind, today=app.now.date()))
    output.document({"campaign": slug, "file": str(target)})
    output.data(f"campaigns/{slug}.md")
    output.next(f"check {slug}")
