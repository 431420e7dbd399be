"""A pull quote: a sentence of the body, set large. It is taken from the body's text, so the two can never differ."""

import re
from dataclasses import dataclass

from mailer.domain.campaign_file import CampaignFile
from mailer.errors import InputProblems, Problem

#: A sentence ends in one of these, with the quotation marks that close it, before white space or the end.
_END = re.compile(r"[.!?…][”’\"')\]]*(?=\s|\Z)")
_EMPHASIS = re.compile(r"(?<!\w)[*_]|[*_](?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PullQuoteView:
    """`pull_quote` in templates."""

    text: str
    by: str | None
    role: str | None


def pull_quote(file: CampaignFile, body_text: str) -> PullQuoteView | None:
    """The sentence that the campaign names, as the body has it; raises InputProblems if it has none such."""
    wanted = file.campaign.pull_quote
    if wanted is None:
        return None
    flat = " ".join(_EMPHASIS.sub("", body_text).split())
    start = flat.find(" ".join(wanted.begins.split()))
    if start < 0:
        line = file.line_of("pull_quote", "from")
        hint = "copy the first words of the sentence from the body, quotation mark included"
        message = f'no sentence of the body begins "{wanted.begins}"'
        raise InputProblems([Problem(rule="pull-quote", file=file.name, line=line, message=message, hint=hint)])
    end = _END.search(flat, start)
    return PullQuoteView(text=flat[start : end.end() if end else None], by=wanted.by, role=wanted.role)
