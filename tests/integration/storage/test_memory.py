"""However long the list is, whoever goes through it keeps no more of it in memory.

Measured is what one process takes at its largest, beyond what it took when all code had run once.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, add_people
from mailer.domain.mailing import RowState
from mailer.storage.tables import delivery, subscriber

MANY = 30_000
#: Megabytes. With a list of that length in memory, in whatever form, it would be 15 to 30.
MOST = 8
#: What one person says of themselves, so that a list of them has some weight.
ATTRIBUTES = {f"question_{number}": "The answer that they gave us at the stall" for number in range(5)}
READER = """
import sys
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from mailer.domain.audience import Audience
from mailer.storage import audiences, mailings, people, viewers
from mailer.storage.database import Database

NOW = datetime.now(UTC)


def go_through(list_name, mailing_id):
    everybody = Audience(list_name=list_name)
    with database.reading() as connection:
        audiences.count(connection, everybody, now=NOW)
        audiences.explain(connection, everybody, now=NOW)
        audiences.sample(connection, everybody, 5, now=NOW)
        audiences.count_by_provider(connection, everybody, now=NOW)
        deque(viewers.viewers(connection, everybody, (mailing_id,), now=NOW), maxlen=0)
        mailings.counts(connection, mailing_id)
    with database.writing() as connection:
        mailings.finish_if_done(connection, mailing_id, at=NOW)


def peak():
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


database = Database(sys.argv[1])
go_through("nobody's", 2)
before = peak()
go_through("news", 1)
with database.reading() as connection:
    people.attribute_columns(connection)
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the largest size of a process")
def test_going_through_a_long_list_takes_no_memory(database):
    add_people(database, MANY)
    for recipients in (MANY, 0):
        add_mailing(database, recipients, number=recipients + 1)
    with database.writing() as connection:
        connection.execute(sa.update(delivery).values(state=RowState.SENT))
        connection.execute(sa.update(subscriber).values(attributes=ATTRIBUTES))
    url = database.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", READER, url], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < MOST
