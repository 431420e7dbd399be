"""`mailer test-send`: a campaign in a few mailboxes, as its readers would get it, before any of them does."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mailer.cli.as_reader import as_reader
from mailer.cli.campaigns import project_root
from mailer.cli.output import Output
from mailer.cli.relay_words import address_of
from mailer.cli.trying_words import Told, document, exit_code, of_attempt, of_error, say
from mailer.domain.address import email_key
from mailer.errors import EditionError, Exit, InputProblems, Severity, UsageError

if TYPE_CHECKING:
    from mailer.delivery.at_once import AtOnce
    from mailer.domain.message import OutgoingMessage
    from mailer.domain.subscriber import Recipient
    from mailer.edition.dispatch import Dispatch
    from mailer.edition.program import Program
    from mailer.launch import Desk
    from mailer.web.preview.bench import Good

#: More than a few are people, and people are mailed by `send` alone, which knows who agreed to that.
MOST = 20
#: Seconds of waiting that are worth a word.
_LONG = 2.0


@click.command()
@click.argument("slug")
@click.argument("more", nargs=-1, metavar="[ADDR]…")
@click.option(
    "--to", multiple=True, required=True, metavar="ADDR…", help="Send it there; several may follow, or repeat --to."
)
@as_reader
@click.pass_obj
def test_send(output: Output, slug: str, more: tuple[str, ...], to: tuple[str, ...], wish: str) -> int:
    """Send the campaign SLUG to a few addresses, now, as its readers would get it.

    [TEST] stands before the subject, and its links open pages that change nothing. It is no mailing: nobody on a list
    gets anything, and nothing is counted. Errors that `check` finds refuse.
    """
    from mailer.launch.copies import copies_of, copying, keep_pictures, refuse_elsewhere, refuse_silenced
    from mailer.launch.gate import refuse_no_relay, refuse_unsigned

    slug, addresses = _understood((slug, *more), to)
    app = output.app
    project_root(app)
    refuse_no_relay(app.settings)
    refuse_unsigned(app.settings)
    refuse_elsewhere(app.settings, addresses)
    desk = app.desk
    refuse_silenced(desk, addresses)
    good, reader = _made(output, desk, slug, wish)
    if good.compiled.issue and good.compiled.issue.lack:
        output.say(f"Nothing to send: {good.compiled.issue.lack}. Nothing was done.")
        output.document(document(slug, None, []))
        return Exit.OK
    program = copying(desk, good.compiled.edition)
    subject = program.subject(reader)
    keep_pictures(desk, good.compiled.media)
    output.say(f"Subject: {subject}")
    told = _sent(output, program, copies_of(reader, addresses))
    output.document(document(slug, subject, told))
    return exit_code(output, slug, told)


def _understood(words: tuple[str, ...], to: tuple[str, ...]) -> tuple[str, list[str]]:
    """The campaign, and whom it goes to, each once, in whatever order they were typed. Raises UsageError."""
    slugs = [word for word in words if "@" not in word]
    if len(slugs) != 1:
        found = f"{len(slugs)} were named: {', '.join(slugs)}" if slugs else "none was named"
        raise UsageError(f"One campaign is sent, and {found}.", hint="`mailer test-send letter --to you@example.org`")
    addresses: dict[str, str] = {}
    for text in (*to, *(word for word in words if "@" in word)):
        address = address_of(text)
        addresses.setdefault(email_key(address), address)
    if len(addresses) > MOST:
        raise UsageError(
            f"A test goes to {MOST} addresses at most, and these are {len(addresses)}.",
            hint="People on a list are mailed by `mailer send`.",
        )
    return slugs[0], list(addresses.values())


def _made(output: Output, desk: "Desk", slug: str, wish: str) -> "tuple[Good, Recipient]":
    """The mail, and as whom it is read. Raises UnknownName, InputProblems with what `check` calls an error."""
    from mailer.cli.check import of_audience
    from mailer.launch.draft import surroundings
    from mailer.web.preview.bench import Bench
    from mailer.web.preview.readers import Readers

    around = surroundings(desk)
    bench = Bench(output.app, lambda _: around)
    proof = bench.campaign(slug)
    of_it = of_audience(output.app, proof.good.file, proof.good.compiled) if proof.good else ()
    found = (*proof.findings, *of_it)
    errors = [one for one in found if one.severity is Severity.ERROR]
    if errors or proof.good is None:
        raise InputProblems(errors, hint=f"`mailer check {slug}` says all that was found.")
    reader = Readers(bench).choose(wish, proof.good)
    proof = bench.for_reader(proof, reader.recipient)
    assert proof.good is not None
    told = (*map(str, found), reader.why, *reader.warnings, *_objections(desk, proof.good))
    for sentence in told:
        if sentence:
            output.warn(sentence)
    return proof.good, reader.recipient


def _objections(desk: "Desk", good: "Good") -> Iterator[str]:
    from mailer.launch import Order, audience_for
    from mailer.launch.copies import objections

    for refusal in objections(desk, audience_for(desk, good.file, Order(slug=good.file.slug), ())):
        yield f"`send` will refuse this: {refusal.message} {refusal.hint}"


def _sent(output: Output, program: "Program", copies: "list[Recipient]") -> list[Told]:
    """Send each, and tell what became of it as soon as that is known."""
    from mailer.cli.panel import drawing

    told: list[Told] = []

    def waits(relay: str, seconds: float) -> None:
        if seconds > _LONG:
            output.say(f"The rate of {relay} is used up: it goes on in {seconds:.0f} s.")

    with output.app.at_once(waits=waits) as carrier:
        for copy in copies:
            with drawing(output, "Messages done") as progress:  # a relay may take minutes to answer
                progress.advance(len(told))
                try:
                    told.append(_carried(output, carrier, program, copy))
                except KeyboardInterrupt:
                    output.warn(f"Nobody knows whether the message to {copy.email} has left.")
                    raise
            say(output, told[-1])
    return told


def _carried(output: Output, carrier: "AtOnce", program: "Program", copy: "Recipient") -> Told:
    app = output.app

    def make(dispatch: "Dispatch") -> "OutgoingMessage":
        return program.message(copy, at=app.clock(), dispatch=dispatch)

    try:
        attempt = carrier.send(make)
    except EditionError as error:
        return of_error(copy.email, error)
    if attempt.receipt is not None:
        for name, failure in attempt.errors:
            output.warn(f"The relay {name} cannot be used: {failure.message}")
    return of_attempt(app, copy.email, attempt)
