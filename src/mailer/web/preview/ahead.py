"""A time to come, under the eye: the preview lives at that time, and says beside the mail what it comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from mailer.app import App
from mailer.domain.count import counted, people
from mailer.domain.left_out import WORDS, LeftOut, Why
from mailer.domain.views import described
from mailer.errors import MailerError
from mailer.launch import Desk
from mailer.launch.ahead import Ahead
from mailer.launch.outlook import Outlook, look_ahead, look_ahead_blindly
from mailer.web.preview.bench import Good

#: So many of what is left out for one reason are named.
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What a page and a terminal say of an occurrence, in words.

    standing: what would keep it back, or that nothing would. inside: a line per item. outside: (why, names, how many more).
    """

    when: str
    standing: str
    who: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    outside: tuple[tuple[str, tuple[str, ...], int], ...] = ()
    before: tuple[str, ...] = ()
    holds_items: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One time of the campaign `slug`. real_now: when the looking began."""

    slug: str
    ahead: Ahead
    real_now: datetime = field(repr=False)

    def outlook(self, app: App, good: Good) -> Outlook:
        """app: with the clock of that time. Raises MailerError when the audience cannot be told."""
        issue = good.compiled.issue
        if not app.has_database:
            return look_ahead_blindly(self.ahead, issue)
        desk = Desk(settings=app.settings, database=app.database, key=b"", clock=app.clock)
        return look_ahead(desk, self.ahead, good.file, issue, real_now=self.real_now)

    def panel(self, app: App, good: Good | None) -> Panel:
        """The same in words; what keeps it from being told is said in it."""
        when = str(self.ahead.when)
        if good is None:
            return Panel(when=when, standing="It would be held: what was found keeps it from being made.")
        try:
            return panel_of(self.outlook(app, good))
        except MailerError as error:
            return Panel(when=when, standing=f"It would be held: {error.message}")


def panel_of(outlook: Outlook) -> Panel:
    ahead, issue = outlook.ahead, outlook.issue
    by_most = sorted(outlook.views.items(), key=lambda one: (-one[1], one[0]))
    views = [f"{people(number)} see {described(view)}" for view, number in by_most] if len(by_most) > 1 else []
    return Panel(
        when=str(ahead.when),
        standing=_standing(outlook),
        who=() if outlook.people is None else (f"To {people(outlook.people)}.", *views),
        inside=tuple(f"{item.headline} ({item.kicker or item.kind}, {item.day:%-d %b})" for item in issue.items)
        if issue
        else (),
        outside=_grouped(issue.left_out) if issue else (),
        before=tuple(f"{slug}, {when}" for slug, when in outlook.before),
        holds_items=issue is not None,
    )


def _standing(outlook: Outlook) -> str:
    said = "; ".join(outlook.held)
    if said:
        return f"{said[0].upper()}{said[1:]}."
    proofed = ", with exactly what its proof has shown" if outlook.ahead.shown else ""
    return f"Armed, and as the files are now{proofed}."


def _grouped(left_out: Sequence[LeftOut]) -> tuple[tuple[str, tuple[str, ...], int], ...]:
    order = list(WORDS)
    found = []
    for why, group in groupby(sorted(left_out, key=lambda one: order.index(one.why)), key=lambda one: one.why):
        names = [_named(one) for one in group]
        found.append((WORDS[Why(why)], tuple(names[:_NAMED]), max(len(names) - _NAMED, 0)))
    return tuple(found)


def _named(one: LeftOut) -> str:
    return f"{one.headline} ({one.detail})" if one.detail else one.headline


def lines_of(panel: Panel) -> list[str]:
    """The panel on a terminal."""
    lines = [panel.when, f"  {panel.standing}", *(f"  {line}" for line in panel.who)]
    if panel.holds_items:
        lines += [f"In it: {counted(len(panel.inside), 'item')}", *(f"  {line}" for line in panel.inside)]
    for why, names, more in panel.outside:
        lines.append(f"Left out, {why}:" if why != WORDS[Why.FEED] else f"{why[:1].upper()}{why[1:]}:")
        lines += [f"  {name}" for name in names]
        lines += [f"  and {more} more"] if more else []
    if panel.before:
        lines += ["Armed to go out before it, and then in it:", *(f"  {line}" for line in panel.before)]
    return lines
