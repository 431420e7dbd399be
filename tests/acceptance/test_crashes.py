"""`kill -9`, SIGSTOP, a database that dies, a disk that is full, at random moments while real workers send over real SMTP.

A few of each here, on both engines; `python tests/kills.py --kills 30 --engine postgresql` strikes as often as is wanted.
"""

import random
import subprocess
import sys
import time

import pytest

from kills import MAX_IN_DOUBT, Crew, Relay, at_work, count, crash_and_restart, strike
from ledger_world import add_mailing, add_people, described, email, make_database, states
from mailer.domain.mailing import MailingState, RowState
from mailer.storage import mailings
from sending_world import Commands, make_project, populate, write_letter
from waiting import until

QUEUED, LEASED, SENDING, SENT, FAILED, UNCERTAIN, SUPPRESSED, CANCELLED, EXPIRED = RowState

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mailer.db'}"
    return request.getfixturevalue("postgres_server").url


@pytest.fixture
def relay(tmp_path):
    made = Relay(tmp_path, "--delay", "5")
    yield made
    made.close()


@pytest.fixture
def database(url):
    made = make_database(url)
    yield made
    made.dispose()


@pytest.fixture
def crew(tmp_path, database, relay):
    made = Crew(tmp_path, database, relay)
    yield made
    made.abandon()


def mailing_to(database, people, **values):
    add_people(database, people)
    return add_mailing(database, people, **values)


def test_killed_again_and_again_nobody_is_lost_and_nobody_gets_it_twice(tmp_path, url):
    found = strike(tmp_path, url, kills=3, seed=20261122)
    assert found.good, found
    assert found.kills, "it was over before anything could be killed"


def test_a_worker_that_was_frozen_past_its_lease_touches_nothing_that_others_took_over(tmp_path, url):
    found = strike(tmp_path, url, kills=0, freezes=1, workers=1, seed=3)
    assert found.good, found
    assert found.freezes, "it was over before anything could be frozen"


def test_a_server_that_crashes_under_load_and_comes_back(tmp_path, postgres_server):
    found = strike(tmp_path, postgres_server.url, kills=1, outages=[crash_and_restart(postgres_server)], seed=5)
    assert found.good, found


def test_under_resend_everybody_gets_it_and_only_the_doubtful_twice(crew, database):
    people, kills = 1500, 3
    letter = mailing_to(database, people, in_doubt="resend")
    dice = random.Random(7)
    for _ in range(kills):
        process, before = crew.start(), crew.relay.number
        until(lambda before=before: crew.relay.number > before or not at_work(database, letter))
        time.sleep(dice.uniform(0, 0.2))
        crew.kill(process)
    until(lambda: crew.drain() == 0 and set(states(database, letter)) == {SENT}, 120)
    accepted = crew.relay.accepted
    assert accepted.keys() == {email(one) for one in range(1, people + 1)}
    assert max(accepted.values()) <= 1 + kills
    assert sum(times > 1 for times in accepted.values()) <= kills * MAX_IN_DOUBT


def test_links_to_the_server_that_are_cut_are_made_anew(tmp_path, postgres_server, relay):
    people, cuts = 1200, 4
    database = make_database(postgres_server.url)
    crew, letter = Crew(tmp_path, database, relay), mailing_to(database, people)
    crew.start()
    for _ in range(cuts):
        enough = relay.number + 20
        until(lambda enough=enough: relay.number > enough or not at_work(database, letter))
        with database.writing() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            )
    until(lambda: states(database, letter).keys() <= {SENT, UNCERTAIN}, 120)
    crew.end()
    found = count(crew, letter, people, kills=0)
    assert (found.lost, found.repeated, found.wrongly_sent, found.unlisted) == (0, 0, 0, 0), found
    assert found.in_doubt <= cuts * MAX_IN_DOUBT
    assert "Traceback" not in crew.said
    database.dispose()


#: A worker on whose disk is room for so many pages as a file says at the time.
ON_A_SMALL_DISK = """
import runpy, sys, sqlalchemy
from pathlib import Path
pages, = sys.argv[1:2]

@sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
def limit(connection, _record):
    connection.execute("PRAGMA max_page_count = " + Path(pages).read_text()).close()

sys.argv[:] = ["mailer", "worker", *sys.argv[2:]]
runpy.run_module("mailer", run_name="__main__")
"""


def test_a_disk_that_is_full_loses_nobody(tmp_path, relay):
    people = 3000
    database = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    letter = mailing_to(database, people)
    crew = Crew(tmp_path, database, relay)
    with database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    limit = tmp_path / "pages"
    limit.write_text(str(pages + 12))

    def work():
        command = [sys.executable, "-c", ON_A_SMALL_DISK, str(limit), "--drain"]
        return subprocess.run(
            command, check=False, cwd=tmp_path, env=crew.environment, capture_output=True, text=True, timeout=120
        )

    full = work()
    assert full.returncode == 1
    assert "The disk is full" in full.stderr
    assert "Traceback" not in full.stderr
    rows = states(database, letter)
    assert rows[QUEUED], "the disk was large enough after all"
    assert len(rows.get(SENDING, [])) + len(rows.get(UNCERTAIN, [])) <= MAX_IN_DOUBT
    limit.write_text(str(10**6))
    until(lambda: work().returncode in (0, 5) and not set(states(database, letter)) & {QUEUED, LEASED, SENDING}, 120)
    found = count(crew, letter, people, kills=0)
    assert (found.lost, found.repeated, found.wrongly_sent, found.unlisted) == (0, 0, 0, 0), found
    database.dispose()


#: While it is there, a mailing that has all its rows takes for ever to say so.
NEVER_DONE = """
CREATE TRIGGER never_done BEFORE UPDATE OF state ON mailing WHEN OLD.state = 'materialising' BEGIN
    SELECT count(*) FROM (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT i FROM c);
END
"""


class Killed:
    """`send` in a project of many people, killed."""

    people = 2000
    options = ("--yes", "--expect", str(people), "--queue-only")

    def __init__(self, folder):
        make_project(folder)
        self.folder = folder
        self.database = make_database(f"sqlite:///{folder / 'mailer.db'}")
        populate(self.database, self.people)
        self.mailer = Commands(folder, MAILER_SMTP_URL="smtp://127.0.0.1:1")

    def seconds(self, slug):
        """How long it takes where nobody kills it."""
        write_letter(self.folder, slug=slug)
        began = time.monotonic()
        assert self.mailer("send", slug, *self.options).code == 0
        return time.monotonic() - began

    def at(self, moment, slug):
        """Kill it when `moment` returns; the state of what is there."""
        write_letter(self.folder, slug=slug)
        process = self.mailer.start("send", slug, *self.options)
        moment()
        process.kill()
        process.communicate()
        return self.state(slug)

    def state(self, slug):
        """None: there is no mailing."""
        found = self.of_slug(slug)
        return found[0].state if found else None

    def of_slug(self, slug):
        with self.database.reading() as connection:
            return mailings.of_slug(connection, slug)

    def can_be_sent(self, slug):
        """Go on as a person would: everybody is queued, once."""
        how = {None: ("send", slug, *self.options), MailingState.MATERIALISING: ("resume", slug, "--queue-only")}
        if command := how.get(self.state(slug)):
            run = self.mailer(*command)
            assert run.code == 0, run.err
        [one] = self.of_slug(slug)
        assert one.state is MailingState.WAITING, "the undo window is open"
        everybody = {QUEUED: list(range(1, self.people + 1))}
        assert states(self.database, one.id) == everybody, described(self.database, one.id)


@pytest.fixture
def killed(tmp_path):
    made = Killed(tmp_path / "project")
    yield made
    made.database.dispose()


def test_send_that_is_killed_leaves_nothing_or_a_mailing_that_can_be_resumed(killed):
    killed.seconds("first")  # which finds everything cold
    whole, kills = killed.seconds("second"), 4
    for number in range(kills):
        slug = f"letter-{number}"
        state = killed.at(lambda number=number: time.sleep(whole * number / kills), slug)
        assert number or state is None, "killed as it begins, it leaves nothing"
        killed.can_be_sent(slug)


def test_send_that_is_killed_before_all_rows_are_there_can_be_resumed(killed):
    with killed.database.writing() as connection:
        connection.exec_driver_sql(NEVER_DONE)
    state = killed.at(lambda: until(lambda: killed.of_slug("letter")), "letter")
    assert state is MailingState.MATERIALISING
    with killed.database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER never_done")
    killed.can_be_sent("letter")
