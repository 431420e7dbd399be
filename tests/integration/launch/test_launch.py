"""From a campaign's file to rows in the ledger: once, whole, for the right people, whatever happens in between."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ledger_world import email, states
from mailer.domain.mailing import MailingState, RowState
from mailer.edition.format import load
from mailer.errors import InputProblems, Refused, UnknownName
from mailer.launch import NothingToSend, Order, Repeat, freezing, launch
from mailer.storage import control, events, mailings, materialise, subscriptions
from mailer.storage.tables import delivery, edition, mailing, subscriber, subscription
from sending_world import Clock, desk_for, make_project, populate, rename, write_letter

QUEUED, SENT, FAILED, UNCERTAIN, CANCELLED = (
    RowState.QUEUED, RowState.SENT, RowState.FAILED, RowState.UNCERTAIN, RowState.CANCELLED,
)  # fmt: skip


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


@pytest.fixture
def desk(project, database_url):
    desk = desk_for(project, url=database_url)
    populate(desk.database, 12, donors=(2, 3, 5))
    yield desk
    desk.database.dispose()


def yes(_plan, _rehearsal):
    """Whoever is asked agrees."""


def send(desk, *, approve=yes, **order):
    return launch(desk, Order(slug="letter", **order), approve)


def end(desk, mailing_id, *, sent=(), uncertain=(), failed=(), state=MailingState.FINISHED):
    """Let a mailing end with these rows; the others stay queued."""
    with desk.database.writing() as connection:
        for ids, row in ((sent, SENT), (uncertain, UNCERTAIN), (failed, FAILED)):
            where = (delivery.c.mailing_id == mailing_id, delivery.c.subscriber_id.in_(ids))
            connection.execute(sa.update(delivery).where(*where).values(state=row))
        connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(state=state))


def test_a_launched_campaign_waits_in_the_ledger_with_its_content_frozen(desk, project):
    sent = send(desk)
    assert (sent.state, sent.total, sent.number) == (MailingState.SENDING, 12, 1)
    assert states(desk.database, sent.id) == {QUEUED: list(range(1, 13))}
    write_letter(project, body="Something else entirely, written later.")
    with desk.database.reading() as connection:
        frozen = load(mailings.edition_of(connection, sent.id))
    text = "".join(str(node) for node in frozen.variants[""].text)
    assert "write to us if you need a lift" in text
    assert "written later" not in text


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        ({"segment": "donors"}, [2, 3, 5]),
        ({"segment": "everyone"}, list(range(1, 13))),
        ({"segment": "news"}, list(range(1, 13))),
    ],
)
def test_a_segment_narrows_the_list(desk, order, ids):
    assert states(desk.database, send(desk, **order).id) == {QUEUED: ids}


def test_what_the_file_excludes_stays_excluded_whatever_segment_is_named(desk, project):
    write_letter(project, extra="exclude: donors\n")
    assert states(desk.database, send(desk, segment="everyone").id) == {QUEUED: [1, 4, *range(6, 13)]}


def test_who_left_or_is_suppressed_is_not_in_it(desk):
    with desk.database.writing() as connection:
        subscriptions.leave(connection, 4, list_name="news", mailing_id=None, at=desk.clock())
        subscriptions.leave(connection, 6, list_name=None, mailing_id=None, at=desk.clock())
    assert states(desk.database, send(desk).id)[QUEUED] == [1, 2, 3, 5, *range(7, 13)]


@pytest.mark.parametrize("order", [{"segment": "nobody-knows"}, {"list_name": "nobody-knows"}])
def test_an_unknown_segment_or_list_names_the_real_ones(desk, order):
    with pytest.raises(UnknownName) as caught:
        send(desk, **order)
    assert "news" in caught.value.hint
    assert nothing_was_written(desk)


def nothing_was_written(desk):
    with desk.database.reading() as connection:
        return not any(connection.scalar(sa.select(sa.func.count()).select_from(one)) for one in (mailing, edition))


def test_nobody_to_mail_is_no_mailing_and_no_error(desk):
    assert send(desk, list_name="events") == NothingToSend("the audience of letter is empty")
    assert nothing_was_written(desk)


def test_a_sample_is_the_same_for_the_rehearsal_and_the_mailing(desk):
    rehearsed = []
    sent = send(desk, limit=5, approve=lambda plan, rehearsal: rehearsed.append((plan.people, rehearsal.people)))
    assert rehearsed == [(5, 5)]
    first = states(desk.database, sent.id)[QUEUED]
    end(desk, sent.id, sent=first)
    second = states(desk.database, send(desk, limit=5, repeat=Repeat.AGAIN).id)[QUEUED]
    assert len(first) == len(second) == 5
    assert first != second, "another mailing draws another sample"


def test_a_no_changes_nothing(desk):
    def no(_plan, _rehearsal):
        raise Refused("Not confirmed")

    with pytest.raises(Refused, match="Not confirmed"):
        send(desk, approve=no)
    assert nothing_was_written(desk)


def test_a_second_send_is_refused_and_the_rest_gets_what_the_first_did_not_reach(desk):
    first = send(desk)
    end(desk, first.id, sent=[1, 2, 3], uncertain=[4], failed=[5], state=MailingState.CANCELLED)
    with desk.database.writing() as connection:
        control.cancel_rows(connection, first.id)
    with pytest.raises(Refused, match="has reached 3 people"):
        send(desk)
    rest = send(desk, repeat=Repeat.REST)
    assert rest.number == 2
    assert states(desk.database, rest.id) == {QUEUED: list(range(5, 13))}


def test_the_rest_leaves_out_who_still_waits_for_an_earlier_mailing(desk):
    first = send(desk, segment="donors")
    assert states(desk.database, send(desk, repeat=Repeat.REST).id) == {QUEUED: [1, 4, *range(6, 13)]}
    assert states(desk.database, first.id) == {QUEUED: [2, 3, 5]}


def test_again_mails_everybody(desk):
    first = send(desk)
    end(desk, first.id, sent=range(1, 13))
    assert send(desk, repeat=Repeat.AGAIN).total == 12


def test_of_two_sends_at_once_exactly_one_wins(desk):
    outcomes, both_are_asked = [], threading.Barrier(2)

    def try_it():
        try:
            outcomes.append(send(desk, approve=lambda *_: both_are_asked.wait(60)))
        except Refused as refused:
            outcomes.append(refused)

    threads = [threading.Thread(target=try_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    (refused,) = [one for one in outcomes if isinstance(one, Refused)]
    assert "Another `send` of letter began a moment ago" in refused.message
    with desk.database.reading() as connection:
        (won,) = mailings.everything(connection)
        assert connection.scalar(sa.select(sa.func.count()).select_from(edition)) == 1
    assert states(desk.database, won.id) == {QUEUED: list(range(1, 13))}


def test_messages_that_cannot_be_built_fail_at_once_with_the_reason_and_the_rest_goes(desk):
    database = desk.database
    with database.writing() as connection:
        connection.execute(sa.delete(subscription))
    populate_many(database)
    rename(database, 50, email="p@x@example.org")
    sent = send(desk)
    found = states(database, sent.id)
    assert (found[FAILED], len(found[QUEUED]), sent.total) == ([50], 149, 150)
    with database.reading() as connection:
        (event,) = events.history(connection, sent.id, 50)
    assert event.state is FAILED
    assert event.detail


def populate_many(database):
    with database.writing() as connection:
        now = Clock()()
        connection.execute(sa.delete(subscriber))
        people = [
            {"id": one, "public_id": one, "email": email(one), "email_key": email(one), "first_name": "Ana"}
            for one in range(1, 151)
        ]
        connection.execute(sa.insert(subscriber).values(created_at=now, updated_at=now, attributes={}), people)
        rows = [{"subscriber_id": one} for one in range(1, 151)]
        connection.execute(
            sa.insert(subscription).values(list_id=1, status="confirmed", consented_at=now, changed_at=now), rows
        )


def test_too_many_messages_that_cannot_be_built_are_findings(desk):
    rename(desk.database, 7, email="p@x@example.org")
    with pytest.raises(InputProblems) as caught:
        send(desk)
    (problem,) = caught.value.problems
    assert (problem.file, problem.rule) == ("campaigns/letter.md", "rehearsal")
    assert "p***@example.org" in problem.message
    assert "x@example" not in problem.message
    assert nothing_was_written(desk)


def test_a_value_that_somebody_lacks_and_that_has_no_default_is_a_finding_with_the_number(desk, project):
    write_letter(project, body="Yours, {{ subscriber.last_name }}, and many greetings to all who read this far.")
    with pytest.raises(InputProblems, match=r"subscriber.last_name .* is blank for 12 of 12 people"):
        send(desk)


def test_the_rehearsal_counts_who_gets_a_fallback_and_measures_the_largest(desk):
    rename(desk.database, 3, first_name="")
    seen = []
    send(desk, approve=lambda _plan, rehearsal: seen.append(rehearsal))
    (rehearsal,) = seen
    assert (rehearsal.people, rehearsal.languages, rehearsal.errors) == (12, {"": 12}, {})
    assert rehearsal.fallbacks == {"first_name": 1}
    assert 5_000 < rehearsal.largest < 102_400
    assert rehearsal.subject == "We meet on Friday"


def test_findings_of_check_refuse(desk, project):
    write_letter(project, body="{{ subscriber.frist_name }}")
    with pytest.raises(InputProblems, match="frist_name"):
        send(desk)
    assert nothing_was_written(desk)


def test_a_mailing_to_many_waits_out_the_undo_window(tmp_path):
    clock = Clock()
    desk = desk_for(make_project(tmp_path / "large"), clock=clock, MAILER_SENDING__UNDO_SECONDS="90")
    populate(desk.database, 501)
    sent = send(desk)
    assert (sent.state, sent.starts_at) == (MailingState.WAITING, clock.now + timedelta(seconds=90))
    with desk.database.writing() as connection:
        assert mailings.due_work(connection, clock.now + timedelta(seconds=89)) == []
        assert [one.id for one in mailings.due_work(connection, clock.now + timedelta(seconds=90))] == [sent.id]


@pytest.mark.parametrize("chunks", [0, 1, 2])
def test_rows_that_a_crash_left_unwritten_are_written_by_whoever_goes_on(desk, monkeypatch, chunks):
    monkeypatch.setattr(materialise, "CHUNK", 5)
    mailing_id = only_frozen(desk, monkeypatch)
    for _ in range(chunks):
        with desk.database.writing() as connection:
            assert materialise._next_chunk(connection, mailing_id, newest_first=False)
    written = states(desk.database, mailing_id).get(QUEUED, [])
    assert len(written) == min(12, 5 * chunks)
    done = freezing.write_rows(desk, mailing_id)
    assert (done.state, done.total) == (MailingState.SENDING, 12)
    assert states(desk.database, mailing_id) == {QUEUED: list(range(1, 13))}
    assert freezing.write_rows(desk, mailing_id) == done, "and once more changes nothing"


def test_a_mailing_that_is_cancelled_while_it_is_written_stays_cancelled(desk, monkeypatch):
    monkeypatch.setattr(materialise, "CHUNK", 5)
    mailing_id = only_frozen(desk, monkeypatch)
    with desk.database.writing() as connection:
        materialise._next_chunk(connection, mailing_id, newest_first=False)
        assert mailings.move(connection, mailing_id, MailingState.CANCELLED, at=desk.clock())
        control.cancel_rows(connection, mailing_id)
    assert freezing.write_rows(desk, mailing_id).state is MailingState.CANCELLED
    assert states(desk.database, mailing_id) == {CANCELLED: [1, 2, 3, 4, 5]}


def only_frozen(desk, monkeypatch):
    """A mailing whose process died right after it was frozen."""
    with monkeypatch.context() as patch:
        patch.setattr("mailer.launch.write_rows", lambda _desk, mailing_id: mailing_id)
        return launch(desk, Order(slug="letter"), yes)


def test_send_by_is_as_far_off_as_the_projects_clock_says(project):
    clock = Clock()
    desk = desk_for(project, clock=clock, MAILER_PROJECT__CLOCK="2024-11-22T09:00:00Z")
    populate(desk.database, 3)
    write_letter(project, extra="send_by: 2024-11-22 10:30\n")
    assert send(desk).send_by == clock.now + timedelta(minutes=90)


def test_what_is_too_late_already_is_refused(desk, project):
    write_letter(project, extra="send_by: 2024-11-22 10:30\n")
    with pytest.raises(InputProblems, match="send_by has passed"):
        send(desk)
    assert nothing_was_written(desk)
