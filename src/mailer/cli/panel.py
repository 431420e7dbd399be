"""What a person sees and types before a campaign goes out."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailer.cli.output import Output, clock_time, instant
from mailer.domain.count import people
from mailer.domain.view_words import views_line
from mailer.edition.program import MOST_HTML_BYTES

if TYPE_CHECKING:
    from rich.progress import Progress

    from mailer.launch import Again, Once, Order, Plan, Rehearsal

_FEW = 3


class Bar:
    """A line that says how many are done, on a terminal; nothing elsewhere."""

    def __init__(self, bar: "Progress | None", title: str) -> None:
        self._bar = bar
        self._task = bar.add_task(title, total=None) if bar else None

    def advance(self, more: int) -> None:
        if self._bar and self._task is not None:
            self._bar.advance(self._task, more)

    def stop(self) -> None:
        if self._bar:
            self._bar.stop()


@contextmanager
def drawing(output: Output, title: str) -> Iterator[Bar]:
    """A bar while the block runs, or until it is stopped."""
    bar = None
    if sys.stderr.isatty() and not (output.quiet or output.as_json):
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}: {task.completed:,.0f}"))
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        bar.start()
    shown = Bar(bar, title)
    try:
        yield shown
    finally:
        shown.stop()


def asking(
    output: Output, order: "Order", when: "Once | Again | None" = None, *, before: Callable[[], None]
) -> "Callable[[Plan, Rehearsal], None]":
    """What `launch` asks for approval: shows the panel, then has the person type what the number of people demands."""

    def approve(plan: "Plan", rehearsal: "Rehearsal") -> None:
        before()
        show(output, plan, rehearsal, when)
        word = plan.to_type
        if order.confirmed and (word is None or order.expect is not None):
            return
        if word is None:
            output.confirm("Send it? Type y to go on", "y")
        elif plan.comes_round:
            output.confirm("It goes to whoever is in its audience each time. Type how many they are now to go on", word)
        elif word == plan.draft.slug:
            output.confirm(f"Type the campaign's name to send it to {people(plan.people)}", word)
        else:
            output.confirm(f"Type the number of people to mail them all ({_why(plan)})", word)

    return approve


def _why(plan: "Plan") -> str:
    if plan.again:
        return "some have had it before"
    if plan.people * 10 > plan.of_list * 9:
        return "nearly the whole list"
    return f"usually it is about {plan.usual:,}"


def show(output: Output, plan: "Plan", rehearsal: "Rehearsal", when: "Once | Again | None" = None) -> None:
    """The panel: who gets what from whom, how long it takes, and what to know first."""
    draft, meta = plan.draft, plan.draft.edition.meta
    for problem in draft.warnings:
        output.warn(str(problem))
    audience = draft.audience
    left_out = f", without {draft.file.campaign.exclude}" if audience.exclude else ""
    sample = f", a sample of {audience.limit:,}" if audience.limit is not None else ""
    rest = ", without those who had it" if audience.without else ""
    output.say(f"  {meta.title}")
    output.say(
        f"  To       {people(plan.people)}: {audience.segment_label} on {audience.list_name}{left_out}{sample}{rest}"
    )
    if seen := views_line(draft.views):
        output.say(f"  Views    {seen}")
    if len(rehearsal.languages) > 1:
        output.say(f"  Reading  {_languages(rehearsal, draft.edition.variants[''].language)}")
    output.say(f"  From     {draft.edition.variants[''].from_name} <{meta.from_address}>")
    output.say(f"  Subject  {rehearsal.subject}")
    for line in _times(when):
        output.say(f"  {line}")
    output.say(f"  Speed    {_speed(plan)}")
    output.say(f"  Largest  {rehearsal.largest / 1000:,.0f} KB of {MOST_HTML_BYTES / 1000:,.0f} KB")
    for field, number in sorted(rehearsal.fallbacks.items()):
        output.say(f"  Note     {number:,} without {field} get the fallback")
    for address, reason in list(rehearsal.errors.values())[:_FEW]:
        output.warn(f"no message for {address}: {reason}")
    if len(rehearsal.errors) > _FEW:
        output.warn(f"… and {len(rehearsal.errors) - _FEW:,} more; --dry-run --json lists them all.")


def _times(when: "Once | Again | None") -> Iterator[str]:
    """When it goes out; nothing for now."""
    from mailer.launch import Once

    if isinstance(when, Once):
        yield f"At       {when.when} ({instant(when.when.at)})"
    elif when is not None:
        from mailer.cli.schedule_words import terms_words
        from mailer.domain.rule_words import in_words

        first = when.first.at.astimezone(when.zone)
        yield f"Again    {in_words(when.rule)}{terms_words(when.terms)}"
        yield f"First    {first:%a %-d %b %Y %H:%M} {when.terms.zone} ({instant(when.first.at)})"


def _languages(rehearsal: "Rehearsal", base: str) -> str:
    counted = sorted(rehearsal.languages.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{tag or base} {number:,}" for tag, number in counted)


def _speed(plan: "Plan") -> str:
    if plan.ends_at is None:
        return "as fast as the relay takes it"
    seconds = (plan.ends_at - plan.starts_at).total_seconds()
    span = f"{seconds:,.0f} seconds" if seconds < 120 else f"{seconds / 60:,.0f} minutes"
    if seconds > 7200:
        span = f"{seconds / 3600:,.1f} hours" if seconds < 172_800 else f"{seconds / 86_400:,.1f} days"
    rate = f"{plan.rate:g} a second, " if plan.rate else ""
    ends = f", until {clock_time(plan.ends_at)}" if seconds > 7200 else ""
    return f"{rate}about {span}{ends}"
