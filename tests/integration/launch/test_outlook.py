"""The issue of a time to come, seen before it goes: what is in it, what is not and why, for whom and when."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailer.domain.armed import State
from mailer.domain.left_out import Why
from mailer.domain.schedule import parse_when
from mailer.errors import UsageError
from mailer.launch import Desk, Issues, Order, launch, read_file
from mailer.launch.ahead import NEXT, find_ahead
from mailer.launch.outlook import look_ahead
from mailer.storage import person_changes, schedules
from schedule_world import arm_again
from sending_world import Clock, desk_for, make_project, populate, write_letter

DIGEST = """---
kind: digest
subject: "News: {{{{ items[0].headline }}}}"
preheader: What was written and asked since you last heard from us
headline: The week
{more}collect: {{first_run: everything}}
---
Dear {{{{ subscriber.first_name | default("friend") }}}}, this is what the week has brought.
"""


@pytest.fixture
def desk(tmp_path, database_url):
    folder = make_project(tmp_path / "project")
    write_digest(folder)
    made = desk_for(folder, clock=Clock(), url=database_url)
    populate(made.database, 6, donors=(2, 3))
    yield made
    made.database.dispose()


def write_digest(folder, more=""):
    (folder / "campaigns" / "weekly.md").write_text(DIGEST.format(more=more))


def publish(desk, slug, day, **more):
    lines = f"published: {day}\ncanonical_url: https://www.example.org/{slug}\nkicker: about {slug}\n"
    write_letter(
        desk.settings.root, slug=slug, extra=lines + "".join(f"{key}: {value}\n" for key, value in more.items())
    )


def ahead_of(desk, wanted=NEXT):
    return find_ahead(desk.settings, desk.database, read_file(desk, "weekly"), wanted, now=desk.clock())


def outlook(desk, wanted=NEXT):
    """As somebody sees it who looks with the clock of that time."""
    ahead, now = ahead_of(desk, wanted), desk.clock()
    then = Desk(settings=desk.settings, database=desk.database, key=b"", clock=lambda: ahead.when.at)
    file = read_file(desk, "weekly")
    issue = Issues(settings=then.settings, database=then.database, now=then.now, clock=then.clock, shown=ahead.shown)(
        file
    )
    return look_ahead(then, ahead, file, issue, real_now=now)


def inside(found):
    return [item.slug for item in found.issue.items]


def test_what_is_armed_says_when_for_whom_and_what_by_then(desk):
    publish(desk, "soon", "2026-11-23", topics="[peru]")
    publish(desk, "late", "2026-12-30")
    launch(desk, Order(slug="letter"), lambda *_: None)
    with desk.database.writing() as connection:
        person_changes.choose_topics(connection, 2, ("trade",), at=desk.clock())
    arm_again(desk, "weekly", every="fri 09:00", timezone="Europe/London")
    found = outlook(desk)
    assert (str(found.ahead.when), found.ahead.key) == ("Fri 27 Nov 2026 09:00 Europe/London", "2026-11-27T09:00")
    assert inside(found) == ["soon", "letter"]
    assert (found.people, dict(found.views), found.held) == (6, {"ff": 5, "-f": 1}, ())
    assert [(one.headline, one.why) for one in found.issue.left_out] == [("We meet on Friday", Why.LATER)]


def test_a_later_time_is_named_by_its_clock(desk):
    arm_again(desk, "weekly", every="fri 09:00", timezone="Europe/London")
    assert ahead_of(desk, "2026-12-11T09:00").key == "2026-12-11T09:00"
    assert ahead_of(desk, "2026-12-11T09:00:00+00:00").key == "2026-12-11T09:00"
    for wanted, said in (("2026-12-12T09:00", "does not go out at"), ("soon", "is no time")):
        with pytest.raises(UsageError, match=said):
            ahead_of(desk, wanted)


def test_what_the_file_proposes_is_seen_too_and_arms_nothing(desk):
    write_digest(desk.settings.root, 'schedule: {every: "fri 09:00", until: 2026-12-05}\n')
    publish(desk, "soon", "2026-11-23")
    found = outlook(desk, "2026-12-04T09:00")
    assert (found.ahead.schedule, inside(found)) == (None, ["soon"])
    assert found.held == ("it is only proposed, by the file",)
    with pytest.raises(UsageError, match="does not go out at 2026-12-11"):
        ahead_of(desk, "2026-12-11T09:00")
    with desk.database.reading() as connection:
        assert schedules.standing(connection) == []


def test_without_a_schedule_it_says_how_to_make_one(desk):
    with pytest.raises(UsageError, match="not armed") as raised:
        ahead_of(desk)
    assert "schedule add weekly" in raised.value.hint


def test_what_would_keep_it_back_is_said(desk):
    one = arm_again(desk, "weekly", every="fri 09:00", timezone="Europe/London")
    assert outlook(desk).held == ("nothing would be sent: there is nothing new",)
    write_digest(desk.settings.root, "kicker: Changed\n")
    with desk.database.writing() as connection:
        schedules.set_state(connection, one.id, State.PAUSED)
    assert [sentence.partition(":")[0] for sentence in outlook(desk).held] == [
        "it would be held",
        "its schedule is paused",
        "nothing would be sent",
    ]


def test_an_approval_that_is_lacking_is_said_of_the_next_one_alone(desk):
    publish(desk, "soon", "2026-11-23")
    arm_again(desk, "weekly", every="fri 09:00", timezone="Europe/London")
    strict = replace(desk.settings, sending=replace(desk.settings.sending, require_approval="always"))
    desk = replace(desk, settings=strict)
    assert outlook(desk).held == ("it would be held: nobody has approved it, and somebody must",)
    assert outlook(desk, "2026-12-04T09:00").held == ()


def test_what_is_armed_to_go_out_before_it_is_named(desk):
    arm_again(desk, "weekly", every="fri 09:00", timezone="Europe/London")
    when = parse_when("tomorrow 10:00", now=desk.clock(), zone="Europe/London")
    launch(desk, Order(slug="letter"), lambda *_: None, when=when)
    assert [(slug, str(when)) for slug, when in outlook(desk).before] == [
        ("letter", "Mon 23 Nov 2026 10:00 Europe/London")
    ]


def test_figures_of_days_are_those_of_that_time(desk):
    """What comes out between now and then is in it, and what is in it is as old as it will be."""
    publish(desk, "old", "2026-11-10")
    (desk.settings.root / "campaigns" / "weekly.md").write_text(
        DIGEST.format(more="").replace("first_run: everything", "first_run: 14 days")
    )
    arm_again(desk, "weekly", every="fri 09:00", timezone="Europe/London")
    assert inside(outlook(desk, "2026-11-27T09:00")) == []
    issue = Issues(settings=desk.settings, database=desk.database, now=desk.now, clock=desk.clock)
    assert [item.slug for item in issue(read_file(desk, "weekly")).items] == ["old"]
    assert isinstance(desk.clock(), datetime)
    assert ahead_of(desk).when.at - desk.clock() > timedelta(days=4)
