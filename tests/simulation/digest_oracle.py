"""What must hold of digests: judged from what came out, what people chose, and what was truly mailed; from nothing else.

Beside what must hold of every mailing:

16. An occurrence is dealt with once, and only at a time at which the rule comes.
17. An issue holds every item that was there when its scheduler began to look and that no issue held before; and it holds none that
    came out after it was written, or that another issue holds.
18. Whoever is mailed sees of the issue what their topics and what they have had leave of it, no more and no less; who would
    see nothing of it is not mailed; and everybody else on the list is.
19. When all is over, every item that came out is in exactly one issue that was not cancelled.
20. What goes out is on time, or late within the hours and not too late, and under `skip` never late. What is held is too late.
21. What is passed over was left out by a person, came while the issue before was under way, or was missed: under `latest` when
    a newer one was due, under `skip` when it was late, under `all` when it was too late.
22. Of two issues one has ended when the other is made. "Empty" is said only when there was nothing for anybody.

Where somebody chose, joined or left while an issue was under way, both what they were and what they became is right.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from mailer.domain.catch_up import CatchUp
from mailer.domain.digest import DIGEST
from mailer.domain.mailing import ENDED_MAILINGS, MailingState, RowState
from simulation.fridays import ON_TIME, TOO_LATE, is_key, key_of, opening, time_of
from simulation.newsroom import chosen
from simulation.oracle import Oracle

_SHOWN = re.compile(rb"\((item-\d+)( brief)?\)")

_HAD = (RowState.SENT, RowState.UNCERTAIN)
#: Seconds between a decision and its transaction.
SLOW = 60.0
#: From this place on an issue shows headlines alone.
_FULL = 12


@dataclass
class Issue:
    """One mailing of the digest. began, made: numbers of the change at which its scheduler looked, and wrote it."""

    began: int
    made: int
    items: set = field(default_factory=set)
    seen: dict = field(default_factory=lambda: defaultdict(list))  # who -> what each accepted message showed
    ended: int = 0  # the change after which no message of it was made


@dataclass
class Person:
    """A member or not, and what they chose, since which change."""

    is_member: list = field(default_factory=list)  # (change, bool)
    topics: list = field(default_factory=list)  # (change, frozenset)

    @staticmethod
    def during(history, began, ended, default):
        """All values that it had between two changes."""
        before = [value for at, value in history if at <= began]
        return {before[-1] if before else default} | {value for at, value in history if began < at <= ended}


class DigestOracle(Oracle):
    """One run's judge."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.change = 0
        self.topics_of = {}  # item -> its topics
        self.out = {}  # item -> the change at which it was there
        self.people = defaultdict(Person)
        self.had = defaultdict(set)  # item -> who had a mail of its own
        self.own_mailings = {}  # mailing -> the item that it is of
        self.issues = {}  # mailing -> Issue
        self.held_by = defaultdict(list)  # item -> (change, mailing), those that count
        self.released = defaultdict(list)  # item -> (change, mailing)
        self.looked = {}  # process -> the change at which it began to look
        self.saw_under_way = {}  # process -> whether an issue was under way then
        self.times = {}  # mailing of an issue -> unix seconds at which it was written
        self.already_mailed, self.least, self.catch_up = "include", 1, CatchUp.LATEST
        self.left_out = set()  # keys that a person has left out
        self.paused_over = set()  # keys that came while the schedule was paused

    # What happens

    def looks(self):
        self.looked[self.actor] = self.change
        self.saw_under_way[self.actor] = bool(self._under_way())

    def came_out(self, item):
        self.change += 1
        self.out[item] = self.change
        self.kernel.note(f"{item} came out, of {sorted(self.topics_of[item])}")

    def has_yet_to_come(self, who):
        """Somebody of whom the database knows, and who is on no list."""
        self.people[who].is_member.append((0, False))

    def saw(self, change, at):
        self.change += 1
        super().saw(change, at)

    def skipped_by_hand(self, key):
        """A person was told that this one is left out."""
        self.left_out.add(key)
        self.require(self.occurrences.get((1, key)) == "skipped", f"{key} is left out, and nothing says so")

    def went_on(self, at):
        """The schedule was paused, and goes on: what came meanwhile does not come any more."""
        dealt_with = {key for _, key in self.occurrences}
        self.paused_over |= {key for key in map(key_of, range(200)) if time_of(key) <= at} - dealt_with

    def _saw_fired(self, change, at):
        super()._saw_fired(change, at)
        key, by_hand = change.old, self.actor.startswith("person")
        self.require(by_hand or is_key(key), f"{key} is no Friday at nine")
        if not by_hand:
            judge = getattr(self, f"_came_to_{change.new}")
            judge(key, time_of(key), at)

    def _came_to_sent(self, key, due, at):
        late = at - due
        self.require(key not in self.left_out, f"{key} was left out, and goes out")
        self.require(late >= -1, f"{key} goes out {-late:.0f} s too early")
        if late > ON_TIME + SLOW:
            self.require(
                self.catch_up is not CatchUp.SKIP, f"{key} goes out {late:.0f} s late, and late ones are skipped"
            )
            self.require(opening(at) <= at, f"{key} goes out late, and outside of the hours")
            self.require(late <= TOO_LATE + SLOW, f"{key} goes out {late:.0f} s late, which is too late")

    def _came_to_held(self, key, due, at):
        self.require(opening(at) - due > TOO_LATE - SLOW, f"{key} is held, and is {at - due:.0f} s late")

    def _came_to_skipped(self, key, due, at):
        going = self._under_way() or self.saw_under_way[self.actor]
        missed = {
            CatchUp.LATEST: going or time_of(key, weeks=1) <= at + 1,
            CatchUp.SKIP: going or at - due > ON_TIME,
            CatchUp.ALL: opening(at) - due > TOO_LATE - SLOW,
        }
        self.require(
            missed[self.catch_up], f"{key} is passed over under {self.catch_up}, {at - due:.0f} s after its time"
        )

    def _came_to_empty(self, key, _due, _at):
        began = self.looked[self.actor]
        there = [item for item, out in self.out.items() if out <= began and self._holder(item) is None]
        for_all = [item for item in there if not self.topics_of[item] and not self.had[item]]
        somebody = any(history.is_member[-1][1] for history in self.people.values() if history.is_member)
        good = len(there) < self.least or not for_all or not somebody
        self.require(good, f"{key} is empty, and there are {there}")

    def _under_way(self):
        """Issues of which something may still go out."""
        going = [one for one in self.issues if self.mailing_states[one] not in ENDED_MAILINGS]
        return [one for one in going if self.issues[one].items or self.mailing_states[one] is not MailingState.HELD]

    def _saw_out(self, change, _at):
        self.own_mailings[change.mailing] = change.new
        self.came_out(change.new)

    def _saw_new_mailing(self, change, at):
        if change.old != DIGEST:
            return
        going = self._under_way()
        self.require(not going, f"mailing {change.mailing} is made while {going} are under way")
        super()._saw_new_mailing(change, at)
        self.issues[change.mailing] = Issue(began=self.looked.get(self.actor, 0), made=self.change)
        self.times[change.mailing] = at

    def _saw_new_row(self, change, at):
        item = self.own_mailings.get(change.mailing)
        if item is None:
            super()._saw_new_row(change, at)
        elif change.new in _HAD:
            self.had[item].add(change.who)

    def _saw_row(self, change, at):
        super()._saw_row(change, at)
        self.issues[change.mailing].ended = self.change

    def _saw_carried(self, change, _at):
        item = change.new.removeprefix("campaign:")
        holder = self._holder(item)
        self.require(holder is None, f"{item} is in mailing {holder}, and now in {change.mailing}")
        self.held_by[item].append((self.change, change.mailing))
        self.issues[change.mailing].items.add(item)

    def _saw_released(self, change, _at):
        item = change.new.removeprefix("campaign:")
        self.released[item].append((self.change, change.mailing))
        ended = self.mailing_states[change.mailing]
        self.require(ended is MailingState.CANCELLED, f"mailing {change.mailing} is {ended}, and let go of {item}")

    def _holder(self, item):
        """The mailing that holds it and counts; None if none does."""
        let_go = {mailing for _, mailing in self.released[item]}
        return next((mailing for _, mailing in self.held_by[item] if mailing not in let_go), None)

    def _saw_chose(self, change, _at):
        self.people[change.who].topics.append((self.change, chosen(change.new)))

    def _saw_joined(self, change, _at):
        self.people[change.who].is_member.append((self.change, True))
        self.left.discard(change.who)

    def _saw_left(self, change, at):
        super()._saw_left(change, at)
        self.people[change.who].is_member.append((self.change, False))

    # The wire

    def handed(self, key, message):
        attempt = super().handed(key, message)
        text = message.content.replace(b"=\r\n", b"")
        attempt.shows = {item.decode(): bool(brief) for item, brief in _SHOWN.findall(text)}
        self.issues[key[0]].ended = self.change
        return attempt

    def _look_into(self, key, message):
        """What people chose meanwhile a repeat may know; `finished` judges what each of them showed."""

    def accepted(self, key, attempt):
        super().accepted(key, attempt)
        self.issues[key[0]].seen[key[1]].append(attempt.shows)

    # The end

    def finished(self, rows, sizes, people):
        issues = [row for row in rows if row[0] not in self.own_mailings]
        super().finished(issues, {one: size for one, size in sizes.items() if one not in self.own_mailings}, 0)
        for mailing, issue in self.issues.items():
            self._judge_items(mailing, issue)
            if self.mailing_states[mailing] is MailingState.FINISHED:
                for who in range(1, people + 1):
                    self._judge_person(mailing, issue, who)
        for item in self.out:
            holder = self._holder(item)
            self.require(holder is not None, f"{item} came out, and no issue holds it")
            ended = self.mailing_states.get(holder)
            self.require(ended is not MailingState.CANCELLED, f"{item} is in mailing {holder}, which was cancelled")

    def _judge_items(self, mailing, issue):
        """Nothing is forgotten that was there, and nothing is there that was not."""
        if not issue.items:
            return
        for item, out in self.out.items():
            if out > issue.made:
                self.require(item not in issue.items, f"mailing {mailing} holds {item}, which came out afterwards")
            elif out <= issue.began and self._was_free(item, issue):
                self.require(item in issue.items, f"mailing {mailing} does not hold {item}, which was there")

    def _was_free(self, item, issue):
        """Whether no other issue held it while this one was made."""
        for since, mailing in self.held_by[item]:
            let_go = min((at for at, other in self.released[item] if other == mailing), default=None)
            if since < issue.made and (let_go is None or let_go > issue.began):
                return False
        return True

    def _judge_person(self, mailing, issue, who):
        person, ended = self.people[who], max(issue.ended, issue.made)
        members = person.during(person.is_member, issue.began, ended, default=True)
        choices = person.during(person.topics, issue.began, ended, default=frozenset())
        views = [self._view(issue, who, topics) for topics in choices]
        row = self.rows.get((mailing, who))
        where = f"mailing {mailing}, person {who}"
        if row is None:
            self.require(False in members or {} in views, f"{where}: is not mailed, and should see {views}")
            return
        self.require(True in members, f"{where}: is mailed, and is not on the list")
        self.require(any(views), f"{where}: is mailed, and there is nothing for them")
        for shown in issue.seen[who]:
            # Of what they chose since the issue was put together there may be no variant: then they see a part of it.
            good = any(_same(shown, view) for view in views)
            good = good or (len(choices) > 1 and any(shown.keys() <= view.keys() for view in views))
            self.require(good, f"{where}: saw {shown}, and should see {views}")
        again = len(issue.seen[who]) <= 1 + row.owned_up
        self.require(again, f"{where}: saw it {len(issue.seen[who])} times")

    def _view(self, issue, who, topics):
        """{item: in brief} that somebody sees who chose these topics."""
        view = {}
        for item in issue.items:
            about = self.topics_of[item]
            if about and topics and not about & topics:
                continue
            had = self.already_mailed != "include" and who in self.had[item]
            if not (had and self.already_mailed == "skip"):
                view[item] = had
        return view


def _same(shown, view):
    return shown == view or (shown.keys() == view.keys() and list(view.values()).count(False) > _FULL)
