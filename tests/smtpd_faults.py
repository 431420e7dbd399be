"""
The misbehaviours of `smtpd.SmtpServer`: each is a fault at a stage, or a habit, and each has a name.

A fault's name is "<fault>-at-<stage>", such as "drops-at-dot"; a habit stands for itself, such as "strips-starttls".
"""

#: Where a fault may strike. dot: the answer to the final dot; content: while the message is still coming in.
STAGES = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "content", "dot", "rset", "quit")

#: What may go wrong there.
FAULTS = {
    "refuses": "answers 5yz",
    "defers": "answers 4yz",
    "closes": "answers 421 and closes the link (RFC 5321 §3.8)",
    "drops": "closes the link and answers nothing",
    "resets": "breaks the link off with a TCP reset",
    "hangs": "never answers",
    "drips": "answers byte by byte, and never comes to an end",
    "floods": "answers with an endless multi-line reply",
    "garbles": "answers with something that is no reply",
    "swells": "answers with one line that never ends",
    "halves": "answers with the first half of a line, then closes the link",
    "rambles": "answers rightly, in many lines, one of them of 5,000 octets",
    "repeats": "answers rightly, twice",
    "puzzles": "answers with a code that means nothing there",
    "dismisses": "answers rightly, then says 421 and closes the link",
    "outgrows": "answers that the message is too big (RFC 1870 §6)",
}

HABITS = {
    "strips-starttls": "does not offer STARTTLS though it was told to (as an attacker in the middle would)",
    "injects-after-starttls": "has text in clear follow its answer to STARTTLS (RFC 3207 §5)",
    "certificate-for-another-name": "shows a certificate for mail.example.net",
    "certificate-expired": "shows a certificate that ended yesterday",
    "certificate-untrusted": "shows a certificate of an authority nobody knows",
    "old-tls": "knows no TLS beyond version 1.1 (RFC 8996)",
    "no-ehlo": "knows HELO only: no TLS, no login, no extension",
    "no-pipelining": "does not offer PIPELINING",
    "no-8bitmime": "does not offer 8BITMIME",
    "no-size": "does not offer SIZE",
    "no-smtputf8": "does not offer SMTPUTF8",
    "no-auth": "does not offer AUTH",
    "small-size": "announces that it takes 1,000 octets (RFC 1870)",
    "greylists": "puts off a recipient when it sees him first, in several lines",
    "closes-after-50": "answers MAIL with 421 once a connection has carried 50 messages",
    "drops-after-50": "closes the link after the answer to the fiftieth message, with our next commands unread",
    "answers-byte-by-byte": "answers rightly, each octet in a packet of its own",
    "merges-answers": "gives one answer in several lines to several commands",
    "loses-commands": "offers PIPELINING, and throws away what came with a command",
    "reads-slowly": "takes in no more than 200 KB a second",
    "takes-data-without-recipients": "answers DATA with 354 whatever was refused before (RFC 2920 §3.1)",
}

#: While a message is coming in nobody is waiting for an answer, so only these make sense.
AT_CONTENT = {"drops", "resets", "hangs"}
#: These make sense at some stages only.
ONLY_AT = {"dismisses": {"dot"}, "outgrows": {"mail", "dot"}}
MISBEHAVIOURS = frozenset(HABITS) | {
    f"{fault}-at-{stage}"
    for fault in FAULTS
    for stage in ONLY_AT.get(fault, STAGES)
    if stage != "content" or fault in AT_CONTENT
}

FOR_GOOD = {
    "connect": "554 5.3.2 no mail service here",
    "ehlo": "550 5.7.1 you are not welcome",
    "starttls": "554 5.7.3 no encryption for you",
    "auth": "535 5.7.8 wrong user or password",
    "mail": "550 5.7.1 sender refused",
    "rcpt": "550 5.1.1 no such person",
    "data": "554 5.5.1 no content wanted",
    "dot": "554 5.7.1 looks like spam",
}
FOR_NOW = {
    "connect": "450 4.3.2 too busy",
    "starttls": "454 4.7.0 TLS is not available now",
    "auth": "454 4.7.0 cannot look that up now",
    "rcpt": "450 4.2.1 mailbox busy",
    "dot": "451 4.7.1 greylisted, come back later",
}


class Gone(Exception):
    """This conversation is over."""


def strike(link, fault: str, stage: str, usual: str) -> bool:
    """Do `fault` on `link` in place of the answer `usual`; True when the client may go on as if all were well."""
    if fault in SPOKEN:
        link.say(SPOKEN[fault](stage, usual))
        if fault == "dismisses":
            link.say("421 4.3.2 that is all for this connection")
        return fault in {"rambles", "repeats"}
    link.flush()
    UNSPOKEN[fault](link, usual)
    raise Gone


def _closing(stage: str, usual: str) -> str:
    return "421 4.3.2 shutting down"


SPOKEN = {
    "refuses": lambda stage, usual: FOR_GOOD.get(stage, "554 5.0.0 never"),
    "defers": lambda stage, usual: FOR_NOW.get(stage, "451 4.3.0 not now"),
    "closes": _closing,
    "puzzles": lambda stage, usual: "299 what" if stage == "data" else "399 what",
    "outgrows": lambda stage, usual: "552 5.3.4 too big",
    "dismisses": lambda stage, usual: usual,
    "garbles": lambda stage, usual: "banana \x00 \x7f",
    "repeats": lambda stage, usual: f"{usual}\r\n{usual}",
    "rambles": lambda stage, usual: (
        f"{usual[:3]}-{'and so on ' * 500}\r\n" + "".join(f"{usual[:3]}-line {n}\r\n" for n in range(20)) + usual
    ),
}


def _hang(link, usual):
    while link.sock.recv(65536):
        pass


def _drip(link, usual):
    link.sock.sendall(f"{usual[:3]}-".encode())
    while not link.server.stopping.wait(0.02):
        link.sock.sendall(b".")


def _flood(link, usual):
    while not link.server.stopping.is_set():
        link.sock.sendall(f"{usual[:3]}-and more of it\r\n".encode() * 200)


def _swell(link, usual):
    link.sock.sendall(f"{usual[:3]} ".encode())
    while not link.server.stopping.is_set():
        link.sock.sendall(b"and so on " * 400)


UNSPOKEN = {
    "drops": lambda link, usual: None,
    "resets": lambda link, usual: link.reset(),
    "hangs": _hang,
    "drips": _drip,
    "floods": _flood,
    "swells": _swell,
    "halves": lambda link, usual: link.sock.sendall(usual[: len(usual) // 2].encode()),
}
