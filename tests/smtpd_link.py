"""One client's conversation with `smtpd.SmtpServer`: what a strict relay does, unless the script says otherwise."""

import base64
import contextlib
import hmac
import re
import socket
import struct
import threading
import time

from smtpd_faults import Gone, strike

ADDRESS = re.compile(r"(?:FROM|TO):<([^<> \r\n]*)>((?: [^ ]+)*)", re.IGNORECASE)


class Link:
    """Speaks with one client on a thread of its own. Answers are gathered and go out when no more commands are waiting."""

    def __init__(self, server, sock: socket.socket) -> None:
        self.server, self.sock = server, sock
        self.incoming, self.outgoing = b"", b""
        self.tls = self.greeted = False
        self.user = ""
        self.carried = 0  # messages taken on this connection
        self.forget()
        self.thread = threading.Thread(target=self.run, daemon=True)

    # The wire

    def run(self) -> None:
        try:
            if self.server.security == "tls":
                self.start_tls()
            welcome = self.answer("connect", "220 localhost ESMTP ready")
            while welcome:
                self.obey(self.line())
        except (OSError, Gone):
            pass
        finally:
            self.hang_up()

    def line(self, most: int = 510) -> bytes:
        """most: octets without the line end (RFC 5321 §4.5.3.1.4)."""
        while b"\r\n" not in self.incoming:
            self.receive()
        line, _, self.incoming = self.incoming.partition(b"\r\n")
        if b"\n" in line or len(line) > most:
            self.breach("a line that is too long or holds a bare line feed")
        return line

    def receive(self) -> None:
        self.flush()
        slowly = self.server.misbehaviour == "reads-slowly"
        time.sleep(0.02 if slowly else 0)
        data = self.sock.recv(4096 if slowly else 262144)
        if not data:
            raise Gone
        self.incoming += data

    def say(self, text: str) -> None:
        self.outgoing += text.encode("utf-8") + b"\r\n"
        if text.startswith("421"):
            self.flush()
            raise Gone

    def flush(self) -> None:
        if self.outgoing:
            if self.server.delay:
                time.sleep(self.server.delay)  # once per round trip, as distance would
            data, self.outgoing = self.outgoing, b""
            self.server.turns += 1
            if self.server.misbehaviour == "merges-answers":
                *most, last, _ = data.split(b"\r\n")
                data = b"".join(line[:3] + b"-" + line[4:] + b"\r\n" for line in most) + last + b"\r\n"
            size = 1 if self.server.misbehaviour == "answers-byte-by-byte" else len(data)
            for start in range(0, len(data), size):
                self.sock.sendall(data[start : start + size])

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self.flush()
        self.sock.close()

    def start_tls(self) -> None:
        self.sock = self.server.context.wrap_socket(self.sock, server_side=True)
        self.tls = True

    # Answers

    def answer(self, stage: str, usual: str) -> bool:
        """Say `usual`, unless the script has a fault here; True when the client may go on."""
        fault = self.server.fault_at(stage)
        if fault:
            return strike(self, fault, stage, usual)
        self.say(usual)
        return usual[0] in "23"

    def breach(self, what: str) -> None:
        self.server.breaches.append(what)

    def nothing_may_follow(self, command: str) -> None:
        """Note text that came before our answer, where the client has to wait for it (RFC 2920 §3.1)."""
        if self.incoming:
            self.breach(f"text follows {command} before its answer")

    # Commands

    def obey(self, line: bytes) -> None:
        text = line.decode("utf-8", "surrogateescape")
        self.server.commands.append(text)
        verb, _, rest = text.partition(" ")
        command = getattr(self, f"do_{verb.lower()}", None)
        if self.incoming and not self.server.offers("PIPELINING"):
            self.breach(f"{verb} was pipelined though PIPELINING is not offered")
        if self.server.misbehaviour == "loses-commands":
            self.incoming = b""
        if command is None:
            self.say("500 5.5.2 unknown command")
        else:
            command(rest)

    def forget(self) -> None:
        self.sender, self.recipients, self.eight_bit = None, [], False

    def do_ehlo(self, rest: str) -> None:
        self.nothing_may_follow("EHLO")
        self.forget()
        if self.server.misbehaviour == "no-ehlo":
            self.say("502 5.5.1 what is EHLO?")
            return
        lines = ["localhost greets you", *self.server.extensions(tls=self.tls)]
        usual = "\r\n".join(f"250{'-' if n < len(lines) else ' '}{text}" for n, text in enumerate(lines, 1))
        self.greeted = self.answer("ehlo", usual) or self.greeted

    def do_helo(self, rest: str) -> None:
        self.nothing_may_follow("HELO")
        self.forget()
        self.greeted = self.answer("helo", "250 localhost greets you")

    def do_starttls(self, rest: str) -> None:
        self.nothing_may_follow("STARTTLS")
        if self.tls or not self.server.offers("STARTTLS"):
            self.say("503 5.5.1 not now")
        elif self.answer("starttls", "220 2.0.0 go ahead"):
            if self.server.misbehaviour == "injects-after-starttls":
                self.outgoing += b"250 injected\r\n"
            self.flush()
            self.start_tls()
            self.greeted = False

    def do_auth(self, rest: str) -> None:
        self.nothing_may_follow("AUTH")
        mechanism, _, initial = rest.partition(" ")
        if not self.tls and not self.server.auth_in_clear:
            self.breach("AUTH in clear")
        steps = {
            "PLAIN": self.plain,
            "LOGIN": self.login,
            "CRAM-MD5": self.cram_md5,
            "XOAUTH2": self.xoauth2,
            "OAUTHBEARER": self.oauthbearer,
        }
        if mechanism not in self.server.mechanisms:
            self.say("504 5.5.4 unknown mechanism")
            return
        good = steps[mechanism](initial)
        self.answer("auth", "235 2.7.0 welcome" if good else "535 5.7.8 wrong user or password")

    def challenge(self, text: bytes) -> bytes:
        self.say("334 " + base64.b64encode(text).decode())
        return base64.b64decode(self.line(12288))  # RFC 4954 §4

    def plain(self, initial: str) -> bool:
        _, user, password = (base64.b64decode(initial) if initial else self.challenge(b"")).split(b"\0")
        return self.knows(user, password)

    def login(self, initial: str) -> bool:
        user = base64.b64decode(initial) if initial else self.challenge(b"Username:")
        return self.knows(user, self.challenge(b"Password:"))

    def cram_md5(self, initial: str) -> bool:
        nonce = b"<1.2@localhost>"
        user, _, digest = self.challenge(nonce).decode().rpartition(" ")
        secret = self.server.users.get(user, "").encode()
        return user in self.server.users and digest == hmac.new(secret, nonce, "md5").hexdigest()

    def xoauth2(self, initial: str) -> bool:
        """A refusal is JSON in a challenge, to be answered with nothing (Google and Microsoft)."""
        user, bearer, *rest = (base64.b64decode(initial) if initial else self.challenge(b"")).split(b"\1")
        if rest != [b"", b""]:
            self.breach("XOAUTH2 does not end in two ^A")
        if self.knows(user.removeprefix(b"user="), bearer.removeprefix(b"auth=Bearer ")):
            return True
        if self.challenge(b'{"status":"401","schemes":"Bearer","scope":"https://mail.google.com/"}'):
            self.breach("what a refusal of XOAUTH2 says was answered with something")
        return False

    def oauthbearer(self, initial: str) -> bool:
        """RFC 7628 §3."""
        text = base64.b64decode(initial) if initial else self.challenge(b"")
        head, *fields = text.split(b"\1")
        known = dict(field.split(b"=", 1) for field in fields if field)
        if self.knows(head.removeprefix(b"n,a=").rstrip(b","), known[b"auth"].removeprefix(b"Bearer ")):
            return True
        if self.challenge(b'{"status":"invalid_token"}') != b"\1":
            self.breach("what a refusal of OAUTHBEARER says was not answered with ^A")
        return False

    def knows(self, user: bytes, password: bytes) -> bool:
        return self.server.users.get(user.decode()) == password.decode()

    def do_mail(self, rest: str) -> None:
        found = ADDRESS.fullmatch(rest)
        if not self.greeted or self.sender is not None:
            self.say("503 5.5.1 bad sequence of commands")
        elif self.server.misbehaviour == "closes-after-50" and self.carried >= 50:
            self.say("421 4.7.0 too many messages on this connection")
        elif not found:
            self.say("501 5.5.4 syntax: MAIL FROM:<address>")
        elif self.answer("mail", self.judge_parameters(found[2].upper().split())):
            self.sender = found[1]

    def judge_parameters(self, parameters: list[str]) -> str:
        self.eight_bit = "BODY=8BITMIME" in parameters
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if not self.server.offers({"BODY": "8BITMIME"}.get(name, name)):
                return "555 5.5.4 unknown parameter"
            if name == "SIZE" and int(value) > self.server.size_limit:
                return "552 5.3.4 too big"
        return "250 2.1.0 sender ok"

    def do_rcpt(self, rest: str) -> None:
        found = ADDRESS.fullmatch(rest)
        if self.sender is None:
            self.say("503 5.5.1 bad sequence of commands")
        elif not found:
            self.say("501 5.5.4 syntax: RCPT TO:<address>")
        elif self.answer("rcpt", self.judge_recipient(found[1])):
            self.recipients.append(found[1])

    def judge_recipient(self, recipient: str) -> str:
        if self.server.misbehaviour == "greylists" and recipient not in self.server.known:
            self.server.known.add(recipient)
            return "450-4.7.1 greylisted\r\n450-4.7.1 for 60 seconds:\r\n450 4.7.1 come back later"
        return self.server.rcpt.get(recipient, "250 2.1.5 recipient ok")

    def do_data(self, rest: str) -> None:
        self.nothing_may_follow("DATA")
        anyway = self.server.misbehaviour == "takes-data-without-recipients"
        if not self.recipients and not anyway:
            self.say("503 5.5.1 no valid recipients")
        elif self.answer("data", "354 end with a dot"):
            self.content()

    def content(self) -> None:
        fault = self.server.fault_at("content")
        if fault:
            self.receive()
            strike(self, fault, "content", "")
        if not self.recipients:
            self.lone_dot()
            return
        self.incoming = b"\r\n" + self.incoming  # so that a dot on the very first line is seen as one
        while b"\r\n.\r\n" not in self.incoming:
            self.receive()
        raw, _, self.incoming = self.incoming.partition(b"\r\n.\r\n")
        if not raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n"):
            self.breach("a bare CR or LF in the content")
        if not self.eight_bit and not raw.isascii():
            self.breach("eight-bit content without BODY=8BITMIME")
        self.judge((raw + b"\r\n").replace(b"\r\n..", b"\r\n.")[2:])

    def lone_dot(self) -> None:
        while b"\r\n" not in self.incoming:
            self.receive()
        line, _, self.incoming = self.incoming.partition(b"\r\n")
        if line != b".":
            self.breach("content for nobody: a lone dot was due (RFC 2920 §3.1)")
        self.forget()
        self.say("554 5.5.1 no valid recipients")

    def judge(self, content: bytes) -> None:
        sender, recipients = self.sender, self.recipients
        usual = self.server.dot.get(recipients[0], "250 2.0.0 ok, queued")
        if len(content) > self.server.size_limit:
            usual = "552 5.3.4 too big"
        fault = self.server.fault_at("dot")
        kept = usual[0] == "2" and fault not in {"refuses", "defers", "closes", "puzzles", "outgrows"}
        if kept:  # as a relay that loses the link may: taken, though the client never hears of it
            self.server.accept(sender, recipients, content)
            self.carried += 1
        self.forget()
        if fault:
            strike(self, fault, "dot", usual)
        else:
            self.say(usual)
        if self.server.misbehaviour == "drops-after-50" and self.carried >= 50:
            self.flush()
            self.reset()
            raise Gone

    def do_rset(self, rest: str) -> None:
        if self.answer("rset", "250 2.0.0 forgotten"):
            self.forget()

    def do_noop(self, rest: str) -> None:
        self.say("250 2.0.0 still here")

    def do_quit(self, rest: str) -> None:
        self.nothing_may_follow("QUIT")
        self.answer("quit", "221 2.0.0 goodbye")
        raise Gone
