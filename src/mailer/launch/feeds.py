"""When feeds are asked: those of armed digests now and then, and those of an issue just before it is put together.

All at once, each in a thread of its own, and for so many seconds: a feed that hangs holds up nothing, and no transaction
is open meanwhile. What was not answered in time counts as not answered. People are told once of each outage: when an
issue has to do without the feed, or when it fails again and again.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailer.domain.campaign_digest import Digest
from mailer.domain.feed import KnownFeed, site_of
from mailer.errors import InputProblems, UnknownName
from mailer.launch.plan import Desk
from mailer.settings import Settings
from mailer.sources.campaign_files import read_campaign
from mailer.sources.feeds.answers import Answer, Read, Trouble, Unchanged
from mailer.sources.feeds.asking import ask
from mailer.sources.feeds.fetching import Limits, Question
from mailer.storage import alerts, feeds, schedules
from mailer.storage.alerts import Kind
from mailer.storage.database import Database
from mailer.storage.feeds import Claim

log = logging.getLogger(__name__)
#: What was asked so lately is not asked again for an issue.
FRESH = timedelta(minutes=5)
#: So long before an occurrence its feeds are asked, that it need not wait for them.
AHEAD = timedelta(minutes=3)
#: Failures in a row after which people are told, whether or not an issue needs the feed.
_MANY_FAILURES = 3
_LATE = Trouble(words="it does not answer in time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Asks feeds, and writes down what came of it. stopped: is set when nobody waits for the answers any more."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime]
    stopped: threading.Event = field(default_factory=threading.Event)

    def for_issue(self, slug: str, urls: Collection[str]) -> None:
        """Ask the feeds of the digest `slug` for what is new, and tell people of those that it has to do without."""
        if urls:
            self.ask(urls)
            self._tell(slug, urls, least=1)

    def ask(self, urls: Collection[str], *, fresh: timedelta = FRESH) -> None:
        """Ask these feeds for what is new, but for those that were asked less than `fresh` ago."""
        end = time.monotonic() + self.settings.feeds.seconds
        self._ask(self._claims(urls, fresh=fresh))
        self._wait_for_others(urls, end)

    def in_turn(self, slug: str, urls: Collection[str], *, soon: bool) -> int:
        """Ask those of the digest's feeds whose time has come; how many. soon: an issue is put together in a moment."""
        claims = self._claims(urls, fresh=FRESH if soon else None)
        self._ask(claims)
        if claims:
            self._tell(slug, urls, least=_MANY_FAILURES)
        return len(claims)

    def _claims(self, urls: Collection[str], *, fresh: timedelta | None) -> list[Claim]:
        now = self.clock()
        asked_before = None if fresh is None else now - fresh
        with self.database.reading() as connection:
            if not feeds.any_to_ask(connection, urls, now=now, asked_before=asked_before):
                return []
        with self.database.writing() as connection:
            return feeds.claim(connection, urls, now=now, asked_before=asked_before)

    def _ask(self, claims: list[Claim]) -> None:
        for claim, answer in self._answers(claims):
            self._note(claim, answer)

    def _answers(self, claims: list[Claim]) -> Iterator[tuple[Claim, Answer]]:
        """What came of each, as it comes."""
        settings, came = self.settings.feeds, queue.SimpleQueue[tuple[Claim, Answer]]()
        limits = Limits(
            seconds=settings.seconds,
            most=settings.max_bytes,
            allowed=frozenset(host.strip().lower() for host in settings.allow_private.split(",")),
            website=self.settings.organisation.website,
        )
        for claim in claims:
            # Nothing waits for such a thread, not even the end of the program: the look-up of a name may hang for long.
            threading.Thread(target=_put_answer, args=(came, claim, limits), name="feed", daemon=True).start()
        open_ones, end = {claim.id: claim for claim in claims}, time.monotonic() + settings.seconds
        while open_ones and time.monotonic() < end and not self.stopped.is_set():
            with suppress(queue.Empty):
                claim, answer = came.get(timeout=min(0.5, max(end - time.monotonic(), 0.0)))
                del open_ones[claim.id]
                yield claim, answer
        yield from ((claim, _LATE) for claim in open_ones.values() if not self.stopped.is_set())

    def _note(self, claim: Claim, answer: Answer) -> None:
        at, every = self.clock(), timedelta(minutes=max(self.settings.feeds.minutes, 1))
        with self.database.writing() as connection:
            match answer:
                case Read():
                    new = feeds.store(
                        connection, claim.id, answer.document, etag=answer.etag, modified=answer.modified,
                        moved_to=answer.moved_to, at=at, next_at=at + every,
                    )  # fmt: skip
                    log.info("feed.read feed=%d site=%s new=%d", claim.id, site_of(claim.url), new)
                case Unchanged():
                    feeds.unchanged(connection, claim.id, moved_to=answer.moved_to, at=at, next_at=at + every)
                case Trouble():
                    feeds.failed(
                        connection, claim.id, answer.words, at=at, every=every, wait=answer.wait, is_gone=answer.is_gone
                    )
                    log.info("feed.failed feed=%d site=%s why=%s", claim.id, site_of(claim.url), answer.words)

    def _wait_for_others(self, urls: Collection[str], end: float) -> None:
        """What another process is asking just now would be missing."""
        patience = timedelta(seconds=self.settings.feeds.seconds)
        while time.monotonic() < end:
            with self.database.reading() as connection:
                found = feeds.known(connection, urls).values()
            now = self.clock()
            if not any(one.asking and one.asked_at and now - one.asked_at < patience for one in found):
                return
            time.sleep(0.1)

    def _tell(self, slug: str, urls: Collection[str], *, least: int) -> None:
        """Of those that have failed `least` times in a row, or are gone; the same outage is told once."""
        with self.database.reading() as connection:
            found = feeds.known(connection, urls)
        failing = {url: one for url, one in found.items() if one.failures >= least or one.gone}
        if failing:
            with self.database.writing() as connection:
                for url, one in failing.items():
                    key, at = f"{one.id}:{_since(one)}", self.clock()
                    detail = f"the feed of {site_of(url)}: {one.trouble}"
                    alerts.of_schedule(connection, Kind.FEED, slug, key=key, detail=detail, at=at)


def _since(one: KnownFeed) -> str:
    return one.failing_since.isoformat() if one.failing_since else ""


def _put_answer(came: "queue.SimpleQueue[tuple[Claim, Answer]]", claim: Claim, limits: Limits) -> None:
    try:
        answer = ask(Question(url=claim.url, etag=claim.etag, modified=claim.modified), limits)
    except Exception as error:  # noqa: BLE001 (one feed is in nobody's way)
        # Without its message, which may hold the address.
        log.error("feed.failed feed=%d site=%s error=%s", claim.id, site_of(claim.url), type(error).__name__)  # noqa: TRY400
        answer = Trouble(words=f"reading it fails ({type(error).__name__})")
    came.put((claim, answer))


def fetch_due(desk: Desk, stopped: threading.Event | None = None) -> int:
    """Ask the feeds of armed digests whose time has come, or whose issue is about to be put together; how many."""
    root, asked = desk.settings.root, 0
    if root is None:
        return 0
    with desk.database.reading() as connection:
        armed = schedules.armed(connection)
    soon = {one.slug for one in armed if one.next and (one.not_before or one.next.at) - desk.clock() <= AHEAD}
    asker = Asker(
        settings=desk.settings, database=desk.database, clock=desk.clock, stopped=stopped or threading.Event()
    )
    for slug in sorted({one.slug for one in armed}):
        with suppress(InputProblems, UnknownName):  # whoever composes it says so
            campaign = read_campaign(root, slug).campaign
            if isinstance(campaign, Digest) and campaign.collect.feeds and not asker.stopped.is_set():
                urls = [feed.url for feed in campaign.collect.feeds]
                asked += asker.in_turn(slug, urls, soon=slug in soon)
    return asked
