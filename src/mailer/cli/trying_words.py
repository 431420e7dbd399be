"""What `test-send` tells: of each address what became of its mail, and what to do about it; in lines, or as one document."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mailer.cli.output import Output
from mailer.cli.relay_words import advice, said, why_not
from mailer.errors import EditionError, Exit, MailerError

if TYPE_CHECKING:
    from mailer.app import App
    from mailer.delivery.at_once import Attempt


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


def of_attempt(app: "App", to: str, attempt: "Attempt") -> Told:
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


def of_error(to: str, error: EditionError) -> Told:
    """Of an address to which no message can be made."""
    return Told(to=to, state=State.FAILED, error=error.message, hint=error.hint or None)


def say(output: Output, one: Told) -> None:
    what = f" by {one.relay}: {one.reply}" if one.relay else f": {one.error}"
    output.data(f"{one.state.value:<9} {one.to}{what}")
    if one.hint:
        output.data(f"{'':<9} {one.hint}")


def document(slug: str, subject: str | None, told: list[Told]) -> dict[str, Any]:
    counts = {state.value: sum(one.state is state for one in told) for state in State}
    return {"campaign": slug, "subject": subject, **counts, "messages": [asdict(one) for one in told]}


def exit_code(output: Output, slug: str, told: list[Told]) -> int:
    """Sum it up; 0, or 5 when not everybody got it. Raises MailerError when nobody did."""
    sent = sum(one.state is State.SENT for one in told)
    if all(one.state is State.FAILED for one in told):
        raise MailerError(f"No test of {slug} was sent.")
    if sent < len(told):
        doubtful = sum(one.state is State.UNCERTAIN for one in told)
        may = f"; {doubtful} more may have arrived" if doubtful else ""
        output.say(f"Taken: {sent} of {len(told)}{may}.")
        return Exit.SOME_RECIPIENTS_FAILED
    output.next(f"send {slug} --dry-run")
    return Exit.OK
