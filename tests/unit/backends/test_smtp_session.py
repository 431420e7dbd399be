"""Where exactly a link must break for a message to be in doubt. Real sockets show the ends of it; this shows every byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.backend import Uncertain
from mailer.backends.smtp_envelope import Capabilities
from mailer.backends.smtp_options import SmtpOptions
from mailer.backends.smtp_replies import LinkLost
from mailer.backends.smtp_session import Session
from mailer.testing import make_message

OPTIONS = SmtpOptions(host="localhost", security="none")


class BreakingWire:
    """Breaks when so many bytes of one write were taken over."""

    def __init__(self, after):
        self.after = after

    def write(self, *parts, timeout):
        assert self.after <= sum(map(len, parts))
        raise LinkLost("The connection broke while sending.", written=self.after)


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
