"""Whose mail is looked at: a sample reader, any subscriber, a random one, or the one whose mail is hardest to get right."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mailer.app import App
from mailer.domain.audience import Audience
from mailer.domain.sample import SAMPLE
from mailer.domain.subscriber import STANDARD_FIELDS, Recipient
from mailer.errors import MailerError, UnknownName
from mailer.launch import Desk, Order, audience_for, narrowed
from mailer.launch.hardest import hardest, values_printed
from mailer.launch.rehearsal import everybody
from mailer.launch.views import needs_of
from mailer.storage import audiences, reasons, subscribers
from mailer.web.preview.bench import Bench, Good

RANDOM, WORST = "random", "worst-case"
#: Of a larger audience the worst case is looked for in a random sample: two seconds are long enough to wait for a page.
MOST_PEOPLE = 20_000
#: Who reads as the worst case while nobody is there: no name, nothing known, and an address that does not break.
STRANGER = Recipient(
    subscriber_id=0,
    public_id=0,
    email="somebody.with.a.rather.long.address@a-long-name-of-a-domain.example.org",
    fields={
        "email": "somebody.with.a.rather.long.address@a-long-name-of-a-domain.example.org",
        "topics": (),
        "tags": (),
        "lists": (),
        "attributes": {},
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody to look as. wish: what chose them ("", an address, "worst-case"). why: what makes them the choice.

    warnings: sentences, such as that they would not be mailed. others: (address, why) of further hard cases.
    """

    recipient: Recipient
    wish: str = ""
    why: str = ""
    warnings: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()


class Readers:
    """Chooses readers for the campaigns of one bench. It reads the database if there is one, and never makes it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._worst: tuple[str, Reader] | None = None

    def choose(self, wish: str, good: Good, *, search: bool = True) -> Reader:
        """The reader that `wish` names: "", an address, "random" or "worst-case".

        search: look for the worst case anew, even if it was found for this very mail before.
        Raises UnknownName for an address that nobody has, and whatever keeps the database from being read.
        """
        if not wish:
            return Reader(recipient=SAMPLE)
        if wish == WORST:
            if search or self._worst is None or self._worst[0] != good.compiled.edition.sources:
                self._worst = (good.compiled.edition.sources, self._hardest(good))
            return self._worst[1]
        return self._random(good) if wish == RANDOM else self._named(wish, good)

    @property
    def _app(self) -> App:
        return self._bench.app

    def _named(self, email: str, good: Good) -> Reader:
        unknown = UnknownName(
            f"Nobody here has the address {email}.",
            hint="`mailer subscribers list` shows who there is.",
        )
        if not self._app.has_database:
            raise unknown
        with self._app.database.reading() as connection:
            person = subscribers.recipient_by_email(connection, email, _needs(good))
        if person is None:
            raise unknown
        return Reader(recipient=person, wish=person.email, warnings=tuple(self._doubts(person, good)))

    def _random(self, good: Good) -> Reader:
        if self._app.has_database:
            audience = replace(self._audience(good), sample_seed=secrets.randbits(31))
            with self._app.database.reading() as connection:
                ids = audiences.sample(connection, audience, 1, now=self._app.clock())
                found = subscribers.recipients(connection, ids, _needs(good))
            if found:
                return Reader(recipient=found[0], wish=found[0].email, why="Chosen by chance.")
        return Reader(recipient=SAMPLE, warnings=("Nobody would be mailed yet, so a sample reads.",))

    def _hardest(self, good: Good) -> Reader:
        found = []
        if self._app.has_database:
            audience = replace(self._audience(good), limit=MOST_PEOPLE)
            needs = good.program.needs | values_printed(good.program) | needs_of(good.compiled.issue)
            people = (one for page in everybody(self._desk, audience, needs) for one in page)
            found = hardest(good.program, people, at=self._app.now)
        if not found:
            return Reader(recipient=STRANGER, wish=WORST, why="Nobody would be mailed yet: this is somebody invented, "
                          "who gave nothing but a long address.")  # fmt: skip
        first, *others = found
        return Reader(
            recipient=first.person,
            wish=WORST,
            why=first.reason,
            others=tuple((one.person.email, one.reason) for one in others),
        )

    @property
    def _desk(self) -> Desk:
        # Looking needs no key: every link is a test's.
        return Desk(settings=self._app.settings, database=self._app.database, key=b"", clock=self._app.clock)

    def _audience(self, good: Good) -> Audience:
        audience = audience_for(self._desk, good.file, Order(slug=good.file.slug), ())
        return narrowed(audience, good.compiled.issue)

    def _doubts(self, person: Recipient, good: Good) -> Iterator[str]:
        """Why this person would not be mailed, if so."""
        try:
            audience = self._audience(good)
        except MailerError as error:
            yield f"Whether they would be mailed cannot be told: {error.message}"
            return
        with self._app.database.reading() as connection:
            verdicts = reasons.verdicts(connection, audience, person.subscriber_id, now=self._app.clock())
        refused = [f"{one.rule} ({one.detail})" if one.detail else one.rule for one in verdicts if not one.ok]
        if refused:
            yield f"They would not be mailed. What does not hold for them: {', '.join(refused)}."


def _needs(good: Good) -> frozenset[str]:
    return STANDARD_FIELDS | good.program.needs | needs_of(good.compiled.issue)
