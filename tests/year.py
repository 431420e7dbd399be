"""A year of the example project's weekly digest, in a minute: the real code under a clock of its own.

    python tests/year.py --zone Europe/London --seed 1 --engine sqlite

People write and mail campaigns, come and go; the machine is switched off over some Fridays, its clock jumps, and schedulers
are killed between two steps. Prints what became of every occurrence, and whether each was as it must be.
"""

import argparse
import contextlib
import csv
import logging
import re
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import sqlalchemy as sa

import year_check
from mailer.domain.mailing import MailingState, RowState
from mailer.storage.status import status_of
from mailer.storage.tables import digest_item, occurrence
from postgres import private_server
from year_check import EMPTY, HELD, SENT, SKIPPED, Out, Watch
from year_plan import Plan
from year_world import Machine

#: The Friday from which the example project's figures are true.
BEGIN = datetime(2024, 11, 22, 8, 0, tzinfo=UTC)
#: What the example project says was published by then.
PUBLISHED = (("labour-and-latin-america", date(2024, 11, 18)), ("latin-america-2024", date(2024, 11, 20)))
FAST = Path("/dev/shm")
HEADINGS = ("occurrence", "UTC", "came to", "items", "people", "mailing", "why")
WIDTHS = (16, 16, 7, 5, 6, 7, 0)


class Year:
    """`run` it once; then `rows` has a row for each Friday, and `wrong` says all that was not as it must be."""

    def __init__(self, folder, url, *, zone, seed, weeks=52, begin=BEGIN, people=None):
        self.machine = Machine(folder, url, begin, zone, people=people)
        self.plan = Plan(seed, begin, weeks, self.machine.zone, examples=begin == BEGIN)
        self.machine.looked = self._note_what_fired
        self.watch = Watch(begin)
        # The first issue reaches back for 30 days.
        recent = (
            one for one in PUBLISHED if year_check.beginning(one[1], self.machine.zone) > begin - timedelta(days=30)
        )
        self.out = [self._published(*one) for one in recent]
        self.on_list = self._imported()
        self.carried, self.fired, self.wrong, self.rows = {}, {}, [], []
        self.last_at = None

    def run(self):
        machine = self.machine
        machine.arm("fri 09:00")
        for event in self.plan.events:
            machine.until(event.at)
            getattr(self, event.do)(*[] if event.what is None else [event.what])
        machine.until(self.plan.end)
        self._check_occurrences()
        self._check_items()
        self._check_mailings()
        return self

    # What happens

    def send_example(self, slug):
        self._send(slug, is_item=slug != "a-letter-to-members")

    def send(self, story):
        self._write(story)
        self._send(story.slug)

    def _send(self, slug, *, is_item=True):
        if not self.machine.is_up:
            return
        at = self.machine.now
        self.machine.send(slug)
        if is_item and slug not in self.carried:
            self.out = [one for one in self.out if one.slug != slug]
            self.out.append(self._out(slug, at))

    def publish(self, story):
        self._write(story)
        self.out.append(self._published(story.slug, story.published))

    def _published(self, slug, day):
        return self._out(slug, year_check.beginning(day, self.machine.zone))

    def _out(self, slug, at):
        text = (self.machine.folder / "campaigns" / f"{slug}.md").read_text()
        topics = re.search(r"^topics: \[(.*)\]$", text, re.MULTILINE)[1].split(", ")
        headline = re.search(r'^headline: "(.*)"$', text, re.MULTILINE)[1]
        return Out(slug=slug, at=at, since=self.machine.true, headline=headline, topics=frozenset(topics))

    def _write(self, story):
        (self.machine.folder / "campaigns" / f"{story.slug}.md").write_text(story.text)

    def somebody_joins(self):
        email = f"joined{self.machine.told['joined']}@example.net"
        self.machine.join(email)
        self.on_list[email] = frozenset()

    def somebody_leaves(self):
        email = sorted(self.on_list)[len(self.on_list) // 2]
        self.machine.leave(email)
        del self.on_list[email]

    def somebody_chooses(self, topics):
        email = sorted(self.on_list)[len(self.on_list) // 3]
        self.machine.choose(email, topics)
        self.on_list[email] = frozenset(topics)

    def _imported(self):
        with (self.machine.folder / "subscribers" / "people.csv").open() as file:
            return {row["email"]: frozenset(filter(None, row["topics"].split(","))) for row in csv.DictReader(file)}

    def switch_off(self):
        self.watch.turn(self.machine.now, self.machine.now, watched=False, why="the machine was off")
        self.machine.switch_off()

    def switch_on(self):
        self.watch.turn(self.machine.now, self.machine.now, watched=True)
        self.machine.switch_on()

    def jump(self, by):
        before, after = self.machine.now, self.machine.now + by
        self.watch.turn(before, after, watched=True)
        if by > timedelta(0):
            self.watch.leapt(before, after)
        self.machine.jump(by)

    def kill_the_next(self, step):
        self.machine.next_dies = step

    # What it came to

    def _note_what_fired(self):
        """After every look: what was written down, and what it should have held at that moment."""
        for row in self._occurrences():
            if row.key in self.fired:
                continue
            self.fired[row.key] = row
            items = self._items(row.mailing_id) if row.outcome == SENT else []
            due = self._due()
            if row.outcome in (SENT, EMPTY):
                self._require(sorted(items) == sorted(due), f"{row.key} holds {items}, and {due} were due")
            if row.outcome == SENT:
                self.last_at = row.fired_at
                self._check_people(row, [one for one in self.out if one.slug in items])
            for slug in items:
                self._require(slug not in self.carried, f"{slug} was in {self.carried.get(slug)} and in {row.key}")
                self.carried[slug] = row.key

    def _check_people(self, row, items):
        """Everybody has what is for them, and whoever would see nothing of it has no mail."""
        had = self.machine.inboxes[row.mailing_id]
        for email, chosen in self.on_list.items():
            for_them = {one.headline for one in items if one.is_for(chosen)}
            self._require((email in had) == bool(for_them), f"{row.key}: {email} should see {for_them}")
            words = self.machine.read(row.mailing_id, email)
            seen = {one.headline for one in items if one.headline in words}
            self._require(seen == for_them, f"{row.key}: {email} saw {seen}, and should see {for_them}")
        self._require(had.keys() <= self.on_list.keys(), f"{row.key} went to {had.keys() - self.on_list.keys()}")

    def _due(self):
        return year_check.due_items(self.out, self.carried, self.machine.true, last_at=self.last_at)

    def _occurrences(self):
        with self.machine.database.reading() as connection:
            return connection.execute(sa.select(occurrence).order_by(occurrence.c.fire_at)).all()

    def _items(self, mailing_id):
        query = sa.select(digest_item.c.item).where(
            digest_item.c.mailing_id == mailing_id, digest_item.c.counts, digest_item.c.place.is_not(None)
        )
        with self.machine.database.reading() as connection:
            return [key.removeprefix("campaign:") for key in connection.scalars(query)]

    def _require(self, good, why):
        if not good:
            self.wrong.append(why)

    def _check_occurrences(self):
        fridays, zone = self.plan.fridays(), self.machine.zone
        expected = year_check.expected(fridays, self.watch, zone)
        by_key = {row.key: row for row in self._occurrences()}
        self._require(len(by_key) == len(self._occurrences()), "an occurrence has two rows")
        for at in fridays:
            key = f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"
            self._require(key.endswith("T09:00"), f"{key} is not at nine")
            self._check_one(key, at, by_key.pop(key, None), expected[at])
        self._require(not by_key, f"there are occurrences that no Friday has: {sorted(by_key)}")

    def _check_one(self, key, at, row, expected):
        if row is None:
            self._require(False, f"{key} left no row, and should have come to {expected.outcome}")
            return
        self._require(row.fire_at == at, f"{key} is at {row.fire_at}, and not at {at}")
        good = row.outcome == expected.outcome or (expected.outcome == SENT and row.outcome == EMPTY)
        self._require(good, f"{key} came to {row.outcome}, and should have come to {expected.outcome}")
        near = abs(row.fired_at - expected.at) <= timedelta(minutes=1)
        self._require(near, f"{key} was dealt with at {row.fired_at}, and not at {expected.at}")
        items = self._items(row.mailing_id) if row.outcome == SENT else []
        people = sum(self.machine.inboxes[row.mailing_id].values()) if row.outcome == SENT else 0
        killed = f"a scheduler was killed at step {self.machine.killed[at]}" if at in self.machine.killed else ""
        why = "; ".join(filter(None, (row.detail, expected.why, self._delay(row), killed)))
        self.rows.append((key, at, row.outcome, len(items) or "", people or "", row.mailing_id or "", why))

    def _delay(self, row):
        late = row.fired_at - row.fire_at
        return f"{_span(late)} late" if late > timedelta(minutes=1) else ""

    def _check_items(self):
        """What no issue holds came out since the last one, or did not fit into it."""
        waiting = {one.slug for one in self.out} - self.carried.keys()
        lost = waiting - set(self._due()) if len(waiting) <= year_check.MOST_ITEMS else set()
        self._require(not lost, f"lost: {sorted(lost)}")
        self.waiting = len(waiting)

    def _check_mailings(self):
        """Every figure adds up, everything has ended, and nobody had a mailing twice."""
        with self.machine.database.reading() as connection:
            for one in self.machine.mailings(connection):
                found = status_of(connection, one, now=self.machine.now).document()
                parts = sum(found[state.name.lower()] for state in RowState) + found["deferred"]
                self._require(parts == found["total"], f"the status of {one.id} does not add up: {found}")
                inbox = self.machine.inboxes[one.id]
                self._require(set(inbox.values()) <= {1}, f"somebody had mailing {one.id} twice")
                self._require(found["sent"] == len(inbox), f"{one.id}: {found['sent']} sent, {len(inbox)} arrived")
                over = one.state in (MailingState.FINISHED, MailingState.CANCELLED, MailingState.HELD)
                self._require(over, f"mailing {one.id} is {one.state} at the end of the year")

    # For people

    def table(self):
        yield _line(HEADINGS)
        for key, at, *rest in self.rows:
            yield _line((key, f"{at:%Y-%m-%d %H:%M}", *rest))

    def summary(self):
        came_to = {outcome: [row[2] for row in self.rows].count(outcome) for outcome in (SENT, EMPTY, SKIPPED, HELD)}
        counted = ", ".join(f"{number} {outcome}" for outcome, number in came_to.items() if number)
        yield f"{len(self.rows)} Fridays: {counted}."
        yield f"{len(self.out)} campaigns came out: {len(self.carried)} in one issue each, {self.waiting} wait for the next."
        messages = sum(sum(inbox.values()) for inbox in self.machine.inboxes.values())
        told = ", ".join(f"{number} {what}" for what, number in sorted(self.machine.told.items()))
        yield f"{messages:,} messages in {len(self.machine.inboxes)} mailings; {told}."


def _line(cells):
    return "  ".join(f"{cell!s:{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def _span(late):
    if late < timedelta(hours=1):
        return f"{late // timedelta(minutes=1)} min"
    return f"{late / timedelta(hours=1):.1f} h"


@contextlib.contextmanager
def database_url(engine, folder):
    if engine == "sqlite":
        yield f"sqlite:///{folder}/mailer.db"
    else:
        with private_server() as server:
            yield server.url


def main():
    parser = argparse.ArgumentParser(description="A simulated year of the example project's weekly digest.")
    parser.add_argument("--zone", default="Europe/London", help="Where the project's clocks hang.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--weeks", type=int, default=52)
    options = parser.parse_args()
    logging.disable()
    began = time.monotonic()
    somewhere = tempfile.TemporaryDirectory(prefix="year-", dir=FAST if FAST.is_dir() else None)
    with somewhere as folder, database_url(options.engine, folder) as url:
        year = Year(Path(folder), url, zone=options.zone, seed=options.seed, weeks=options.weeks)
        with contextlib.closing(year.machine):
            year.run()
    print("\n".join((*year.table(), "", *year.summary())))
    for one in year.wrong:
        print(f"WRONG: {one}")
    print(f"{len(year.wrong)} things wrong; {options.engine}, {options.zone}, {time.monotonic() - began:.0f} s")
    sys.exit(bool(year.wrong))


if __name__ == "__main__":
    main()
