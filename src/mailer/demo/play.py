"""What happens in a demo, act by act. Each act does what a command does, and says in a sentence what came of it."""

import time
from dataclasses import dataclass
from datetime import timedelta
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from mailer.demo.stage import Stage
from mailer.demo.story import Story
from mailer.domain.audience import Audience
from mailer.domain.mailing import Mailing, RowState
from mailer.domain.schedule import parse_when
from mailer.edition.links import verify
from mailer.errors import MailerError
from mailer.launch import Draft, NothingToSend, Order, launch, read_draft
from mailer.storage import audiences, mailings, subscribers
from mailer.storage.import_files import FileOptions, import_file
from mailer.storage.status import Status, status_of
from mailer.web.inbox.reading import open_message
from mailer.web.inbox.store import Entry

PEOPLE = "subscribers/people.csv"
ARTICLE, APPEAL = "labour-and-latin-america", "fighting-fund"
PLANNED = (
    "The invented people of the example project are imported.",
    "An article and an appeal are compiled and checked.",
    "The article goes out to everybody.",
    "The appeal is scheduled, for a few seconds later.",
    "One of its readers leaves the list, by the link in the message.",
    "The scheduler sends the appeal, and that reader is not among its recipients.",
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
    article, appeal = _compile(stage, ARTICLE), _compile(stage, APPEAL)
    story.happened(f"Checked, and without errors: “{_title(article)}” and “{_title(appeal)}”.")
    first = _launch(stage, article)
    stage.watch.wait_for(first.id)
    went = f"“{_title(article)}” went out to {_sent(stage, first)} people."
    story.happened(went, link="/inbox/1", label="Read the first message.")
    expected = _count(stage, appeal.audience)
    later = _launch(stage, appeal, ahead=ahead)
    story.happened(f"“{_title(appeal)}” is scheduled for {_clock(later)} and {expected} people.")
    reader = _reader(stage, appeal.audience)
    _one_click(stage, reader)
    left = f"{reader.recipient} left the list with one click, by the link in that message."
    story.happened(left, link=_leave_address(stage, reader), label="See the page behind the link.")
    stage.watch.wait_for(later.id)
    story.happened(_without(stage, later, reader, expected), link=f"/c/{APPEAL}", label="See its public page.")
    statuses = tuple(_status(stage, one) for one in (first, later))
    return Played(mailings=statuses, inbox=len(stage.inbox), seconds=time.monotonic() - began)


def _import(stage: Stage) -> str:
    settings, root = stage.app.settings, stage.app.settings.root
    assert root is not None
    people = settings.subscribers
    options = FileOptions(
        name=PEOPLE, list_name=None, default_list=people.default_list, declared_lists=tuple(people.lists)
    )
    problems = root / "people.problems.csv"
    done = import_file(lambda: stage.app.database, root / PEOPLE, options, problems=problems, at=stage.app.clock())
    return f"{done.counts.new} invented people came from {PEOPLE} onto the list “{people.default_list}”."


def _compile(stage: Stage, slug: str) -> Draft:
    """Raises InputProblems with every finding."""
    return read_draft(stage.app.desk, Order(slug=slug))


def _launch(stage: Stage, draft: Draft, *, ahead: timedelta | None = None) -> Mailing:
    """`send --yes --expect N`, or with `ahead` `schedule add`: the same gate, rehearsal and freezing."""
    desk, zone = stage.app.desk, stage.app.settings.project.timezone
    order = Order(slug=draft.slug, expect=_count(stage, draft.audience), confirmed=True, can_ask=False)
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


def _without(stage: Stage, mailing: Mailing, reader: Entry, expected: int) -> str:
    """The sentence that ends the story, and the proof of it. Raises MailerError if the reader was mailed."""
    sent = _sent(stage, mailing)
    theirs = [entry for entry in stage.inbox.find(reader.recipient, limit=9)[0] if entry.recipient == reader.recipient]
    if len(theirs) != 1 or sent != expected - 1:
        raise MailerError(f"{sent} people got the appeal, and {expected - 1} should have.")
    return f"The scheduler sent “{mailing.title}” to {sent} people, and nothing to {reader.recipient}."


def _count(stage: Stage, audience: Audience) -> int:
    with stage.app.database.reading() as connection:
        return audiences.count(connection, audience, now=stage.app.clock())


def _status(stage: Stage, mailing: Mailing) -> Status:
    with stage.app.database.reading() as connection:
        return status_of(connection, mailings.get(connection, mailing.id), now=stage.app.clock())


def _sent(stage: Stage, mailing: Mailing) -> int:
    return _status(stage, mailing).counts[RowState.SENT]


def _title(draft: Draft) -> str:
    return draft.edition.meta.title


def _clock(mailing: Mailing) -> str:
    return f"{mailing.starts_at.astimezone():%H:%M:%S}"
