"""Where exactly a link must break for a message to be in doubt. Real sockets show the ends of it; this shows every byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.backend import Refused, Sent, Uncertain
from mailer.backends.smtp_envelope import Capabilities
from mailer.backends.smtp_options import SmtpOptions
from mailer.backends.smtp_replies import LinkLost, Reply
from mailer.backends.smtp_session import Session
from mailer.testing import make_message

OPTIONS = SmtpOptions(host="localhost", security="none")


class BreakingWire:
    """Breaks when so many bytes of one write were taken over; what it got before that can still be read."""

    def __init__(self, after, *, heard=None):
        self.after, self.heard = after, heard

    def write(self, *parts, timeout):
        assert self.after <= sum(map(len, parts))
        raise LinkLost("The connection broke while sending.", written=self.after)

    def reply(self, timeout):
        if self.heard is None:
            raise LinkLost("The connection broke.")
        return self.heard


@given(st.data(), st.booleans())
def test_in_doubt_from_the_moment_the_final_dot_has_left(data, pipelining):
    message, following = make_message(1), make_message(2)
    whole = len(message.content) + len(b".\r\n")
    longest = whole + (20 if pipelining else 0)  # into the envelope that travels along
    after = data.draw(st.one_of(st.integers(0, longest), st.integers(whole - 3, whole)))
    session = Session(BreakingWire(after), OPTIONS, Capabilities(pipelining=pipelining))
    if after < whole:
        with pytest.raises(LinkLost):
            session.deliver(message, following)
    else:
        assert isinstance(session.deliver(message, following), Uncertain)
        assert session.over


@given(st.data(), st.booleans())
def test_what_the_relay_said_before_it_broke_off_counts(data, pipelining):
    message, following = make_message(1), make_message(2)
    whole = len(message.content) + len(b".\r\n")
    before = data.draw(st.integers(0, whole - 1))
    session = Session(
        BreakingWire(before, heard=Reply(552, (b"5.3.4 too big",))), OPTIONS, Capabilities(pipelining=pipelining)
    )
    assert session.deliver(message, following) == Refused(code=552, enhanced="5.3.4", text="too big")
    assert session.over


def test_a_yes_before_the_dot_has_left_means_nothing():
    session = Session(BreakingWire(10, heard=Reply(250, (b"2.0.0 ok",))), OPTIONS, Capabilities())
    with pytest.raises(LinkLost):
        session.deliver(make_message(1))


def test_an_answer_to_the_dot_counts_though_the_next_envelope_did_not_leave():
    message = make_message(1)
    wire = BreakingWire(len(message.content) + len(b".\r\n") + 5, heard=Reply(250, (b"2.0.0 ok",)))
    session = Session(wire, OPTIONS, Capabilities(pipelining=True))
    assert session.deliver(message, make_message(2)) == Sent(code=250, enhanced="2.0.0", text="ok")
    assert session.over
    assert not session.idle
