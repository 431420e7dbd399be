"""CPU time to write an audience into the ledger, and to build every message of it once.

    python benchmarks/launch.py [--people 1000000] [--rehearsed 10000] [--rounds 3]

Targets: 1,000,000 rows in 2 s on SQLite; 10,000 messages in 0.8 s. Everybody is a confirmed member of one list, one in a hundred is
suppressed, and the ledger has all its indexes. The figure is the best round of process time, so that a busy machine
changes it little; every round materialises a mailing of its own into the same ledger.
"""

import argparse
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import sqlalchemy as sa

from ledger_world import add_people, email, make_database
from mailer.domain.audience import Audience
from mailer.domain.mailing import InDoubt, MailingState
from mailer.launch import Order, read_draft, rehearse
from mailer.storage import mailings, materialise
from mailer.storage.tables import suppression
from sending_world import desk_for, make_project


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rehearsed", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mailer-launch-"))
    try:
        rows, seconds = materialising(folder, options.people, options.rounds)
        print(f"materialise  {rows:,} rows  {seconds:.2f} s CPU  {seconds / rows * 1e6:.2f} µs a row")
        messages, seconds = rehearsing(folder, options.rehearsed, options.rounds)
        print(f"rehearse     {messages:,} messages  {seconds:.2f} s CPU  {seconds / messages * 1e6:.0f} µs each")
    finally:
        shutil.rmtree(folder)


def materialising(folder, people, rounds):
    """(rows, best CPU seconds)"""
    database = make_database(f"sqlite:///{folder / 'large.db'}")
    add_people(database, people)
    now = datetime.now(UTC)
    with database.writing() as connection:
        some = [{"email_key": email(one)} for one in range(1, people + 1, 100)]
        connection.execute(sa.insert(suppression).values(reason="left", detail="", at=now), some)
    seconds, rows = [], 0
    for number in range(1, rounds + 1):
        with database.writing() as connection:
            mailing_id = mailings.add(
                connection,
                slug="letter",
                number=number,
                kind="article",
                state=MailingState.MATERIALISING,
                content=content(now),
                at=now,
            )
        began = time.process_time()
        materialise.materialise(database, mailing_id, at=now, undo=timedelta(0))
        seconds.append(time.process_time() - began)
        with database.reading() as connection:
            rows = mailings.get(connection, mailing_id).total
    database.dispose()
    return rows, min(seconds)


def content(now):
    return mailings.Content(
        edition_id=None,
        title="",
        audience=Audience(list_name="news"),
        starts_at=now,
        send_by=None,
        give_up_at=now,
        in_doubt=InDoubt.HOLD,
    )


def rehearsing(folder, people, rounds):
    """(messages, best CPU seconds)"""
    desk = desk_for(make_project(folder / "project"))
    add_people(desk.database, people)
    draft = read_draft(desk, Order(slug="letter"))
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        built = rehearse(desk, draft).people
        seconds.append(time.process_time() - began)
    desk.database.dispose()
    return built, min(seconds)


if __name__ == "__main__":
    main()
