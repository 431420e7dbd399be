"""What happens in a demo, act by act. Each act does what a command does, and says in a sentence what came of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from mailer.demo.stage import Stage
from mailer.demo.story import Story
from mailer.domain.audience import Audience
from mailer.domain.count import counted, people
from mailer.domain.mailing import Mailing, RowState
from mailer.domain.schedule import parse_when
from mailer.domain.topics import Topics
from mailer.domain.views import FULL
from mailer.edition.links import verify
from mailer.errors import MailerError
from mailer.launch import Draft, NothingToSend, Order, launch, read_draft
from mailer.sources.campaign_slugs import campaign_slugs
from mailer.storage import audiences, mailings, subscribers
from mailer.storage.import_files import FileOptions, import_file
from mailer.storage.status import Status, status_of
from mailer.web.inbox.reading import open_message
from mailer.web.inbox.store import Entry

PEOPLE = "subscribers/people.csv"
#: Goes out by schedule; holds what went out before it. Every other campaign of the example goes out at once.
APPEAL, DIGEST = "fighting-fund", "weekly-digest"
#: As `--segment` would: people near the hall are asked to come.
SEGMENTS = {"winter-meeting": "london"}
PLANNED = (
    "The invented people of the example project are imported.",
    "The campaigns of the example project are compiled and checked.",
    "All but the appeal and the digest go out.",
    "The appeal is scheduled, for a few seconds later.",
    "One of their readers leaves the list, by the link in a message.",
    "The scheduler sends the appeal, and that reader is not among its recipients.",
    "The digest collects what went out, and goes to everybody who is still on the list.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a demo came to. inbox: messages that arrived there; seconds: how long it took."""

    mailings: tuple[Status, ...]
    inbox: int
    seconds: float

    def total(self, state: RowState) -> int:
        return sum(one.counts[state] for one in self.mailings)


def perform(stage: Stage, story: Story, *, ahead: timedelta) -> Played:
    """All acts in turn; the appeal goes out `ahead` of its scheduling.

    Raises MailerError when an act fails, KeyboardInterrupt when a person ends the demo.
    """
    began = time.monotonic()
    story.happened(_import(stage))
    drafts, appeal = _compile_all(stage)
    checked = ", ".join([*(draft.slug for draft in drafts), APPEAL, DIGEST])
    story.happened(f"Checked, and without errors: {checked}.")
    first = [_launch(stage, draft) for draft in drafts]
    for mailing in first:
        stage.watch.wait_for(mailing.id)
    story.happened(_went_out(stage, first), link="/inbox/1", label="Read the first message.")
    expected = _count(stage, appeal.audience)
    later = _launch(stage, appeal, ahead=ahead)
    story.happened(f"“{later.title}” is scheduled for {_clock(later)} and {people(expected)}.")
    reader = _reader(stage, appeal.audience)
    _one_click(stage, reader)
    had = _mail_of(stage, reader)
    left = f"{reader.recipient} left the list with one click, by the link in a message that had just come."
    story.happened(left, link=_leave_address(stage, reader), label="See the page behind the link.")
    stage.watch.wait_for(later.id)
    sent = _sent_without(stage, later, reader, expected - 1, had=had)
    without = f"The scheduler sent “{later.title}” to {sent}, and nothing to {reader.recipient}."
    story.happened(without, link=f"/c/{APPEAL}", label="See its public page.")
    digest, draft = _send_digest(stage)
    sent = _sent_without(stage, digest, reader, digest.total, had=had)
    held = len(draft.issue.items) if draft.issue else 0
    collected = (
        f"“{digest.title}” collected {held} of these campaigns, and went to the {sent} who are still there; "
        f"{_chose(draft):,} of them see what they chose to hear of."
    )
    story.happened(collected, link=f"/c/{DIGEST}", label="See what it holds.")
    statuses = tuple(_status(stage, one) for one in (*first, later, digest))
    return Played(mailings=statuses, inbox=len(stage.inbox), seconds=time.monotonic() - began)


def _import(stage: Stage) -> str:
    settings, root = stage.app.settings, stage.app.settings.root
    assert root is not None
    people = settings.subscribers
    options = FileOptions(
        name=PEOPLE,
        list_name=None,
        default_list=people.default_list,
        declared_lists=tuple(people.lists),
        topics=Topics(people.topics),
    )
    problems = root / "people.problems.csv"
    done = import_file(lambda: stage.app.database, root / PEOPLE, options, problems=problems, at=stage.app.clock())
    return f"{done.counts.new} invented people came from {PEOPLE} onto the list “{people.default_list}”."


def _compile_all(stage: Stage) -> tuple[list[Draft], Draft]:
    """What goes out at once, and the appeal. Raises InputProblems with every finding."""
    root = stage.app.settings.root
    assert root is not None
    slugs = [slug for slug in campaign_slugs(root) if slug not in (APPEAL, DIGEST)]
    _compile(stage, DIGEST)  # it is compiled again when there is something for it to hold
    return [_compile(stage, slug) for slug in slugs], _compile(stage, APPEAL)


def _compile(stage: Stage, slug: str) -> Draft:
    return read_draft(stage.app.desk, Order(slug=slug, segment=SEGMENTS.get(slug)))


def _launch(stage: Stage, draft: Draft, *, ahead: timedelta | None = None) -> Mailing:
    """`send --yes --expect N`, or with `ahead` `schedule add`: the same gate, rehearsal and freezing."""
    desk, zone = stage.app.desk, stage.app.settings.project.timezone
    order = Order(
        slug=draft.slug,
        segment=SEGMENTS.get(draft.slug),
        expect=_count(stage, draft.audience),
        confirmed=True,
        can_ask=False,
    )
    when = None if ahead is None else parse_when(f"in {round(ahead.total_seconds())}s", now=desk.clock(), zone=zone)
    mailing = launch(desk, order, lambda _plan, _rehearsal: None, when=when)
    if isinstance(mailing, NothingToSend):
        raise MailerError(f"There was nothing to send: {mailing.reason}.")
    return mailing


def _reader(stage: Stage, audience: Audience) -> Entry:
    """Somebody who has just got a message, and would be in `audience`."""
    arrived, _ = stage.inbox.find("", limit=len(stage.inbox))
    with stage.app.database.reading() as connection:
        for entry in reversed(arrived):
            link = verify(stage.app.secret_key, _leave_address(stage, entry).rpartition("/")[2])
            person = link and subscribers.find_by_public_id(connection, link.public_id)
            if person and audiences.includes(connection, audience, person, now=stage.app.clock()):
                return entry
    raise MailerError("Nobody got a message with a link for leaving.")


def _leave_address(stage: Stage, entry: Entry) -> str:
    """What `List-Unsubscribe` says in the message that was delivered."""
    content = stage.inbox.content(entry.number)
    return open_message(content).one_click if content else ""


def _one_click(stage: Stage, entry: Entry) -> None:
    """What a mailbox provider does for a reader who presses its button (RFC 8058 §3.2), over HTTP."""
    address = _leave_address(stage, entry)
    request = Request(address, data=b"List-Unsubscribe=One-Click", method="POST")  # noqa: S310 (our own, see below)
    assert address.startswith(f"{stage.url}/u/")
    # A proxy in the environment must not hear of it.
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=20) as answer:
            answer.read()
    except URLError as error:
        raise MailerError(f"The leave page did not answer: {error.reason}.") from None


def _went_out(stage: Stage, sent: Sequence[Mailing]) -> str:
    each = [f"{mailing.slug} to {_sent(stage, mailing)}" for mailing in sent]
    return f"{counted(len(sent), 'campaign')} went out: {', '.join(each)} people."


def _sent_without(stage: Stage, mailing: Mailing, reader: Entry, expected: int, *, had: int) -> str:
    """How many people got it. Raises MailerError if that is another number, or the reader has more mail than they had."""
    sent = _status(stage, mailing).counts[RowState.SENT]
    if sent != expected or _mail_of(stage, reader) != had:
        raise MailerError(f"{sent} people got {mailing.slug}, and {expected} should have, without {reader.recipient}.")
    return people(sent)


def _mail_of(stage: Stage, reader: Entry) -> int:
    """How many messages the inbox holds for the reader."""
    found, _ = stage.inbox.find(reader.recipient, limit=len(stage.inbox))
    return sum(entry.recipient == reader.recipient for entry in found)


def _send_digest(stage: Stage) -> tuple[Mailing, Draft]:
    """Send what is new by now, to everybody who is still there; the mailing, and what it was made of."""
    draft = _compile(stage, DIGEST)
    mailing = _launch(stage, draft)
    stage.watch.wait_for(mailing.id)
    return mailing, draft


def _chose(draft: Draft) -> int:
    """How many people see less than the whole issue."""
    return sum(number for view, number in draft.views.items() if view != FULL * len(view))


def _count(stage: Stage, audience: Audience) -> int:
    with stage.app.database.reading() as connection:
        return audiences.count(connection, audience, now=stage.app.clock())


def _status(stage: Stage, mailing: Mailing) -> Status:
    with stage.app.database.reading() as connection:
        return status_of(connection, mailings.get(connection, mailing.id), now=stage.app.clock())


def _sent(stage: Stage, mailing: Mailing) -> int:
    return _status(stage, mailing).counts[RowState.SENT]


def _clock(mailing: Mailing) -> str:
    return f"{mailing.starts_at.astimezone():%H:%M:%S}"
