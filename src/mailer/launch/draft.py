"""From a slug to a draft: the file read, compiled and checked, and whom it goes to."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zlib import crc32
from zoneinfo import ZoneInfo

from mailer.domain.audience import Audience
from mailer.domain.campaign_digest import Digest
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Shown
from mailer.domain.segment import Segment
from mailer.errors import InputProblems, SettingsError, UnknownName
from mailer.launch.issues import Issues
from mailer.launch.plan import Desk, Draft, Earlier, Order, Repeat
from mailer.launch.views import with_views
from mailer.rendering.check import check
from mailer.rendering.compile import compile_campaign
from mailer.rendering.surroundings import Surroundings, nothing_new
from mailer.sources.campaign_files import read_campaign
from mailer.sources.segment_files import EVERYONE, find_segment
from mailer.storage import digest_items, mailings, subscribers


def read_draft(desk: Desk, order: Order) -> Draft:
    """The campaign as its file stands now, for the list and segment that the order, or else the file, names.

    Raises UnknownName, InputProblems with every finding, SettingsError without a project.
    """
    file, earlier = read_file(desk, order.slug), earlier_mailings(desk, order.slug)
    around = surroundings(desk, rest=order.repeat is Repeat.REST)
    same = same_content(desk, file, around, earlier)
    draft = compile_draft(desk, file, audience_for(desk, file, order, same, number=1 + len(earlier)), around)
    return replace(draft, earlier=earlier, same=same)


def read_file(desk: Desk, slug: str) -> CampaignFile:
    """Raises UnknownName, InputProblems, SettingsError."""
    if desk.settings.root is None:
        raise SettingsError(
            "There is no project here.", hint="Change into a folder with mailer.toml, or `mailer init`."
        )
    return read_campaign(desk.settings.root, slug)


def earlier_mailings(desk: Desk, slug: str) -> tuple[Earlier, ...]:
    """What the campaign had before, oldest first."""
    with desk.database.reading() as connection:
        found = mailings.of_slug(connection, slug)
        return tuple(Earlier(mailing=one, counts=mailings.counts(connection, one.id)) for one in found)


def same_content(
    desk: Desk, file: CampaignFile, around: Surroundings, earlier: tuple[Earlier, ...]
) -> tuple[Earlier, ...]:
    """Those of the earlier mailings that said what this one would: all, but of a digest those that held one of its items."""
    if not isinstance(file.campaign, Digest):
        return earlier
    keys = [item.key for item in around.issue_of(file).items]
    with desk.database.reading() as connection:
        same = digest_items.held_by(connection, file.slug, keys)
    return tuple(one for one in earlier if one.mailing.id in same)


def compile_draft(desk: Desk, file: CampaignFile, audience: Audience, around: Surroundings) -> Draft:
    """Compile and check `file`. Figures that depend on the clock are worked out here, once. Raises InputProblems, Refused."""
    file = _for_list(file, audience.list_name)
    checked = check(file, around)
    if checked.errors or checked.compiled is None:
        raise InputProblems(checked.errors, hint=f"`mailer check {file.slug}` says all that was found.")
    viewed = with_views(desk, file, around, checked.compiled, audience)
    return Draft(
        file=file,
        edition=viewed.edition,
        media=viewed.media,
        warnings=checked.warnings,
        audience=audience,
        wants=viewed.wants,
        views=viewed.people,
        issue=checked.compiled.issue,
        send_by=_send_by(desk, file),
    )


def sources_now(desk: Desk, slug: str, list_name: str) -> str | None:
    """The hash of all that would shape the campaign if it were compiled now; None when it cannot be."""
    try:
        file = _for_list(read_file(desk, slug), list_name)
        # What a digest holds is no part of it, and need not be looked for.
        compiled = compile_campaign(file, replace(surroundings(desk), issue_of=nothing_new))
    except (InputProblems, UnknownName):
        return None
    return compiled.edition.sources


def _for_list(file: CampaignFile, list_name: str) -> CampaignFile:
    """The footer, List-Id and one-click name the list that a mailing really goes to."""
    return replace(file, campaign=file.campaign.model_copy(update={"list": list_name}))


def surroundings(
    desk: Desk, *, rest: bool = False, shown: Shown | None = None, asks_feeds: bool = True
) -> Surroundings:
    """What the desk's project compiles its campaigns in. rest: for those who have not had the newest issue of a digest.

    shown: what the proof of an issue has shown, None if it has none. asks_feeds: before it says what a digest holds.
    """
    with desk.database.reading() as connection:
        known = subscribers.known_attributes(connection) or None
    issues = Issues(
        settings=desk.settings, database=desk.database, now=desk.now, clock=desk.clock, rest=rest, shown=shown,
        asks_feeds=asks_feeds,
    )  # fmt: skip
    return Surroundings(settings=desk.settings, now=desk.now, known_attributes=known, issue_of=issues)


def audience_for(
    desk: Desk, file: CampaignFile, order: Order, earlier: Sequence[Earlier], *, number: int = 1
) -> Audience:
    """Whom the order, or else the file, addresses. number: which mailing of it this is. Raises UnknownName, InputProblems."""
    campaign, settings = file.campaign, desk.settings.subscribers
    list_name = order.list_name or campaign.list or settings.default_list
    if list_name not in settings.lists:
        raise UnknownName(f'There is no list "{list_name}".', hint=f"Lists: {', '.join(sorted(settings.lists))}.")
    label = order.segment or campaign.audience or EVERYONE
    return Audience(
        list_name=list_name,
        segment=_segment(desk, label),
        exclude=_segment(desk, campaign.exclude) if campaign.exclude else None,
        segment_label=label,
        limit=order.limit,
        # The same sample for a dry run and the mailing that follows it, another one for the next mailing.
        sample_seed=crc32(f"{order.slug} {number}".encode()),
        without=tuple(one.mailing.id for one in earlier) if order.repeat is Repeat.REST else (),
    )


def _segment(desk: Desk, name: str) -> Segment | None:
    """A segment by its name, a list by its, or None for everyone. Raises UnknownName, InputProblems."""
    if name == EVERYONE:
        return None
    return find_segment(desk.settings.root, desk.settings, name)


def _send_by(desk: Desk, file: CampaignFile) -> datetime | None:
    """When the campaign goes stale, in real time: where the project has a clock of its own, as far off as that says."""
    zone = ZoneInfo(file.campaign.timezone or desk.settings.project.timezone)
    until = file.campaign.send_until(zone)
    return None if until is None else until + (desk.clock() - desk.now)
