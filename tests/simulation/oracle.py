"""What must hold, whatever happens: judges every committed change of the ledger against what truly went over the wire.

It knows nothing of how the product works. It is told of each change in the order of the commits, of each message that a
relay was given and of each that a relay accepted, and of who was killed, stopped or had their clock moved.

1. No row is lost or doubled, and each goes along legal roads only.
2. Only a mailing that is sending has rows leased or marked; nobody who left before is leased.
3. Only the holder of a lease that is not over can mark its rows; nobody but the holder can settle them.
4. A message goes on the wire only for a row that its worker has marked, and once for each mark.
5. Nobody gets a message twice, unless the mailing says `resend`, or a person said `retry --uncertain`.
6. `sent` is said only of what a relay accepted; `failed` only of what none accepted; and a row goes back into the queue only
   if none accepted its message, but for 5.
7. No more rows of one worker are marked at a time than `max_in_doubt`; and nobody is in doubt without a reason.
8. What is armed is fired once, however many schedulers look.
9. Each message to somebody about one mailing is the same, Message-ID and all, but for its date.
10. Where a backup was put in the database's place nothing goes on before a person says so.

Rates, quotas and hours are judged by a `Till` of `pacing`, which is told of every row that is leased, given back, or leaves.
"""

import re
from collections import Counter, defaultdict
from copy import copy
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from mailer.domain.mailing import ENDED_MAILINGS, MAILING_STEPS, OPEN_ROWS, ROW_STEPS, MailingState, RowState
from simulation.pacing import Till, longest_wait

_DATE = re.compile(rb"^Date: .*\r\n", re.MULTILINE)
QUEUED, LEASED, SENDING, SENT, FAILED, UNCERTAIN, SUPPRESSED, CANCELLED, EXPIRED = RowState


class Violation(AssertionError):
    """Something that must never happen has happened."""


class Fate(Enum):
    """What became of the last attempt of one delivery, as the network knows it."""

    NONE = auto()  #: nothing was put on the wire since the row was marked
    ON_WIRE = auto()  #: given to the relay; it may accept it at any moment
    ACCEPTED = auto()
    DEFERRED = auto()
    REFUSED = auto()
    LOST = auto()  #: it never arrived whole, and the worker knows it


@dataclass
class Attempt:
    """From one mark of a row to the next."""

    fate: Fate = Fate.NONE
    told_doubt: bool = False  # the worker was told that nobody knows


@dataclass
class Row:
    """One delivery, as it stands in the ledger and as it is in truth."""

    state: RowState
    token: int = 0
    attempt: Attempt = field(default_factory=Attempt)
    accepted: int = 0
    marks: int = 0
    handed: int = 0
    owned_up: int = 0  # repeats that there may be

    @property
    def fate(self):
        return self.attempt.fate


@dataclass
class Oracle:
    """One run's judge. max_in_doubt: of each worker."""

    kernel: object
    wall: object  # () -> unix seconds, the machine's clock
    max_in_doubt: int
    in_doubt: dict = field(default_factory=dict)  # mailing -> "hold" or "resend"
    send_by: dict = field(default_factory=dict)  # mailing -> unix seconds, or None
    mailing_states: dict = field(default_factory=dict)
    rows: dict = field(default_factory=dict)  # (mailing, who) -> Row
    gone: dict = field(default_factory=dict)  # those that a backup does not have
    said: dict = field(default_factory=dict)  # (mailing, who) -> their message
    holders: dict = field(default_factory=dict)  # token -> process name
    counted: dict = field(
        default_factory=dict
    )  # process -> unix seconds at which the undo window ends that it would open
    not_before: dict = field(default_factory=dict)  # mailing -> when the one that was opened ends
    left: set = field(default_factory=set)
    erased: set = field(default_factory=set)
    standing: set = field(default_factory=set)  # mailings of a backup that no person has let go on
    broken: set = field(default_factory=set)  # processes whose backend raised: what it had taken is in doubt
    troubled: bool = False  # something happened that may put healthy workers' rows in doubt
    counts: Counter = field(default_factory=Counter)
    till: Till = None
    armed: set = field(default_factory=set)  # mailings that a schedule is to fire
    fired: set = field(default_factory=set)  # mailings whose schedule has fired
    occurrences: dict = field(default_factory=dict)  # (schedule, key) -> what it came to
    other_seconds: bool = False  # the clock was moved, or what it was written with is gone
    marked: dict = field(default_factory=lambda: defaultdict(int))  # process name -> rows in `sending`

    @property
    def actor(self):
        task = self.kernel.current
        return task.process.name if task else "nobody"

    def fail(self, why):
        """Reported by the kernel: an exception here could be caught by what it accuses."""
        if self.kernel.failure is None:
            self.kernel.note(f"VIOLATION {why}")
            self.kernel.failure = ("oracle", Violation(why))

    def require(self, good, why):
        if not good:
            self.fail(why)

    def open_rows(self):
        return [key for key, row in self.rows.items() if row.state in OPEN_ROWS]

    # The ledger

    def saw(self, change, at):
        """A change that is committed now; `at`: unix seconds, by the ledger's clock, when it was made."""
        self.counts[change.what] += 1
        getattr(self, "_saw_" + change.what.replace(" ", "_"))(change, at)

    def saw_commit(self):
        """All changes of one transaction were seen: what stands now is what a crash would leave."""
        for holder, number in self.marked.items():
            self.require(
                number <= self.max_in_doubt,
                f"{holder} has {number} rows marked, and {self.max_in_doubt} is the most",
            )

    def _saw_left(self, change, _at):
        self.left.add(change.who)
        self.erased |= {change.who} if change.new == "erased" else set()
        self.kernel.note(f"{change.who} {change.new or 'left'}")

    def _saw_relay(self, change, _at):
        self.till.names[change.who] = change.new

    def _saw_slowed(self, change, at):
        self.kernel.note(f"{change.old} is slowed down to {change.new}")
        self.till.slowed.append((at, change.old, change.new))

    def _saw_new_mailing(self, change, at):
        self.in_doubt[change.mailing] = change.new
        self.till.begun[change.mailing] = at
        self.mailing_states[change.mailing] = MailingState(change.mailing_state)
        if change.mailing_state == MailingState.SCHEDULED:
            self.armed.add(change.mailing)

    def _saw_fired(self, change, _at):
        what = (change.who, change.old)
        self.kernel.note(f"mailing {change.mailing} was fired by {what}: {change.new}")
        self.require(what not in self.occurrences, f"{what} was fired twice")
        self.occurrences[what] = change.new
        if change.mailing is not None:
            self.require(change.mailing not in self.fired, f"mailing {change.mailing} was fired twice")
            self.fired.add(change.mailing)

    def _saw_settled(self, change, _at):
        """A mailing was made of it; or a person let it go."""
        self.occurrences[change.who, change.old] = change.new
        if change.mailing is not None:
            self.fired.add(change.mailing)

    def _saw_forgot(self, change, _at):
        what = (change.who, change.old)
        self.kernel.note(f"{what} is forgotten: {change.new}")
        self.require(change.mailing is None, f"{what} was forgotten, and mailing {change.mailing} came of it")
        del self.occurrences[what]

    def _saw_what_only_digests_care_for(self, change, at):
        """What comes out, who carries it, what people choose, and who joins."""

    _saw_out = _saw_carried = _saw_released = _saw_chose = _saw_joined = _saw_what_only_digests_care_for

    def _saw_mailing(self, change, at):
        old, new = MailingState(change.old), MailingState(change.new)
        self.kernel.note(f"mailing {change.mailing}: {old} -> {new}")
        self.require(new in MAILING_STEPS[old], f"mailing {change.mailing} went from {old} to {new}")
        self.mailing_states[change.mailing] = new
        if self.actor.startswith("person"):
            self.standing.discard(change.mailing)
        if new is MailingState.WAITING:
            self.not_before[change.mailing] = self.counted.get(self.actor, 0)  # a scheduler counts for itself
        if old is MailingState.WAITING and new is MailingState.SENDING:
            early = self.not_before.get(change.mailing, 0) - at
            self.require(early <= 0, f"mailing {change.mailing} begins {early:.1f} s before its undo window ends")
        if new is MailingState.FINISHED:
            left = [key for key in self.open_rows() if key[0] == change.mailing]
            self.require(not left, f"mailing {change.mailing} is finished and has open rows {left}")

    def _saw_new_row(self, change, _at):
        key = (change.mailing, change.who)
        self.require(key not in self.rows, f"row {key} was written twice")
        self.require(change.who not in self.left, f"row {key} was written for somebody who had left")
        self.rows[key] = self.gone.pop(key, None) or Row(state=RowState(change.new))

    def _saw_lost_row(self, change, _at):
        self.fail(f"row {change.mailing, change.who} is gone")

    def _saw_row(self, change, at):
        key = (change.mailing, change.who)
        row, old, new = self.rows[key], RowState(change.old), RowState(change.new)
        self.kernel.note(f"row {key}: {old.name} -> {new.name} by {self.actor}")
        self.require(row.state is old, f"row {key} was {row.state.name} and not {old.name}")
        self.counts[f"{old.name} -> {new.name}"] += 1
        if old is new:
            self._extended(key, change, int(at))
        else:
            self.require(new in ROW_STEPS[old], f"row {key} went from {old.name} to {new.name}")
            judge = getattr(self, f"_from_{old.name.lower()}", None)
            if judge is not None:
                judge(key, row, new, change, int(at))
            if new is LEASED:
                self.till.lease(at, change.relay, key)
        row.state, row.token = new, change.token

    def _extended(self, key, change, at):
        mine = self.holders.get(change.token) == self.actor
        self.require(change.token == change.old_token, f"the token of row {key} changed on the way")
        self.require(mine, f"{self.actor} extended the lease of row {key}, which is not its own")
        self.require(change.old_lease > at, f"the lease of row {key} was extended when it was over")

    def _from_queued(self, key, row, new, change, at):
        if new is LEASED:
            self.require(change.mailing not in self.standing, f"row {key} of a backup was leased, and nobody said so")
            self.require(change.mailing_state == "sending", f"row {key} was leased of a mailing {change.mailing_state}")
            self.require(change.who not in self.left, f"row {key} was leased for somebody who had left")
            self.require(change.due <= at, f"row {key} was leased before it was due")
            self.require(change.lease > at, f"row {key} was leased for no time")
            self.require(self.holders.get(change.token, self.actor) == self.actor, f"the token of {key} is not new")
            self.holders[change.token] = self.actor
        elif new is SUPPRESSED:
            self.require(change.who in self.left, f"row {key} is suppressed, and they had not left")
        elif new is FAILED:
            self.require(change.attempts > 0, f"row {key} failed without any attempt")
            self.till.give_up(key, at, 0)
        self._ended_early(key, new, change, at)

    def _ended_early(self, key, new, change, at):
        if new is CANCELLED:
            self.require(change.mailing_state == "cancelled", f"row {key} is cancelled, and not its mailing")
        elif new is EXPIRED:
            send_by = self.send_by.get(change.mailing)
            self.require(send_by is not None and at >= send_by, f"row {key} is expired before its time")

    def _from_leased(self, key, row, new, change, at):
        mine = self.holders.get(change.old_token) == self.actor
        over = change.old_lease <= at
        if new is SENDING:
            self.require(mine, f"{self.actor} marked row {key}, which it does not hold")
            self.require(not over, f"row {key} was marked after its lease")
            self.require(change.mailing_state == "sending", f"row {key} was marked of a mailing {change.mailing_state}")
            row.marks, row.attempt = row.marks + 1, Attempt()
            self._count_marked(change.token, +1)
        elif new is QUEUED:
            self.require(mine or over, f"row {key} was taken from its holder by {self.actor}")
            self.till.give_back(key)
        elif new is FAILED:
            self.require(mine, f"row {key} was failed by {self.actor}, which does not hold it")
            self.require(change.who in self.erased, f"row {key} failed without an attempt, and its person is there")
        self._ended_early(key, new, change, at)

    def _from_sending(self, key, row, new, change, at):
        holder = self.holders.get(change.old_token)
        mine, over = holder == self.actor, change.old_lease <= at
        self._count_marked(change.old_token, -1)
        self.require(mine or over, f"row {key} was settled by {self.actor}, and is in the hands of {holder}")
        resend = self.in_doubt[change.mailing] == "resend"
        doubtful = row.attempt.told_doubt or holder in self.broken
        if new is SENT:
            self.require(row.fate is Fate.ACCEPTED, f"row {key} is sent, and the relay says {row.fate.name}")
        elif new is FAILED:
            self.require(row.fate in (Fate.REFUSED, Fate.DEFERRED), f"row {key} failed; the relay says {row.fate.name}")
            if row.fate is Fate.DEFERRED and self.send_by.get(change.mailing) is None:
                self.till.give_up(key, at, longest_wait(self.till.first_wait, change.attempts))
        elif new is UNCERTAIN:
            self.require(doubtful or over, f"row {key} is in doubt; the relay says {row.fate.name}")
            self.require(doubtful or self.troubled, f"row {key} is in doubt although nothing went wrong")
        elif resend and (over or doubtful):
            row.owned_up += 1
        else:
            harmless = (Fate.NONE, Fate.DEFERRED, Fate.LOST)
            self.require(row.fate in harmless, f"row {key} is queued again; the relay says {row.fate.name}")
            if row.fate is not Fate.DEFERRED:
                self.till.give_back(key)

    def _from_failed(self, key, row, new, change, at):
        self.require(self.actor.startswith("person"), f"row {key} was retried by {self.actor}")
        self.till.begun[change.mailing] = at

    def _from_uncertain(self, key, row, new, change, at):
        self._from_failed(key, row, new, change, at)
        row.owned_up += 1

    def _count_marked(self, token, by):
        holder = self.holders.get(token)
        self.marked[holder] += by

    # The wire

    def handed(self, key, message):
        """A worker gave the message of this row to a backend; the attempt that it belongs to."""
        row = self.rows[key]
        self._look_into(key, message)
        row.handed += 1
        self.require(row.handed <= row.marks, f"the message of {key} was handed over without a mark of its own")
        if not self.troubled:
            self.require(
                row.state is SENDING, f"the message of {key} was handed over while its row is {row.state.name}"
            )
            self.require(self.holders.get(row.token) == self.actor, f"{self.actor} sends {key}, which it does not hold")
        return row.attempt

    def _look_into(self, key, message):
        said = message.key, _DATE.sub(b"", message.content)
        self.require(self.said.setdefault(key, said) == said, f"{key} is sent again, and is another message")

    def accepted(self, key, attempt):
        """A relay took responsibility for it."""
        row = self.rows.get(key) or self.gone[key]
        attempt.fate = Fate.ACCEPTED
        row.accepted += 1
        self.counts["accepted"] += 1
        self.require(row.accepted <= row.marks, f"{key} was accepted without a mark")
        self.require(row.accepted <= 1 + row.owned_up, f"{key} was accepted {row.accepted} times")

    # Backups

    def remember(self):
        """What the ledger is, for the day on which a backup of it comes back."""
        rows = {key: replace(row) for key, row in self.rows.items()}
        return rows, dict(self.mailing_states), set(self.left), set(self.erased), dict(self.till.names)

    def comes_back(self, remembered):
        """The ledger is again what it was; what was sent since it does not know, and who resumes it sends that once more."""
        self.troubled = self.other_seconds = True
        self.counts["restored"] += 1
        rows, self.mailing_states, self.left, self.erased, self.till.names = map(copy, remembered)
        truth, self.rows, self.gone = self.rows | self.gone, {}, {}
        for key, row in truth.items():
            known = rows.get(key)
            if known is None or known.state is not SENT:
                row.owned_up += 1
            if known is None:
                row.state, row.token = QUEUED, 0
                self.gone[key] = row
            else:
                row.state, row.token = known.state, known.token
                self.rows[key] = row
        self.standing = {one for one, state in self.mailing_states.items() if state not in ENDED_MAILINGS}
        self.marked.clear()
        for row in self.rows.values():
            if row.state is SENDING:
                self._count_marked(row.token, +1)

    # The end

    def finished(self, rows, sizes, people):
        """rows: as they stand in the database. sizes: mailing -> people in it, as it says. people: how many there are."""
        self.require({row[:2] for row in rows} == self.rows.keys(), "rows are missing, or there are too many")
        for mailing, who, state, _token, lease in rows:
            key, row = (mailing, who), self.rows[mailing, who]
            self.require(row.state == state, f"row {key} is {RowState(state).name} and was last seen {row.state.name}")
            self.require(state > SENDING and not lease, f"row {key} never ended: {RowState(state).name}")
            if state == SENT:
                self.require(row.accepted >= 1, f"row {key} is sent, and nobody accepted it")
            elif state != UNCERTAIN:
                self.require(row.accepted <= row.owned_up, f"row {key} was accepted, and is {RowState(state).name}")
        for mailing, size in sizes.items():
            have = {key[1] for key in self.rows if key[0] == mailing}
            self.require(len(have) == size, f"mailing {mailing} has {len(have)} rows, and says {size}")
            ended = self.mailing_states[mailing]
            good = mailing in self.fired or mailing not in self.armed or ended is MailingState.CANCELLED
            self.require(good, f"mailing {mailing} is {ended}, and was never fired")
            if ended is MailingState.FINISHED:
                missing = set(range(1, people + 1)) - have - self.left
                self.require(not missing, f"mailing {mailing} forgot {missing}")
