"""Rules about money and days: what was true when it was written, and will be read later."""

from collections.abc import Iterator
from datetime import timedelta

from mailer.domain.campaign_fund import Figures, Fund, FundState
from mailer.domain.campaign_types import end_of
from mailer.rendering.lints.rule import Found, Material, error, warning

#: Readers take a figure for today's; a week is as old as it may get.
_FRESH = timedelta(days=7)


def _fund(material: Material) -> tuple[Fund, Figures] | None:
    fund = getattr(material.file.campaign, "fund", None)
    return (fund, fund.figures(material.now, material.zone)) if fund else None


@error("fund-stale", "what was raised was counted over a week ago, or in the future")
def fund_stale(material: Material) -> Iterator[Found]:
    found = _fund(material)
    if not found:
        return
    age = material.now.astimezone(material.zone).date() - found[1].as_of
    line = material.file.line_of("fund", "as_of")
    if age > _FRESH:
        yield Found(
            line=line,
            message=f"the fund was last counted {age.days} days ago",
            hint="bring raised and as_of up to date",
        )
    elif age < timedelta():
        yield Found(line=line, message="the fund is counted as of a day that has not come", hint="correct as_of")


@error("deadline-passed", "the deadline of the fund, or send_by, has passed")
def deadline_passed(material: Material) -> Iterator[Found]:
    found = _fund(material)
    if found and found[1].state is FundState.ENDED:
        line = material.file.line_of("fund", "deadline")
        yield Found(
            line=line,
            message=f"the deadline passed on {found[1].deadline:%-d %B %Y}",
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
    found = _fund(material)
    if not found:
        return
    figures = {"raised": str(found[1].raised), "needed": str(found[1].needed), "target": str(found[1].target)}
    for line, words in material.body_lines:
        for name, shown in figures.items():
            if len(shown) > 3 and shown in words:
                yield Found(line=line, message=f"{shown} is typed", hint=f"write {{{{ fund.{name} }}}}")


@error("fund-asks", "an amount to ask for is over the target")
def fund_asks(material: Material) -> Iterator[Found]:
    found = _fund(material)
    if not found:
        return
    fund = found[0]
    for number, ask in enumerate(fund.asks):
        if ask == 0 or ask > fund.target:
            yield Found(
                line=material.file.line_of("fund", "asks", number),
                message=f"{fund.money(ask)} is no amount to ask for", hint="it is nothing, or over the target",
            )  # fmt: skip


RULES = (fund_stale, deadline_passed, fund_outcome, fund_typed, fund_asks)
