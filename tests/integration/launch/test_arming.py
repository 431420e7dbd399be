"""What comes round is armed once, through the gate of send, and only as its file or a person said."""

import shutil
import zoneinfo
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from mailer.domain.armed import Kind, Outcome, State
from mailer.domain.mailing import MailingState
from mailer.domain.wish import Wish
from mailer.errors import InputProblems, Refused, SettingsError, UsageError
from mailer.launch import (
    Difference,
    NothingToSend,
    Once,
    Order,
    Repeat,
    differences,
    fire_due,
    launch,
    launch_again,
    read_file,
    run_now,
    settle,
    skip_next,
    wished,
)
from mailer.launch.arming import arm_again
from mailer.storage import mailings, past, schedules
from sending_world import Clock, desk_for, make_project, populate, write_letter

LONDON = "Europe/London"


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(project, clock):
    desk = desk_for(project, clock=clock)
    populate(desk.database, 4, donors=(1, 2))
    yield desk
    desk.database.dispose()


@pytest.fixture
def either(project, clock, database_url):
    """The same on both engines, for what is written."""
    desk = desk_for(project, clock=clock, url=database_url)
    populate(desk.database, 4, donors=(1, 2))
    yield desk
    desk.database.dispose()


def again(desk, every="fri 09:00", **terms):
    return settle(Wish(every=every, **terms), now=desk.clock(), zone=LONDON)


def arm(desk, every="fri 09:00", approve=lambda *_: None, order=None, **terms):
    return launch_again(desk, order or Order(slug="letter"), again(desk, every, **terms), approve)


def standing(desk):
    with desk.database.reading() as connection:
        return schedules.standing(connection)


def keys(desk, one, number=3):
    with desk.database.reading() as connection:
        found = schedules.get(connection, one.id)
        return [each.key[:10] for each in islice(schedules.coming(connection, found, after=desk.clock()), number)]


def test_it_is_armed_for_all_its_times_and_confirmed_once(desk):
    asked = []
    one = arm(desk, approve=lambda plan, rehearsal: asked.append((plan.to_type, plan.comes_round, rehearsal.people)))
    assert asked == [("4", True, 4)], "the number, however few they are"
    assert (one.kind, one.state, one.people, one.next.key) == (Kind.AGAIN, State.ARMED, 4, "2026-11-27T09:00")
    assert keys(desk, one) == ["2026-11-27", "2026-12-04", "2026-12-11"]
    with desk.database.reading() as connection:
        assert mailings.everything(connection) == [], "a mailing of its own comes with each time"


def test_a_second_schedule_of_the_same_campaign_is_refused_whoever_is_first(either):
    plans = []
    arm(either, approve=lambda plan, _: plans.append(plan))
    with pytest.raises(Refused, match="comes round by a schedule already") as caught:
        arm(either, "mon 10:00")
    assert "schedule remove letter" in caught.value.hint
    with pytest.raises(Refused, match="comes round by a schedule already"):
        arm_again(either, plans[0], again(either, "mon 10:00"))  # somebody armed it while this one was asked
    assert len(standing(either)) == 1


def test_it_passes_the_gate_but_for_having_been_sent(desk, project):
    launch(desk, Order(slug="letter"), lambda *_: None)
    with pytest.raises(Refused, match="99 were expected"):
        arm(desk, order=Order(slug="letter", expect=99))
    with pytest.raises(Refused, match="nobody to confirm it"):
        arm(desk, order=Order(slug="letter", can_ask=False))
    with pytest.raises(SettingsError, match="no address of theirs"):
        arm(desk, proof="16h")
    write_letter(project, body="{{ subscriber.frist_name }}")
    with pytest.raises(InputProblems, match="frist_name"):
        arm(desk)
    write_letter(project)
    assert standing(desk) == []
    assert arm(desk, order=Order(slug="letter", segment="donors")).people == 2


def test_who_says_no_has_armed_nothing(desk):
    def no(*_):
        raise Refused("Not confirmed: nothing was done.")

    with pytest.raises(Refused):
        arm(desk, approve=no)
    assert standing(desk) == []


def test_nobody_to_mail_is_said_and_nothing_armed(desk, project):
    (project / "subscribers" / "segments.yaml").write_text("nobody:\n  tag: nothing\n")
    assert arm(desk, order=Order(slug="letter", segment="nobody")) == NothingToSend("the audience of letter is empty")
    assert standing(desk) == []


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"every": "fri 09:00", "timezone": "Europe/Lndon"}, 'There is no time zone "Europe/Lndon"'),
        ({"every": "fri 09:00", "until": "2026-11-26"}, "The first would be on Fri 27 Nov 2026, after 2026-11-26"),
        ({"every": "24h", "window": "12:00-20:00"}, "never comes within 12:00-20:00"),
        ({"at": "2026-11-22 08:59"}, "has passed"),
    ],
)
def test_what_cannot_be_is_refused_at_once(wish, words):
    with pytest.raises(UsageError) as caught:
        settle(Wish(**wish), now=datetime(2026, 11, 22, 9, tzinfo=UTC), zone=LONDON)
    assert words in caught.value.message


def test_elapsed_time_goes_round_the_clock_until_it_is_within_its_hours():
    found = settle(Wish(every="5h", window="08:00-08:05"), now=datetime(2026, 11, 22, 9, 3, tzinfo=UTC), zone=LONDON)
    assert f"{found.first.at:%d %H:%M}" == "26 08:03"


def test_a_file_proposes_and_what_is_typed_goes_before_it(desk, project):
    extra = "timezone: America/Lima\nschedule: {every: fri 09:00, window: 08:00-20:00, catch_up: all}\n"
    write_letter(project, extra=extra)
    campaign = read_file(desk, "letter").campaign

    def settled(**typed):
        return settle(wished(campaign, Wish(**typed)), now=desk.clock(), zone=LONDON)

    proposed = settled()
    assert (proposed.rule.said, proposed.terms.zone, proposed.terms.hours) == (
        "fri 09:00",
        "America/Lima",
        "08:00-20:00",
    )
    assert settled(catch_up="skip").terms.catch_up == "skip"
    assert settled(timezone="asia/kathmandu").terms.zone == "Asia/Kathmandu"
    assert settled(every="mon 10:00").terms.hours == "", "another time has terms of its own"
    once = settled(at="fri 09:00")
    assert isinstance(once, Once)
    assert once.when.zone == "America/Lima"
    write_letter(project)
    with pytest.raises(UsageError, match="proposes nothing"):
        wished(read_file(desk, "letter").campaign, Wish())


def test_a_file_that_proposes_something_else_than_what_is_armed(desk, project):
    write_letter(project, extra="schedule: {every: fri 09:00}\n")
    one = arm(desk, "Fridays at 9am")
    assert differences(desk, one) == (), "other words for the same"
    write_letter(project, extra="schedule: {cron: 0 9 * * fri}\n")
    assert differences(desk, one) == (Difference.CONTENT,), "any change of the file holds it"
    write_letter(project, extra="schedule: {every: fri 10:00}\n")
    assert differences(desk, one) == (Difference.CONTENT, Difference.SCHEDULE)
    (project / "campaigns" / "letter.md").unlink()
    assert differences(desk, one) == (Difference.CONTENT,)


def test_a_schedule_that_was_typed_beside_a_proposal(desk, project):
    one, otherwise = arm(desk), (Difference.SCHEDULE,)
    for proposed, differs in {
        "every: fri 09:00": (),
        "every: fri 09:00, timezone: Europe/London, catch_up: latest": (),
        "every: fri 09:00, timezone: Europe/Dublin": otherwise,
        "every: fri 09:00, until: 2027-01-31": otherwise,
        "every: fri 09:00, window: 08:00-20:00": otherwise,
        "every: every 2 weeks fri 09:00": otherwise,
        "every: 2h": otherwise,
        "at: 2026-11-27 09:00": otherwise,
    }.items():
        write_letter(project, extra=f"schedule: {{{proposed}}}\n")
        assert differences(desk, one)[1:] == differs, proposed


def test_a_one_off_beside_a_proposal(desk, project):
    once = settle(Wish(at="fri 09:00"), now=desk.clock(), zone=LONDON)
    launch(desk, Order(slug="letter"), lambda *_: None, when=once.when)
    (one,) = standing(desk)
    for proposed, differs in (("2026-11-27 09:00", ()), ("2026-11-28 09:00", (Difference.SCHEDULE,))):
        write_letter(project, extra=f"schedule: {{at: {proposed}}}\n")
        assert differences(desk, one)[1:] == differs


def test_what_was_left_out_comes_after_all_the_last_one_first(either):
    one = arm(either)
    assert [skip_next(either, "letter").key[:10] for _ in range(2)] == ["2026-11-27", "2026-12-04"]
    assert keys(either, one) == ["2026-12-11", "2026-12-18", "2026-12-25"]

    def undo():
        with either.database.writing() as connection:
            found = past.take_back_skip(connection, schedules.find(connection, "letter"), at=either.clock())
            return found and found.key[:10]

    assert undo() == "2026-12-04"
    assert keys(either, one) == ["2026-12-04", "2026-12-11", "2026-12-18"]
    assert (undo(), undo()) == ("2026-11-27", None)
    assert keys(either, one) == ["2026-11-27", "2026-12-04", "2026-12-11"]
    assert standing(either)[0].next.key == "2026-11-27T09:00"


def test_what_was_is_told_in_order_with_its_reason(either, clock):
    arm(either)
    skip_next(either, "letter")
    clock.now = datetime(2026, 12, 4, 9, 0, 1, tzinfo=UTC)
    (fired,) = fire_due(either)
    with either.database.reading() as connection:
        found = past.of_slug(connection, "letter", most=10)
        assert (past.knows(connection, "letter"), past.knows(connection, "nobody")) == (True, False)
    assert [(one.key, one.outcome, one.mailing_id) for one in found] == [
        ("2026-11-27T09:00", Outcome.SKIPPED, None),
        ("2026-12-04T09:00", Outcome.SENT, fired.id),
    ]
    assert found[0].detail == "by hand"


def test_a_person_may_say_no_to_sending_now(desk):
    arm(desk)

    def no(plan, _):
        assert plan.people == 4
        raise Refused("Not confirmed: nothing was done.")

    with pytest.raises(Refused):
        run_now(desk, "letter", no)
    with desk.database.reading() as connection:
        assert mailings.everything(connection) == []
    assert run_now(desk, "letter").state is MailingState.SENDING


def test_one_that_stands_alone_is_found_after_what_comes_round(desk):
    once = settle(Wish(at="in 1h"), now=desk.clock(), zone=LONDON)
    launch(desk, Order(slug="letter", repeat=Repeat.AGAIN), lambda *_: None, when=once.when)
    arm(desk)
    with desk.database.reading() as connection:
        assert schedules.find(connection, "letter").kind is Kind.AGAIN


@pytest.fixture
def land(tmp_path):
    """A zone of our own, and how to give it other rules, as an update of the system does."""
    folder = tmp_path / "zones"
    (folder / "Test").mkdir(parents=True)

    def has_rules_of(name):
        found = next(path for root in zoneinfo.TZPATH if (path := Path(root) / name).exists())
        shutil.copy(found, folder / "Test" / "Land")
        zoneinfo.ZoneInfo.clear_cache()

    usual = zoneinfo.TZPATH
    yield lambda name: (zoneinfo.reset_tzpath(usual), has_rules_of(name), zoneinfo.reset_tzpath([folder, *usual]))
    zoneinfo.reset_tzpath(usual)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.parametrize(("after", "hours"), [("America/Lima", 5), ("Asia/Kathmandu", -5.75)])
def test_a_zone_that_gets_other_rules_while_it_is_armed_repeats_no_time(desk, clock, land, after, hours):
    land(LONDON)
    arm(desk, "daily 09:00", timezone="Test/Land")
    clock.now = datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC)
    (fired,) = fire_due(desk)
    with desk.database.writing() as connection:
        mailings.move(connection, fired.id, MailingState.FINISHED, at=clock.now)
    land(after)
    fired = []
    for hour in range(3, 72, 3):
        clock.now = datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC) + timedelta(hours=hour)
        for mailing in fire_due(desk):
            fired.append(mailing)
            with desk.database.writing() as connection:
                mailings.move(connection, mailing.id, MailingState.FINISHED, at=clock.now)
    with desk.database.reading() as connection:
        found = past.of_slug(connection, "letter", most=10)
    assert [one.key for one in found] == [
        "2026-11-23T09:00",
        "2026-11-24T09:00",
        "2026-11-25T09:00",
        "2026-11-26T09:00",
    ][: len(found)]
    assert len(found) >= 3
    assert {one.outcome for one in found} == {Outcome.SENT}
    assert found[-1].at.astimezone(UTC) == datetime(2026, 11, 22 + len(found), 9, tzinfo=UTC) + timedelta(hours=hours)
