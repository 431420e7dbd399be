"""What is said of a test that goes through a relay: of the address it goes to, of the answer, and what to do about it."""

from typing import TYPE_CHECKING

from mailer.errors import BackendMisconfigured, BackendUnavailable, MailerError, UsageError
from mailer.settings import RelaySettings

if TYPE_CHECKING:
    from mailer.backend import Receipt


def address_of(text: str) -> str:
    """The mail address in what somebody typed. Raises UsageError."""
    from mailer.sources.addresses import NoAddress, parse_address

    try:
        return parse_address(text)
    except NoAddress as error:
        hint = "Write the address alone: you@example.org"
        raise UsageError(
            f'"{text}" is no mail address: {str(error).removeprefix("not an address: ")}.', hint=hint
        ) from None


def said(receipt: "Receipt") -> str:
    """A relay's answer, quoted; a backend that speaks no SMTP may give none."""
    from mailer.backend import Sent

    words = " ".join(part for part in (str(receipt.code or ""), receipt.enhanced, receipt.text) if part)
    return words or ("taken" if isinstance(receipt, Sent) else "no answer")


def why_not(receipt: "Receipt") -> str:
    """What to do about a message that was not taken."""
    from mailer.backend import Deferred, Uncertain

    if isinstance(receipt, Deferred):
        return "The relay puts it off: try again later. New accounts are often held back, or held to few messages."
    if isinstance(receipt, Uncertain):
        return "The connection broke before the answer: look whether the message arrived."
    return "The relay refuses this message or this recipient. New accounts often may write to verified addresses only."


def advice(relay: RelaySettings, error: MailerError) -> str:
    """What to do about an error that does not say so itself."""
    from mailer.settings.relay_presets import PRESETS

    text, preset = error.message, PRESETS.get(relay.preset)
    if "cannot be resolved" in text:
        return f'Nobody knows the name {relay.host}: look for a slip in host = "…".'
    if "our login" in text:
        what = f" {preset.title} wants: user, {preset.login}; password, {preset.key}." if preset else ""
        return f"User or password is wrong, or the account may not send.{what}"
    if "our sender address" in text:
        return "The relay does not let this account send from that address: verify the address or its domain there."
    if isinstance(error, BackendUnavailable) and "answered" in text and "no SMTP reply" not in text:
        return "The relay is there, and takes no mail now: try again later."
    if isinstance(error, BackendMisconfigured):
        return "The relay refuses us: its words above say why, and your account with it shows more."
    return f"Is the port right ({relay.port}), and does this machine's network let it out? Many block port 25."
