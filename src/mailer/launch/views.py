"""The views of an issue: which there are among the people it goes to, and the issue compiled once for each.

A view is compiled as an ordinary digest that has fewer items, so its subject, its leading picture and its lengths are
right by themselves. All of them are variants of one edition, beside the whole issue, which everybody may look up.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace

from mailer.domain.audience import Audience, Want
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Issue
from mailer.domain.media import MediaFile
from mailer.domain.subscriber import Recipient
from mailer.domain.views import MOST_VIEWS, View, ViewRule, described, is_empty, rule_of, seen
from mailer.edition.format import Edition, variant_name
from mailer.errors import InputProblems, Refused
from mailer.launch.plan import Desk
from mailer.rendering.compile import Compiled, compile_campaign
from mailer.rendering.surroundings import Surroundings
from mailer.storage.viewers import viewers


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """An edition with all its views. wants: who of the audience sees anything; people: how many have each view."""

    edition: Edition
    media: tuple[MediaFile, ...]
    wants: tuple[Want, ...] = ()
    people: Mapping[View, int] = field(default_factory=dict)


def with_views(desk: Desk, file: CampaignFile, around: Surroundings, whole: Compiled, audience: Audience) -> Viewed:
    """`whole`, and beside it what those people of the audience see who do not see all of it.

    Raises Refused when there are too many views, InputProblems when one cannot be compiled.
    """
    rule = None if whole.issue is None or whole.issue.is_empty else rule_of(whole.issue)
    if rule is None:
        return Viewed(edition=whole.edition, media=whole.media)
    people = people_by_view(desk, file, rule, replace(audience, wants=rule.wants))
    others = {view: compile_view(file, around, whole, view) for view in sorted(people.keys() - {rule.whole})}
    edition = _joined(whole.edition, rule, others) if others else whole.edition
    media = {one.name: one for compiled in (whole, *others.values()) for one in compiled.media}
    return Viewed(edition=edition, media=tuple(media.values()), wants=rule.wants, people=people)


def narrowed(audience: Audience, issue: Issue | None) -> Audience:
    """Those of the audience who see anything of `issue`, if it is one of a digest."""
    rule = rule_of(issue) if issue else None
    return replace(audience, wants=rule.wants) if rule else audience


def needs_of(issue: Issue | None) -> frozenset[str]:
    """What has to be read of a person to know their view."""
    rule = rule_of(issue) if issue else None
    return rule.needs if rule else frozenset()


def as_seen_by(file: CampaignFile, around: Surroundings, whole: Compiled, person: Recipient) -> Compiled | None:
    """`whole` as this person sees it; None if nothing in it is for them. Raises InputProblems."""
    rule = rule_of(whole.issue) if whole.issue else None
    topics = person.fields.get("topics")
    view = rule.view(topics if isinstance(topics, tuple) else (), person.received) if rule else ""
    if rule is None or view == rule.whole:
        return whole
    return None if is_empty(view) else compile_view(file, around, whole, view)


def compile_view(file: CampaignFile, around: Surroundings, whole: Compiled, view: View) -> Compiled:
    """The issue for those who have this view. Raises InputProblems, whose words say for whom it is."""
    assert whole.issue is not None
    issue = seen(whole.issue, view)
    try:
        return compile_campaign(file, replace(around, issue_of=lambda _: issue))
    except InputProblems as error:
        about = f"for those who see {described(view)}"
        raise InputProblems([replace(one, message=f"{about}: {one.message}") for one in error.problems]) from error


def people_by_view(desk: Desk, file: CampaignFile, rule: ViewRule, audience: Audience) -> Mapping[View, int]:
    """How many people have each view. audience: those who want any of it."""
    found: Counter[View] = Counter()
    if audience.limit is None:  # else the sample is drawn from those who do
        audience = replace(audience, wants=())  # their view says the same, and need not be looked up twice
    with (
        desk.database.reading() as connection,
        closing(viewers(connection, audience, rule.mailings, now=desk.clock())) as kinds,
    ):
        for kind in kinds:
            view = rule.view(kind.topics, kind.received)
            if not is_empty(view):
                found[view] += kind.people
            if len(found) > MOST_VIEWS:
                raise Refused(
                    f"The people of {file.slug} would see its {len(rule.items)} items in more than {MOST_VIEWS} different "
                    "choices, and so many an issue cannot be made in.",
                    hint="Fewer items (max_items), fewer topics on them, or `already_mailed: include` make fewer.",
                )
    return found


def _joined(whole: Edition, rule: ViewRule, others: Mapping[View, Compiled]) -> Edition:
    variants = {variant_name("", view): one.edition.variants[""] for view, one in others.items()}
    linked = {name for one in others.values() for name in one.edition.meta.media}
    meta = replace(whole.meta, media=tuple(sorted(linked.union(whole.meta.media))))
    return replace(whole, meta=meta, variants={**whole.variants, **variants}, views=rule)
