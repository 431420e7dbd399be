"""The dry run: every message of the audience is built once, before the first one leaves.

It is cheap enough for that (some tens of microseconds each), and it is where a mistake costs nothing: what cannot be
built is counted with its reason, the largest message is known, and so is who gets a fallback instead of their name.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from mailer.domain.address import masked
from mailer.domain.audience import Audience
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.subscriber import Recipient
from mailer.edition.filters import is_blank
from mailer.edition.format import Edition
from mailer.edition.program import Program
from mailer.errors import EditionError, InputProblems, NotForThem, Problem
from mailer.launch.personal import blank_problems, printed_values
from mailer.launch.plan import Desk, Draft, Rehearsal
from mailer.storage import audiences, subscribers

#: People read in one transaction.
PAGE = 5_000
#: With more messages than this share that cannot be built, it is the campaign that is wrong, not a few people's data.
MOST_ERRORS = 0.01


def rehearse(desk: Desk, draft: Draft, *, progress: Callable[[int], None] = lambda _: None) -> Rehearsal:
    """Build the message of everybody in the audience. progress: is told how many more are done."""
    program = Program(draft.edition, key=desk.key, mailing_id=0)
    printed = printed_values(draft.edition)
    values = frozenset(one.field for one in printed)
    run = _Run(program, desk, bare=frozenset(one.field for one in printed if not one.defaulted), values=values)
    for people in everybody(desk, draft.readers, program.needs | values | {"language"}):
        run.build(people)
        progress(len(people))
    return run.result()


def everybody(desk: Desk, audience: Audience, needs: frozenset[str]) -> Iterator[list[Recipient]]:
    """The audience, page by page; no transaction is open while the caller works on one."""
    now = desk.clock()
    with desk.database.reading() as connection:
        bounds = audiences.bounds(connection, audience)
    for span in bounds:
        with desk.database.reading() as connection:
            ids = audiences.ids(connection, audience, now=now, span=span)
        for first in range(0, len(ids), PAGE):
            with desk.database.reading() as connection:
                people = subscribers.recipients(connection, ids[first : first + PAGE], needs)
            yield people


class _Run:
    """Collects what building the messages shows."""

    def __init__(self, program: Program, desk: Desk, *, bare: frozenset[str], values: frozenset[str]) -> None:
        self._program, self._at = program, desk.clock()
        self._bare, self._values = bare, values
        self._tags = {id(variant): name.partition("/")[0] for name, variant in program.edition.variants.items()}
        self._people = 0
        self._largest: tuple[int, Recipient | None] = (0, None)
        self._errors: dict[int, tuple[str, str]] = {}
        self._languages: Counter[str] = Counter()
        self._missing: Counter[str] = Counter()

    def build(self, people: Iterable[Recipient]) -> None:
        for person in people:
            self._people += 1
            self._languages[self._tags[id(self._program.variant_for(person))]] += 1
            self._missing.update(name for name in self._values if is_blank(person.fields.get(name)))
            try:
                message = self._program.message(person, at=self._at)
            except NotForThem:  # they chose other topics a moment ago: a worker will find the same
                continue
            except EditionError as error:
                self._errors[person.subscriber_id] = (masked(person.email), error.message)
                continue
            if message.size > self._largest[0]:
                self._largest = (message.size, person)

    def result(self) -> Rehearsal:
        person = self._largest[1]
        return Rehearsal(
            people=self._people,
            subject=self._program.subject(person) if person else "",
            languages=dict(self._languages),
            largest=0 if person is None else self._program.html_size(person),
            errors=self._errors,
            fallbacks={name: number for name, number in self._missing.items() if name not in self._bare},
            blanks={name: number for name, number in self._missing.items() if name in self._bare},
        )


def blank_values(desk: Desk, file: CampaignFile, edition: Edition, audience: Audience) -> list[Problem]:
    """What `refuse_broken` will say about values that somebody lacks; reads the audience only where any may be lacking."""
    bare = frozenset(one.field for one in printed_values(edition) if not one.defaulted)
    missing: Counter[str] = Counter()
    people = 0
    for page in everybody(desk, audience, bare) if bare else ():
        people += len(page)
        missing.update(name for person in page for name in bare if is_blank(person.fields.get(name)))
    return list(blank_problems(file, missing, people))


def refuse_broken(draft: Draft, rehearsal: Rehearsal) -> None:
    """Raises InputProblems when too many messages cannot be built, or a value is missing that has no default."""
    problems = list(blank_problems(draft.file, rehearsal.blanks, rehearsal.people))
    if len(rehearsal.errors) > rehearsal.people * MOST_ERRORS:
        problems += _unbuildable(draft, rehearsal)
    if problems:
        raise InputProblems(problems)


def _unbuildable(draft: Draft, rehearsal: Rehearsal) -> Iterator[Problem]:
    """One problem for each reason, with how many it is about and one of them."""
    by_reason = sorted(rehearsal.errors.values(), key=lambda error: (error[1], error[0]))
    for reason, errors in groupby(by_reason, key=lambda error: error[1]):
        addresses = [address for address, _ in errors]
        about = addresses[0] if len(addresses) == 1 else f"{len(addresses):,} people, {addresses[0]} among them"
        yield Problem(rule="rehearsal", message=f"no message for {about}: {reason}", file=draft.file.name)
