"""What a reply means for the message, or for us: decided here, once, from codes and never from text.

| asked by                           | 2yz (354 for DATA) | 4yz, 552           | 5yz                                       |
| ---------------------------------- | ------------------ | ------------------ | ----------------------------------------- |
| the greeting, EHLO, STARTTLS, AUTH | go on              | BackendUnavailable | BackendMisconfigured                      |
| MAIL FROM                          | go on              | Deferred           | BackendMisconfigured: it is about us      |
| RCPT TO                            | go on              | Deferred           | Refused; `bad_address` by enhanced status |
| DATA                               | go on              | Deferred           | Refused                                   |
| final dot                          | Sent               | Deferred           | Refused                                   |

A code that is neither yes nor no to what was asked ends the conversation as any other garbled reply does: before the
final dot nothing was delivered, after it the message is in doubt.
"""

from mailer.backend import Deferred, Receipt, Refused, Sent
from mailer.backends.smtp_replies import GarbledReply, LinkLost, Reply
from mailer.errors import BackendError, BackendMisconfigured, BackendUnavailable

#: RFC 3463 §3.2 and RFC 7505: no such mailbox, no such domain, bad syntax, null MX.
BAD_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.10"})
#: RFC 3463 §3.3, §3.4: too long for the mailbox, too big for the system. Waiting does not help, whatever the basic code.
TOO_BIG = frozenset({"5.2.3", "5.3.4"})
#: RFC 3463 §3.7: this message cannot be carried, though another of ours may be. 5.6.7 is RFC 6531's.
MESSAGE_NOT_CARRIED = TOO_BIG | {"5.6.3", "5.6.7"}

#: What 530 says to whatever was asked (RFC 4954 §6, RFC 3207 §4).
WANTS_MORE_FIRST = 'It wants a login first (set user and password_file), or TLS first (set security = "starttls").'


def is_permanent(reply: Reply) -> bool:
    """5yz, but 552, which is temporary (RFC 5321 §4.5.3.1.10) unless it says that the message is too big (RFC 1870 §6)."""
    return reply.code >= 500 and (reply.code != 552 or reply.enhanced in TOO_BIG)


def about_us(reply: Reply, what: str) -> BackendError:
    """The error for a negative answer to `what`, which is about our connection and not about any message."""
    text = f"The relay answered {what} with: {reply}"
    if not is_permanent(reply):
        return BackendUnavailable(text)
    return BackendMisconfigured(text, hint=WANTS_MORE_FIRST if reply.code == 530 else "")


def of_sender(reply: Reply) -> Receipt | None:
    """MAIL FROM: None to go on. Raises BackendMisconfigured when our sender is refused for good, LinkLost, GarbledReply."""
    if reply.positive:
        return None
    if reply.code == 421:  # RFC 5321 §3.8: not about this message, of which the relay knows next to nothing yet
        raise LinkLost(f"The relay closes the connection: {reply}.")
    if is_permanent(reply) and reply.enhanced not in MESSAGE_NOT_CARRIED:
        raise about_us(reply, "our sender address")
    return _negative(reply)


def of_recipient(reply: Reply) -> Receipt | None:
    """RCPT TO: None to go on. Raises GarbledReply."""
    if reply.positive:
        return None
    return _negative(reply, bad_address=reply.enhanced in BAD_ADDRESS)


def of_data(reply: Reply) -> Receipt | None:
    """DATA: None to go on. Raises GarbledReply."""
    return None if reply.code == 354 else _negative(reply)


def of_content(reply: Reply) -> Receipt:
    """The final dot: the message's fate. Raises GarbledReply, and then nobody knows it."""
    if reply.positive:
        enhanced, text = reply.told
        return Sent(code=reply.code, enhanced=enhanced, text=text)
    return _negative(reply)


def _negative(reply: Reply, *, bad_address: bool = False) -> Receipt:
    if reply.code < 400:
        raise GarbledReply(f'The relay answered "{reply}", which makes no sense there.')
    if is_permanent(reply):
        return Refused(code=reply.code, enhanced=reply.enhanced, text=reply.text, bad_address=bad_address)
    return Deferred(code=reply.code, enhanced=reply.enhanced, text=reply.text)
