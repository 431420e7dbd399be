"""Signed mail as it comes to rest: every example campaign, and what real servers and our own relay made of it."""

import pytest

from edition_oracle import AT, KEY
from example_mail import EXAMPLES, ROSA, _compiled
from mailer.backend import Sent
from mailer.domain.subscriber import Recipient
from mailer.edition.dispatch import dispatch_for
from mailer.edition.program import Program
from mailer.edition.sender import delivery_of
from mailer.settings import RelaySettings
from signing import signer, verdicts

VERP = RelaySettings(envelope="verp", bounce_domain="bounce.example.org")


def mail(slug, number=1, *, to="rosa@example.org"):
    program = Program(_compiled(slug).edition, key=KEY, mailing_id=7)
    person = Recipient(subscriber_id=number, public_id=number, email=to, fields={"email": to, "attributes": {}, **ROSA})
    return program.message(person, at=AT, dispatch=dispatch_for(VERP, signer()))


@pytest.mark.parametrize("slug", EXAMPLES)
def test_every_example_is_signed_so_that_others_can_verify_it(slug):
    assert verdicts(mail(slug).content) == [True, True]


@pytest.mark.parametrize("name", ["postfix", "exim"])
def test_signatures_and_envelope_senders_survive_a_real_server(name, request):
    from mailer.backends.smtp import SmtpBackend

    server = request.getfixturevalue(name)
    sent = [mail(slug, number, to=f"signed{number}@example.org") for number, slug in enumerate(EXAMPLES, 1)]
    backend = SmtpBackend(
        {"host": server.host, "port": server.port, "security": server.security, "ca_file": str(server.ca_file)}
    )
    try:
        assert all(isinstance(receipt, Sent) for receipt in backend.send_many(iter(sent)))
    finally:
        backend.close()
    arrived = {found.recipient: found for found in server.delivered(len(sent), to="signed")}
    for number, message in enumerate(sent, 1):
        found = arrived[message.recipient]
        assert verdicts(found.trace + found.content) == [True, True]
        assert delivery_of(KEY, found.sender) == (7, number)
