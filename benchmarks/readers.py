"""What it costs to find out who sees what of a digest's issue: `python benchmarks/readers.py [--people 300000] [--mailings 8]`.

Each item of the issue stands for an earlier mailing that reached most people, so everything depends on the ledger: once
with `already_mailed: skip`, once with `shorten`. CPU seconds of this program and of the database's server, on each engine: telling
the views apart, counting the readers, reading their ids for the dry run.
"""

import argparse
from datetime import UTC, datetime

import sqlalchemy as sa
from engines import cost, engines

from ledger_world import add_people, make_database
from mailer.domain.audience import Audience
from mailer.domain.mailing import RowState
from mailer.domain.views import BRIEF, OUT, ViewItem, ViewRule, is_empty
from mailer.storage import audiences
from mailer.storage.bulk import know_sizes
from mailer.storage.tables import delivery, subscriber
from mailer.storage.viewers import viewers

NEWS = Audience(list_name="news")


def reach(database, mailings):
    """Half of the people had every mailing, the others some; of each a part bounced."""
    who = subscriber.c.id
    with database.writing() as connection:
        for number in range(1, mailings + 1):
            state = sa.case(
                (who % 2 == 0, RowState.SENT), (who % (number + 2) == 0, RowState.FAILED), else_=RowState.SENT
            )
            had = sa.select(sa.literal(number), who, state, *[sa.literal(0)] * 6)
            columns = ["mailing_id", "subscriber_id", "state", "lane", "due", "attempts", "token", "lease", "relay"]
            some = had.where(sa.or_(who % 2 == 0, who % (number + 2) < 2))
            connection.execute(sa.insert(delivery).from_select(columns, some, include_defaults=False))
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")  # as the server does by itself, a minute later


def steps(database, rule):
    """(what is done, how): each answers how many people it found."""
    now = datetime.now(UTC)
    readers = Audience(list_name="news", wants=rule.wants)

    def views():
        with database.reading() as connection:
            kinds = viewers(connection, NEWS, rule.mailings, now=now)
            return sum(one.people for one in kinds if not is_empty(rule.view(one.topics, one.received)))

    def count():
        with database.reading() as connection:
            return audiences.count(connection, readers, now=now)

    def ids():
        with database.reading() as connection:
            spans = audiences.bounds(connection, readers)
            return sum(len(audiences.ids(connection, readers, now=now, span=span)) for span in spans)

    return (("views", views), ("count", count), ("ids", ids))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=300_000)
    parser.add_argument("--mailings", type=int, default=8)
    options = parser.parse_args()
    for make in engines():
        with make() as engine:
            database = make_database(engine.url)
            add_people(database, options.people)
            with database.writing() as connection:
                know_sizes(connection)
            reach(database, options.mailings)
            for word, had in (("skip", OUT), ("shorten", BRIEF)):
                items = tuple(ViewItem(mailings=(number,)) for number in range(1, options.mailings + 1))
                found = set()
                for what, step in steps(database, ViewRule(items=items, had=had)):
                    people, spent = cost(engine, step)
                    found.add(people)
                    print(f"{engine.name:12} {word:8} {what:6} {spent.cpu:7.2f} s of CPU, {people:,} people")
                assert len(found) == 1
            database.dispose()


if __name__ == "__main__":
    main()
