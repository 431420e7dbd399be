"""`mailer new`: a campaign to fill in. All that `check` finds in it is what still has to be written."""

import difflib
import os
import re

import click

from mailer.cli.campaigns import project_root
from mailer.cli.output import Output, invocation
from mailer.errors import MailerError, UnknownName, UsageError


class _New(click.Command):
    """Its help lists the kinds there are."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's signature)
        with formatter.section("Kinds"):
            formatter.write_dl(list(_kinds().items()))


@click.command(cls=_New)
@click.argument("kind", metavar="KIND", default="")
@click.argument("slug", metavar="SLUG", default="")
@click.pass_obj
def new(output: Output, kind: str, slug: str) -> None:
    """Make campaigns/SLUG.md: a campaign of that KIND with a TODO wherever something is to be written."""
    from mailer.sources.new_campaign import skeleton

    if not kind or not slug:
        raise UsageError(f"Which {'name' if kind in _kinds() else 'kind'}? Write: new KIND SLUG", hint=_listed())
    app = output.app
    root = project_root(app)
    if kind not in _kinds():
        near = difflib.get_close_matches(kind, _kinds(), n=1)
        raise UnknownName(f'There is no kind "{kind}".', hint=f'Did you mean "{near[0]}"?' if near else _listed())
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
    if not output.as_json:
        output.say(f"To see it while you write: {invocation()} preview {slug}")


def _kinds() -> dict[str, str]:
    """Every kind and what it is, in one line."""
    from mailer.domain.campaign_kinds import KINDS

    return {name: (model.__doc__ or "").strip().splitlines()[0] for name, model in KINDS.items()}


def _listed() -> str:
    width = max(map(len, _kinds()))
    return "Kinds:\n" + "\n".join(f"  {name:<{width}}  {words}" for name, words in _kinds().items())
