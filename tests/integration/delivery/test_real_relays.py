"""A worker and a real postfix or exim that allows less than the worker would use: everybody's fate is true, nobody gets it twice."""

from collections import Counter

from ledger_world import described, email, states
from mailer.backends.smtp import SmtpBackend
from mailer.domain.mailing import RowState
from real_servers import Exim, Postfix, or_skip
from worker_world import attempts, prepared, worker_for

PEOPLE = 150


def sent_by(database, server):
    """A worker of four connections has sent to everybody, or found out that it cannot; the mailing."""
    letter = prepared(database, PEOPLE)
    options = {"host": "localhost", "port": server.port, "security": "starttls", "ca_file": str(server.ca_file)}
    # A connection that the server does not want is tried again after a rest: one run of the queue may end before that.
    for _ in range(5):
        summary = worker_for(database, lambda: SmtpBackend(options), breaker=False).run(drain=True)
        if RowState.QUEUED not in states(database, letter):
            break
    assert not summary.paused, summary
    return letter


def test_two_connections_are_allowed_and_three_readers_in_ten_are_unknown_at_postfix(database):
    or_skip(Postfix)
    limits = {
        "smtpd_client_connection_count_limit": "2",
        "smtpd_hard_error_limit": "5",
        "virtual_mailbox_maps": "regexp:{{/^person[0-9]*[1-7]@/ all/}}",
    }
    with Postfix(**limits) as server:
        letter = sent_by(database, server)
        rows = states(database, letter)
        known = [who for who in range(1, PEOPLE + 1) if str(who)[-1] in "1234567"]
        assert rows.get(RowState.SENT) == known, described(database, letter)
        assert set(rows) == {RowState.SENT, RowState.FAILED}
        arrived = server.delivered(len(known))
        assert Counter(message.recipient for message in arrived) == Counter(map(email, known))
    assert set(attempts(database, letter)) == {1}, "the server's limits cost nobody an attempt"


def test_a_few_connections_of_ten_messages_each_at_exim(database):
    or_skip(Exim)
    with Exim(smtp_accept_max="2", smtp_accept_max_per_connection="10") as server:
        letter = sent_by(database, server)
        assert states(database, letter) == {RowState.SENT: list(range(1, PEOPLE + 1))}, described(database, letter)
        arrived = server.delivered(PEOPLE)
        assert Counter(message.recipient for message in arrived) == Counter(map(email, range(1, PEOPLE + 1)))
    assert set(attempts(database, letter)) == {1}, "the server's limits cost nobody an attempt"
