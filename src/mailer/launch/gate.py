"""The gate: every reason not to send, each with a sentence that says what to do instead.

All of it is asked before a person is asked, and again when a schedule fires. What is passed here can still be refused
in the moment of freezing, when another `send` of the same campaign was quicker.
"""

from collections.abc import Sequence
from datetime import datetime

from mailer.domain.approval import drifts
from mailer.domain.audience import Audience
from mailer.domain.count import people as counted_people
from mailer.domain.mailing import ENDED_MAILINGS, LIVE_MAILINGS, MailingState, RowState
from mailer.errors import Refused, SettingsError
from mailer.launch.approving import refuse_unapproved
from mailer.launch.ending import expected_end
from mailer.launch.plan import Desk, Draft, Earlier, Order, Plan, Repeat
from mailer.launch.probe import refuse_no_way_out
from mailer.settings import Settings
from mailer.settings.relays import joint_speed
from mailer.storage import audiences, figures, mailings, subscribers


def pass_gate(desk: Desk, order: Order, draft: Draft, *, starts_at: datetime) -> Plan:
    """What the draft would come to if it went out at `starts_at`. Raises Refused or SettingsError; nothing is written."""
    refuse_no_relay(desk.settings)
    refuse_unfit(desk.settings)
    with desk.database.reading() as connection:
        refuse_mixed(desk.settings, rehearses=mailings.rehearses(connection))
    refuse_repeat(order, draft.same)
    plan = count_up(desk, draft, again=order.repeat is Repeat.AGAIN, starts_at=starts_at)
    if plan.people or order.expect:
        refuse_unexpected(order, plan.people)
    if plan.people:
        refuse_late(draft.slug, send_by=draft.send_by, starts_at=starts_at, ends_at=plan.ends_at)
        if desk.settings.leaves_this_machine:
            refuse_stranded(desk, draft.readers)
        refuse_unapproved(desk, order, draft, plan.people)
    return plan


def count_up(desk: Desk, draft: Draft, *, again: bool, starts_at: datetime) -> Plan:
    """The figures of a draft; nothing is refused."""
    now, whole_list = desk.clock(), Audience(list_name=draft.audience.list_name)
    with desk.database.reading() as connection:
        people = audiences.count(connection, draft.readers, now=now)
        of_list = audiences.count(connection, whole_list, now=now)
        usual = figures.usual_size(connection, draft.audience.list_name)
        ends_at = expected_end(connection, desk.settings, draft.readers, people, now=now, starts_at=starts_at)
    bounds = (joint_speed(desk.settings.relays), desk.settings.sending.rate_per_mailing)
    rate = min((bound for bound in bounds if bound), default=None)
    return Plan(
        draft=draft,
        people=people,
        of_list=of_list,
        usual=usual,
        again=again,
        starts_at=starts_at,
        rate=rate,
        ends_at=ends_at,
    )


def refuse_stranded(desk: Desk, audience: Audience) -> None:
    """Raises Refused when the page does not answer on which these people could leave. Of nobody it cannot be asked."""
    with desk.database.reading() as connection:
        who = audiences.anybody(connection, audience, now=desk.clock())
        found = [] if who is None else subscribers.recipients(connection, [who], frozenset())
    if found:
        refuse_no_way_out(desk.settings.web.public_url, desk.key, found[0])


def refuse_no_relay(settings: Settings) -> None:
    """Raises SettingsError when there is nothing to send through."""
    if not settings.relays:
        raise SettingsError(
            "No relay is configured, so there is nothing to send through.",
            hint="Add one: `mailer relay add`, or set MAILER_SMTP_URL=smtp+starttls://user:password@host:587.",
        )


def refuse_unfit(settings: Settings) -> None:
    """Raises Refused when a relay would carry mail off this machine, and the project is not fit for that."""
    if not settings.leaves_this_machine:
        return
    if settings.project.clock is not None:
        raise Refused(
            "project.clock is set: this project lives at a fixed time, and its mail would be dated wrongly.",
            hint="Take `clock` out of [project] in mailer.toml before you send through a real relay.",
        )
    if not settings.web.public_url.startswith("https://"):
        raise Refused(
            "web.public_url is not an https address, so nobody could leave or see the pictures.",
            hint='Run `mailer serve` where people reach it, and set public_url = "https://mail.example.org" in [web].',
        )


def refuse_mixed(settings: Settings, *, rehearses: bool | None) -> None:
    """Raises Refused for a rehearsal among real mailings, or the other way round. rehearses: as `mailings.rehearses` says.

    A rehearsal writes down everybody as mailed who got nothing: `--rest`, digests and "sent already" would pass them over.
    """
    to = settings.sending.redirect_to
    if to and rehearses is False:
        raise Refused(
            f"Every message would go to {to} (sending.redirect_to), and in this database people count as mailed for good.",
            hint="Rehearse in a database of its own: MAILER_DATABASE_URL=sqlite:///rehearsal.db, with people imported there.",
        )
    if not to and rehearses:
        raise Refused(
            "This database is for rehearsals: its people count as mailed, and got nothing.",
            hint="Use the database of your real mailings, or set sending.redirect_to again.",
        )


def refuse_no_organisers(settings: Settings) -> None:
    """Raises SettingsError when a proof is wanted, and there is nobody to mail it to."""
    if not settings.organisers:
        raise SettingsError(
            "A proof is mailed to the organisers, and no address of theirs is set.",
            hint='Write proof_to = "office@example.org" into [schedule] of mailer.toml, or leave --proof out.',
        )


def refuse_unsigned(settings: Settings) -> None:
    """Raises SettingsError when mail is to be signed and could not be: before anybody's message waits for that.

    Only whoever sends or arms is asked. A scheduler fires without the key: the workers have it.
    """
    if settings.dkim.wanted:
        from mailer.edition.dkim_keys import signer_for  # noqa: PLC0415 (the library that signs takes a while to load)

        signer_for(settings)


def refuse_repeat(order: Order, earlier: Sequence[Earlier]) -> None:
    """A second time, unless it was asked for. What ended without reaching anybody was no first time."""
    before = [one for one in earlier if counts_as_sent(one)]
    if order.repeat is Repeat.AGAIN or not before:
        return
    unwritten = next((one.mailing for one in before if one.mailing.state in _UNWRITTEN), None)
    if unwritten is not None:
        goes_on = (
            "wait for its time" if unwritten.state is MailingState.SCHEDULED else f"`mailer resume {unwritten.id}`"
        )
        raise Refused(
            f"{order.slug} is {unwritten.state} already (mailing {unwritten.id}), for people not yet written down.",
            hint=f"Let it go out ({goes_on}), or `mailer cancel {unwritten.id}` first.",
        )
    if order.repeat is Repeat.REFUSE:
        raise _sent_already(order.slug, before[-1])


#: Whom these will mail is not in the ledger yet, so nobody can say who the rest are.
_UNWRITTEN = frozenset({MailingState.SCHEDULED, MailingState.MATERIALISING})


def _sent_already(slug: str, last: Earlier) -> Refused:
    reached = last.counts[RowState.SENT]
    rest = f"`mailer send {slug} --rest` mails those who have not had it; --again mails everybody once more."
    if last.mailing.state in LIVE_MAILINGS:
        went, hint = "is under way", f"`mailer resume {slug}` goes on with it. {rest}"
    else:
        went, hint = "was sent", rest
    return Refused(
        f"{slug} {went}: mailing {last.mailing.id} ({last.mailing.state}) has reached {counted_people(reached)}.",
        hint=hint,
    )


def counts_as_sent(one: Earlier) -> bool:
    """Whether the mailing reached somebody, or still may."""
    reached = one.counts[RowState.SENT] + one.counts[RowState.UNCERTAIN]
    stopped = ENDED_MAILINGS - {MailingState.FINISHED}
    return one.mailing.state not in stopped or reached > 0


def refuse_unexpected(order: Order, people: int) -> None:
    """Another number of people than expected; or nobody to ask, and no expectation that could stand for the answer."""
    if order.expect is not None and drifts(people, order.expect):
        raise Refused(
            f"{counted_people(people)} would be mailed, and {order.expect:,} were expected.",
            hint=f"If {people:,} is right: --expect {people}. Look first: `mailer send {order.slug} --dry-run`.",
        )
    if not order.can_ask and not (order.confirmed and order.expect is not None):
        raise Refused(
            f"This would mail {counted_people(people)}, and there is nobody to confirm it.",
            hint=f"If that is right: --yes --expect {people}.",
        )


def refuse_late(slug: str, *, send_by: datetime | None, starts_at: datetime, ends_at: datetime | None) -> None:
    """What could not be done before `send_by`."""
    if send_by is None:
        return
    if send_by <= starts_at:
        raise Refused(
            f"{slug} was to be sent by {send_by:%-d %B %Y %H:%M} UTC, and that is over.",
            hint="Change send_by, or the deadline, in the campaign's file.",
        )
    if ends_at is not None and ends_at > send_by:
        raise Refused(
            f"The last message would leave on {ends_at:%-d %B %Y %H:%M} UTC, after send_by ({send_by:%-d %B %Y %H:%M} UTC).",
            hint="Raise the limits of the relay, mail fewer people (--segment, --limit), or move send_by.",
        )
