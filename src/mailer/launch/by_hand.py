"""What a person does to a schedule that its clock would not: send now, leave the next one out."""

from mailer.domain.armed import Kind, Outcome, State
from mailer.domain.mailing import BY_HAND, Mailing
from mailer.domain.recurrence import Occurrence
from mailer.errors import Refused
from mailer.launch.composing import compose
from mailer.launch.firing import finish, under_way
from mailer.launch.gate import count_up, refuse_unsigned
from mailer.launch.outcomes import begin
from mailer.launch.plan import Approve, Desk, NothingToSend
from mailer.launch.turn import Turn, turn_of
from mailer.storage import occurrences, schedules


def run_now(desk: Desk, slug: str, approve: Approve = lambda *_: None) -> Mailing | NothingToSend:
    """Let go what is held of the campaign's schedule; else what is due and waits; else an issue beside the regular ones.

    A one-off goes out now instead of at its time. Raises UnknownName if it is not scheduled; Refused, InputProblems and
    SettingsError as `launch` does, and while the issue before is still under way. Then nothing was done.
    approve: shows a person what would go out; raises Refused when they say no.
    """
    refuse_unsigned(desk.settings)
    turn = _turn(desk, slug)
    last = None if turn.is_held else under_way(desk, turn.schedule)
    if last is not None:
        raise Refused(
            f"{slug} ({last.id}) is still {last.state}: people would get two issues at once.",
            hint=f"Let it end (`mailer status {last.id}`), or `mailer cancel {last.id}` first.",
        )
    issue = compose(desk, turn)
    if isinstance(issue, NothingToSend):
        return issue
    approve(count_up(desk, issue.draft, again=False, starts_at=turn.now), issue.rehearsal)
    fired = begin(desk, turn, issue)
    mailing = finish(desk, fired) if fired else None
    if mailing is None:
        raise _overtaken(slug)
    return mailing


def _turn(desk: Desk, slug: str) -> Turn:
    now = desk.clock()
    with desk.database.reading() as connection:
        found = occurrences.held(connection, slug)
        one = found[0] if found else schedules.find(connection, slug)
    if found is not None:
        return Turn(schedule=one, now=now, chosen=found[1], mailing_id=one.mailing_id, is_held=True)
    if one.kind is Kind.ONCE:
        return Turn(schedule=one, now=now, chosen=one.next, mailing_id=one.mailing_id)
    if one.state is State.ARMED and one.next is not None and one.next.at <= now:
        due = turn_of(desk, one, now=now)
        if due.chosen is not None:
            return due
    local = now.astimezone(one.zone)
    extra = Occurrence(at=now, key=f"now {local:%Y-%m-%dT%H:%M:%S}")
    return Turn(schedule=one, now=now, chosen=extra, is_extra=True)


def skip_next(desk: Desk, slug: str) -> Occurrence:
    """Leave out what would come next; the one left out. Raises UnknownName if it is not scheduled, Refused if it comes once."""
    with desk.database.writing() as connection:
        now, one = desk.clock(), schedules.find(connection, slug)
        if one.kind is Kind.ONCE:
            raise Refused(f"{slug} goes out once only.", hint=f"`mailer schedule remove {slug}` takes it back.")
        # What came while it was paused does not come any more.
        left_out = one.next if one.state is State.ARMED else next(schedules.coming(connection, one, after=now), None)
        if left_out is None:
            raise Refused(f"Nothing of {slug} is to come.", hint="`mailer schedule list` shows what is.")
        if schedules.record(connection, one, left_out, Outcome.SKIPPED, detail=BY_HAND, at=now) is None:
            raise _overtaken(slug)
        # Of others that are due already the scheduler says what becomes of them.
        coming = schedules.coming(connection, one, after=left_out.at)
        schedules.advance(connection, one, next(coming, None), at=now)
    return left_out


def _overtaken(slug: str) -> Refused:
    return Refused(
        f"Somebody else has dealt with {slug} a moment ago; this did nothing.", hint=f"Look at `mailer status {slug}`."
    )
