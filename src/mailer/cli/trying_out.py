"""`mailer test-send`: a campaign in a few mailboxes, as its readers would get it, before any of them does."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.campaigns import project_root
from mailer.cli.output import Output
from mailer.cli.relay_words import address_of, advice, said, why_not
from mailer.domain.address import email_key
from mailer.domain.count import counted
from mailer.errors import EditionError, Exit, InputProblems, MailerError, Severity, UsageError

if TYPE_CHECKING:
    from mailer.app import App
    from mailer.delivery.at_once import Attempt
    from mailer.domain.subscriber import Recipient
    from mailer.edition.program import Program
    from mailer.launch import Desk
    from mailer.web.preview.bench import Good

#: More than a few are people, and people are mailed by `send` alone, which knows who agreed to that.
MOST = 20
#: Seconds of waiting that are worth a word.
_LONG = 2.0


class State(StrEnum):
    """What became of the mail to one address."""

    SENT = "sent"  #: the relay took it
    FAILED = "failed"  #: refused, put off, or not sent at all
    UNCERTAIN = "uncertain"  #: the link was lost before the answer: it may have arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told of one address. relay: that carried it or refused it; reply: its words. error, hint: where it failed."""

    to: str
    state: State
    relay: str | None = None
    reply: str | None = None
    error: str | None = None
    hint: str | None = None


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="SLUG")
@click.option(
    "--to", multiple=True, required=True, metavar="ADDR…", help="Send it there; several may follow, or repeat --to."
)
@click.option(
    "--as",
    "wish",
    metavar="WHO",
    default="",
    help="As whom: an address, `random` or `worst-case`; default: a sample reader.",
)
@click.pass_obj
def test_send(output: Output, words: tuple[str, ...], to: tuple[str, ...], wish: str) -> int:
    """Send the campaign SLUG to a few addresses, now, as its readers would get it.

    [TEST] stands before the subject, and its links open pages that change nothing. It is no mailing: nobody on a list
    gets anything, and nothing is counted. Errors that `check` finds refuse.
    """
    from mailer.launch.copies import copies_of, copying, keep_pictures, refuse_elsewhere, refuse_silenced
    from mailer.launch.gate import refuse_no_relay, refuse_unsigned

    slug, addresses = _understood(words, to)
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
        output.document(_document(slug, None, []))
        return Exit.OK
    program = copying(desk, good.compiled.edition)
    subject = program.subject(reader)
    keep_pictures(desk, good.compiled.media)
    output.say(f"Subject: {subject}")
    told = _sent(output, program, copies_of(reader, addresses))
    output.document(_document(slug, subject, told))
    return _summed_up(output, slug, told)


def _understood(words: tuple[str, ...], to: tuple[str, ...]) -> tuple[str, list[str]]:
    """The campaign, and whom it goes to, each once. Raises UsageError."""
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
    from mailer.cli.check import blanks
    from mailer.launch.draft import surroundings
    from mailer.web.preview.bench import Bench
    from mailer.web.preview.readers import Readers

    around = surroundings(desk)
    bench = Bench(output.app, lambda _: around)
    proof = bench.campaign(slug)
    found = (*proof.findings, *(blanks(output.app, proof.good.file, proof.good.compiled) if proof.good else ()))
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
    app, told = output.app, []

    def waits(relay: str, seconds: float) -> None:
        if seconds > _LONG:
            output.say(f"The rate of {relay} is used up: it goes on in {seconds:.0f} s.")

    with app.at_once(waits=waits) as carrier:
        for copy in copies:
            try:
                attempt = carrier.send(
                    lambda dispatch, copy=copy: program.message(copy, at=app.clock(), dispatch=dispatch)  # type: ignore[misc]
                )
            except EditionError as error:
                told.append(Told(to=copy.email, state=State.FAILED, error=error.message, hint=error.hint or None))
            else:
                told.append(_told(app, copy.email, attempt))
            _say(output, told[-1])
    return told


def _told(app: "App", to: str, attempt: "Attempt") -> Told:
    from mailer.backend import Sent, Uncertain

    receipt = attempt.receipt
    if receipt is None:
        relays = {relay.name: relay for relay in app.relays}
        errors = [(relays[name], error) for name, error in attempt.errors]
        return Told(
            to=to,
            state=State.FAILED,
            error=" ".join(f"{relay.name}: {error.message}" for relay, error in errors),
            hint=" ".join(dict.fromkeys(error.hint or advice(relay, error) for relay, error in errors)),
        )
    if isinstance(receipt, Sent):
        return Told(to=to, state=State.SENT, relay=attempt.relay, reply=said(receipt))
    state = State.UNCERTAIN if isinstance(receipt, Uncertain) else State.FAILED
    return Told(to=to, state=state, relay=attempt.relay, reply=said(receipt), hint=why_not(receipt))


def _say(output: Output, one: Told) -> None:
    what = f"by {one.relay}: {one.reply}" if one.relay else one.error
    output.data(f"{one.state.value:<9} {one.to} {what}")
    if one.hint:
        output.data(f"{'':<9} {one.hint}")


def _document(slug: str, subject: str | None, told: list[Told]) -> dict[str, Any]:
    counts = {state.value: sum(one.state is state for one in told) for state in State}
    return {"campaign": slug, "subject": subject, **counts, "messages": [asdict(one) for one in told]}


def _summed_up(output: Output, slug: str, told: list[Told]) -> int:
    """The exit code. Raises MailerError when nobody got anything."""
    sent = sum(one.state is State.SENT for one in told)
    if all(one.state is State.FAILED for one in told):
        raise MailerError(f"No test of {slug} was sent.")
    if sent < len(told):
        output.say(f"{sent} of {counted(len(told), 'message')} were taken.")
        return Exit.SOME_RECIPIENTS_FAILED
    output.next(f"send {slug} --dry-run")
    return Exit.OK
