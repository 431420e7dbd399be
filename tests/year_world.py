"""The example project on a machine whose clock is ours: it is switched off, jumps in time, and its schedulers are killed.

Everything else is real: the project's files, compiler, database, firing and worker. What leaves is kept by the memory backend.
"""

import shutil
from collections import Counter, defaultdict
from datetime import timedelta
from email import message_from_bytes
from zoneinfo import ZoneInfo

from ledger_world import KEY, make_database
from mailer.backends.memory import MemoryBackend
from mailer.delivery.pace import Route, pace_for
from mailer.delivery.worker import Worker
from mailer.domain.armed import Terms
from mailer.domain.recurrence import parse_every
from mailer.domain.topics import Topics
from mailer.launch import Desk, Order, fire_due, launch, read_draft
from mailer.settings import load
from mailer.settings.starter import starter_project
from mailer.storage import mailings, schedules, subscriptions
from mailer.storage.import_files import FileOptions, import_file
from mailer.storage.person_changes import choose_topics
from mailer.storage.tables import subscriber
from mortal import Killed, MortalDatabase
from server_clock import ServerClock
from simulation.network import delivery_of

#: When a scheduler that was killed is started again, and how often one looks that has nothing to wait for.
RESTART, SWEEP = timedelta(seconds=5), timedelta(seconds=5)
SLUG = "weekly-digest"
CLOCK_LINE = 'clock = "2024-11-22T09:00:00Z"\n'
COPIED = ("campaigns", "subscribers", "templates")


class Machine:
    """`true` is the time that passes; the machine's clock may be off."""

    def __init__(self, folder, url, begin, zone, *, people):
        """begin: aware. people: how many of the example's are brought in; None for all."""
        self.folder, self.true, self.offset, self.is_up = folder, begin, timedelta(0), True
        self.zone = ZoneInfo(zone)
        self.inboxes = defaultdict(Counter)  # mailing -> address -> messages accepted
        self._contents = {}  # (mailing, address) -> the message
        self.told = Counter()
        self.killed = {}  # when, by the machine's clock -> at which step
        self.next_dies = None  # after how many steps whoever fires next is killed
        self.looked = lambda: None
        make_database(url).dispose()
        self.database = MortalDatabase(url)
        self._server_clock = None if self.database.is_sqlite else ServerClock(self.database)
        self.settings = self._copy_project(zone)
        self.desk = Desk(settings=self.settings, database=self.database, key=KEY, clock=self.clock)
        self._tell_server()
        self._import(people)

    def _copy_project(self, zone):
        for name in COPIED:
            shutil.copytree(starter_project() / name, self.folder / name, ignore=shutil.ignore_patterns("*.py", "__*"))
        toml = (starter_project() / "mailer.toml").read_text()
        assert CLOCK_LINE in toml
        toml = toml.replace(CLOCK_LINE, "").replace("Europe/London", zone)
        (self.folder / "mailer.toml").write_text(toml)
        return load(self.folder, {"MAILER_SMTP_URL": "smtp://127.0.0.1:1"})

    def _import(self, people):
        path = self.folder / "subscribers" / "people.csv"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines if people is None else lines[: people + 1]))
        options = FileOptions(
            name="people.csv",
            list_name=None,
            default_list="news",
            declared_lists=("news",),
            topics=Topics(self.settings.subscribers.topics),
        )
        import_file(lambda: self.database, path, options, problems=self.folder / "problems.csv", at=self.now)

    # Time

    @property
    def now(self):
        """What the machine's clock shows."""
        return self.true + self.offset

    def clock(self):
        return self.now

    def _tell_server(self):
        if self._server_clock is not None:
            self._server_clock.set(self.now)

    def _pass(self, to):
        if to > self.true:
            self.true = to
            self._tell_server()

    def until(self, true):
        """Time passes; the scheduler looks at the very instant at which something is due, as the real one does."""
        while self.is_up and (due := self._next_look()) is not None and due - self.offset <= true:
            self._pass(due - self.offset)
            before = due
            self.look()
            if self._next_look() == before:  # it waits for something that has no time of its own
                self._pass(self.true + SWEEP)
        self._pass(true)

    def _next_look(self):
        with self.database.reading() as connection:
            return schedules.earliest(connection)

    def jump(self, by):
        """Somebody sets the clock."""
        self.offset += by
        self._tell_server()
        if self.is_up:
            self.look()

    def switch_off(self):
        self.is_up = False

    def switch_on(self):
        self.is_up = True
        self.look()

    # Programs

    def look(self):
        """What the scheduler does, and another when it was killed; then the worker sends what there is."""
        dies_at, self.next_dies = self.next_dies, None
        self.database.steps_to_live = dies_at
        try:
            fire_due(self.desk)
        except Killed:
            self.told["schedulers killed"] += 1
            self.killed[self.now] = dies_at
            self._pass(self.true + RESTART)
            self.work()
            self.look()
            return
        self.database.steps_to_live = None
        self.work()
        self.looked()

    def work(self):
        post = []

        def make_backend():
            post.append(MemoryBackend())
            return post[-1]

        route = Route(name="memory", make_backend=make_backend, connections=2)
        Worker(self.database, clock=self.clock, key=KEY, routes=[route], pace=pace_for(self.settings)).run(drain=True)
        for message in [message for backend in post for message in backend.messages]:
            mailing_id, _ = delivery_of(message)
            self.inboxes[mailing_id][message.recipient] += 1
            self._contents[mailing_id, message.recipient] = message.content

    def read(self, mailing_id, address):
        """The text part of a message that somebody had, on one line; "" if they had none."""
        content = self._contents.pop((mailing_id, address), None)
        if content is None:
            return ""
        text = next(part for part in message_from_bytes(content).walk() if part.get_content_type() == "text/plain")
        return " ".join(text.get_payload(decode=True).decode().split())

    # People

    def arm(self, phrase):
        """`schedule add weekly-digest --every PHRASE`."""
        rule = parse_every(phrase, anchor=self.now)
        draft = read_draft(self.desk, Order(slug=SLUG))
        with self.database.writing() as connection:
            schedules.arm_again(
                connection, slug=SLUG, rule=rule, terms=Terms(zone=self.zone.key), audience=draft.audience,
                people=0, sources=draft.edition.sources, first=rule.after(self.now, self.zone), at=self.now,
            )  # fmt: skip

    def send(self, slug):
        """A person sends a campaign, and sees it go."""
        mailing = launch(self.desk, Order(slug=slug), lambda *_: None)
        self.work()
        return mailing

    def join(self, email):
        with self.database.writing() as connection:
            values = {
                "email": email, "email_key": email, "public_id": 10**9 + self.told["joined"], "attributes": {},
                "created_at": self.now, "updated_at": self.now,
            }  # fmt: skip
            columns = ("first_name", "last_name", "name", "language", "timezone", "country")
            insert = subscriber.insert().values(values | dict.fromkeys(columns, ""))
            who = connection.scalar(insert.returning(subscriber.c.id))
            subscriptions.join(connection, who, "news", consent="the form on the site", at=self.now)
        self.told["joined"] += 1

    def leave(self, email):
        with self.database.writing() as connection:
            who = connection.scalar(subscriber.select().with_only_columns(subscriber.c.id).filter_by(email_key=email))
            subscriptions.leave(connection, who, list_name="news", mailing_id=None, at=self.now)
        self.told["left"] += 1

    def choose(self, email, topics):
        with self.database.writing() as connection:
            who = connection.scalar(subscriber.select().with_only_columns(subscriber.c.id).filter_by(email_key=email))
            choose_topics(connection, who, topics, at=self.now)
        self.told["chose other topics"] += 1

    @staticmethod
    def mailings(connection):
        return mailings.everything(connection)

    def close(self):
        if self._server_clock is not None:
            self._server_clock.remove()
        self.database.dispose()
