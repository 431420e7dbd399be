"""Postfix and exim, as Debian ships them: what our pipelined client gives them comes to rest byte for byte, exactly once."""

from collections import Counter

import pytest

from mailer.backend import Sent
from mailer.testing import make_message


@pytest.mark.parametrize("name", ["postfix", "exim"])
def test_mail_comes_to_rest_as_it_was_given(name, request, client):
    server = request.getfixturevalue(name)
    messages = [make_message(number, recipient=f"first{number}@example.org") for number in range(20)]
    backend = client(server)
    assert all(isinstance(receipt, Sent) for receipt in backend.send_many(iter(messages)))
    arrived = {found.recipient: found for found in server.delivered(20, to="first")}
    assert {recipient: found.content for recipient, found in arrived.items()} == {
        m.recipient: m.content for m in messages
    }
    assert Counter(found.sender for found in arrived.values()) == {"news@example.org": 20}
