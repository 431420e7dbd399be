"""What becomes of a message when the relay misbehaves: the one table. Tests are made from it, and so is docs/smtp.md.

The outcomes are those of docs/write-a-backend.md. What happens at "rset" is about the message after a refused one; at all
other stages about the one that is being sent.
"""

from mailer.backend import Deferred, Refused, Sent, Uncertain
from mailer.errors import BackendMisconfigured, BackendUnavailable
from smtpd_faults import FAULTS, HABITS, MISBEHAVIOURS, STAGES

GETTING_THERE = ("connect", "ehlo", "starttls", "auth")
ENVELOPE = ("mail", "rcpt", "data")
#: Faults after which nobody knows what the relay meant to say.
NO_ANSWER = ("drops", "resets", "hangs", "drips", "floods", "swells", "garbles", "halves")

OUTCOMES = {
    # We have not come to any message yet.
    **{f"{fault}-at-{stage}": BackendUnavailable for fault in FAULTS for stage in GETTING_THERE},
    **{f"refuses-at-{stage}": BackendMisconfigured for stage in GETTING_THERE},
    **{f"{fault}-at-{stage}": Deferred for fault in FAULTS for stage in ENVELOPE},
    # Nothing of the message was known yet but its sender: it is not what was at fault.
    **{f"{fault}-at-mail": BackendUnavailable for fault in (*NO_ANSWER, "closes", "puzzles")},
    "refuses-at-mail": BackendMisconfigured,
    "outgrows-at-mail": Refused,
    "refuses-at-rcpt": Refused,
    "refuses-at-data": Refused,
    # It was all handed to the system before the link broke, so nobody here can know that the relay did not get it.
    **{f"{fault}-at-content": Uncertain for fault in ("drops", "resets", "hangs")},
    **{f"{fault}-at-dot": Uncertain for fault in NO_ANSWER},
    "puzzles-at-dot": Uncertain,
    "refuses-at-dot": Refused,
    "outgrows-at-dot": Refused,
    "defers-at-dot": Deferred,
    "closes-at-dot": Deferred,
    # The message itself got a clear answer; what comes after goes over another connection.
    "repeats-at-dot": Sent,
    "dismisses-at-dot": Sent,
    **{f"{fault}-at-{stage}": Sent for fault in FAULTS for stage in ("rset", "quit")},
    **{f"rambles-at-{stage}": Sent for stage in (*GETTING_THERE, *ENVELOPE, "dot")},
    "strips-starttls": BackendMisconfigured,
    "injects-after-starttls": BackendUnavailable,
    "certificate-for-another-name": BackendMisconfigured,
    "certificate-expired": BackendMisconfigured,
    "certificate-untrusted": BackendMisconfigured,
    "old-tls": BackendMisconfigured,
    "no-ehlo": BackendMisconfigured,
    "no-pipelining": Sent,
    "no-8bitmime": Sent,
    "no-size": Sent,
    "no-smtputf8": Sent,
    "no-auth": BackendMisconfigured,
    "small-size": Refused,
    "greylists": Deferred,
    "closes-after-50": Sent,
    "drops-after-50": Sent,
    "answers-byte-by-byte": Sent,
    "merges-answers": BackendUnavailable,
    "loses-commands": Deferred,
    "reads-slowly": Sent,
    "takes-data-without-recipients": Sent,
}
OUTCOMES = {name: outcome for name, outcome in OUTCOMES.items() if name in MISBEHAVIOURS}

#: What else is worth saying of a habit.
NOTES = {
    "strips-starttls": "no mail and no password leaves",
    "injects-after-starttls": "what came in clear is taken for nothing",
    "no-ehlo": "where TLS or a login is set; without them the message is sent",
    "no-8bitmime": "our own messages are 7-bit; an 8-bit one of a plugin is refused alone (5.6.3)",
    "no-smtputf8": "a recipient with letters beyond ASCII before the @ is refused alone (5.6.7)",
    "small-size": "without being offered, when it is larger (5.3.4)",
    "greylists": "and sent at the next try",
    "closes-after-50": "over another connection; nobody is put off for it",
    "drops-after-50": "the answer counts, the next message goes over another connection",
    "merges-answers": 'set `pipelining = "off"` for such a relay',
    "loses-commands": 'set `pipelining = "off"` for such a relay',
}


def word(outcome: type) -> str:
    """An outcome as it stands in the page."""
    return outcome.__name__.removeprefix("Backend").lower()


def tables() -> str:
    """The part of docs/smtp.md that is made from this file."""
    lines = [f"| the relay … | {' | '.join(STAGES)} |", f"| --- |{' --- |' * len(STAGES)}"]
    for fault, what in FAULTS.items():
        found = (OUTCOMES.get(f"{fault}-at-{stage}") for stage in STAGES)
        cells = " | ".join(word(outcome) if outcome else "–" for outcome in found)
        lines.append(f"| `{fault}`: {what} | {cells} |")
    lines += ["", "| the relay … | outcome |", "| --- | --- |"]
    for habit, what in HABITS.items():
        note = f"; {NOTES[habit]}" if habit in NOTES else ""
        lines.append(f"| `{habit}`: {what} | {word(OUTCOMES[habit])}{note} |")
    return "\n".join(lines) + "\n"
