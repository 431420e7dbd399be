"""Rules about money, signatures and days: what was true when it was written, and will be read later."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from mailer.domain.campaign_fund import Figures, Fund
from mailer.domain.campaign_petition import Petition, SignatureFigures
from mailer.domain.campaign_progress import State
from mailer.domain.campaign_types import end_of
from mailer.rendering.lints.rule import Found, Material, error, warning

#: Readers take a figure for today's; a week is as old as it may get.
_FRESH = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """What a campaign counts.

    name: of the field and of the view; counts: the keys that an author brings up to date; goes_stale: figures that mean
    something only beside their date, as they print.
    """

    name: str
    figures: Figures | SignatureFigures
    counts: str
    goes_stale: Mapping[str, str]


def _fund(material: Material) -> _Counted | None:
    fund: Fund | None = getattr(material.file.campaign, "fund", None)
    if fund is None:
        return None
    figures = fund.figures(material.now, material.zone)
    shown = {name: str(getattr(figures, name)) for name in ("raised", "needed", "target")}
    return _Counted(name="fund", figures=figures, counts="raised", goes_stale=shown)


def _petition(material: Material) -> _Counted | None:
    petition: Petition | None = getattr(material.file.campaign, "petition", None)
    if petition is None:
        return None
    figures = petition.figures(material.now, material.zone)
    shown = {name: str(getattr(figures, name)) for name in ("signed", "to_go")}
    return _Counted(name="petition", figures=figures, counts="signed", goes_stale=shown)


def _stale(material: Material, counted: _Counted | None) -> Iterator[Found]:
    if counted is None:
        return
    age = material.now.astimezone(material.zone).date() - counted.figures.as_of
    line = material.file.line_of(counted.name, "as_of")
    if age > _FRESH:
        yield Found(
            line=line,
            message=f"the {counted.name} was last counted {age.days} days ago",
            hint=f"bring {counted.counts} and as_of up to date",
        )
    elif age < timedelta():
        yield Found(
            line=line, message=f"the {counted.name} is counted as of a day that has not come", hint="correct as_of"
        )


def _typed(material: Material, counted: _Counted | None) -> Iterator[Found]:
    if counted is None:
        return
    for line, words in material.body_lines:
        for name, shown in counted.goes_stale.items():
            # Up to three digits are as likely to be a street number or an hour.
            if len(shown) > 3 and re.search(rf"(?<![\d,.]){re.escape(shown)}(?![,.]?\d)", words):
                yield Found(line=line, message=f"{shown} is typed", hint=f"write {{{{ {counted.name}.{name} }}}}")


@error("fund-stale", "what was raised was counted over a week ago, or in the future")
def fund_stale(material: Material) -> Iterator[Found]:
    yield from _stale(material, _fund(material))


@error("petition-stale", "signatures were counted over a week ago, or in the future")
def petition_stale(material: Material) -> Iterator[Found]:
    yield from _stale(material, _petition(material))


@error("deadline-passed", "the deadline of the fund or of the petition, or send_by, has passed")
def deadline_passed(material: Material) -> Iterator[Found]:
    for counted in filter(None, (_fund(material), _petition(material))):
        if counted.figures.state is State.ENDED:
            yield Found(
                line=material.file.line_of(counted.name, "deadline"),
                message=f"the deadline passed on {counted.figures.deadline:%-d %B %Y}",
                hint="extend it, or thank people",
            )
    send_by = material.file.campaign.send_by
    if send_by and end_of(send_by, material.zone) < material.now:
        yield Found(
            line=material.file.line_of("send_by"), message="send_by has passed: nobody would be mailed", hint="move it"
        )


@error("fund-outcome", "an appeal does not say what happens if it raises more, or less, than its target")
def fund_outcome(material: Material) -> Iterator[Found]:
    fund = getattr(material.file.campaign, "fund", None)
    if fund is None or material.file.campaign.kind != "appeal":
        return
    for name, words in (("if_over", "more than its target"), ("if_under", "less than its target")):
        if getattr(fund, name) is None:
            yield Found(
                line=material.file.line_of("fund"),
                message=f"the appeal does not say what happens if it raises {words}",
                hint=f"add {name} to fund",
            )


@warning("fund-typed", "a figure of the fund is typed in the body, where it will go stale")
def fund_typed(material: Material) -> Iterator[Found]:
    yield from _typed(material, _fund(material))


@warning("petition-typed", "how many have signed, or are to go, is typed in the body, where it will go stale")
def petition_typed(material: Material) -> Iterator[Found]:
    yield from _typed(material, _petition(material))


@error("fund-asks", "an amount to ask for is over the target")
def fund_asks(material: Material) -> Iterator[Found]:
    fund: Fund | None = getattr(material.file.campaign, "fund", None)
    for number, ask in enumerate(fund.asks if fund else ()):
        if fund and (ask == 0 or ask > fund.target):
            yield Found(
                line=material.file.line_of("fund", "asks", number),
                message=f"{fund.money(ask)} is no amount to ask for", hint="it is nothing, or over the target",
            )  # fmt: skip


@error("petition-consent", "a petition does not say what becomes of a signature: signing is not consent to mail")
def petition_consent(material: Material) -> Iterator[Found]:
    petition: Petition | None = getattr(material.file.campaign, "petition", None)
    if petition and petition.consent_note is None:
        yield Found(
            line=material.file.line_of("petition"),
            message="the petition does not say what becomes of a signature",
            hint="add consent_note: who sees the names, and that signing puts nobody on a mailing list",
        )


RULES = (
    fund_stale,
    petition_stale,
    deadline_passed,
    fund_outcome,
    fund_typed,
    petition_typed,
    fund_asks,
    petition_consent,
)
