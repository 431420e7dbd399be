"""What somebody approved is what goes out, or nothing does; whether somebody must is the settings' business."""

from dataclasses import replace

import pytest

from mailer.errors import Refused
from mailer.launch import (
    Order,
    Repeat,
    count_up,
    give_approval,
    launch,
    pass_gate,
    read_draft,
    standing_approval,
    withdraw,
)
from mailer.storage import subscriptions
from sending_world import Clock, desk_for, make_project, populate, write_letter

LETTER = Order(slug="letter")


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


#: For what the database decides.
both_engines = pytest.mark.parametrize("desk", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def desk(request, project):
    is_postgres = getattr(request, "param", "sqlite") == "postgresql"
    desk = desk_for(project, clock=Clock(), url=request.getfixturevalue("postgres_url") if is_postgres else "")
    populate(desk.database, 200, donors=[1, 2, 3])
    yield desk
    desk.database.dispose()


def demanding(desk, how="always"):
    settings = replace(desk.settings, sending=replace(desk.settings.sending, require_approval=how))
    return replace(desk, settings=settings)


def approve(desk, order=LETTER, by="Ana"):
    draft = read_draft(desk, replace(order, repeat=Repeat.AGAIN))
    return give_approval(desk, draft, count_up(desk, draft, again=False, starts_at=desk.clock()).people, by=by)


def gate(desk, order=LETTER):
    return pass_gate(desk, order, read_draft(desk, order), starts_at=desk.clock())


def leave(desk, number, first=1):
    with desk.database.writing() as connection:
        for one in range(first, first + number):
            subscriptions.leave(connection, one, list_name="news", mailing_id=None, at=desk.clock())


def test_nobody_need_approve_unless_the_settings_say_so(desk):
    assert gate(desk).people == 200
    assert gate(demanding(desk, "over-500")).people == 200
    with pytest.raises(Refused, match="Nobody approved letter") as refused:
        gate(demanding(desk))
    assert "`mailer approve letter`" in refused.value.hint
    with pytest.raises(Refused) as refused:
        gate(demanding(desk), Order(slug="letter", segment="donors", limit=2))
    assert "`mailer approve letter --segment donors --limit 2`" in refused.value.hint


def test_over_500_means_more_than_500(project):
    desk = desk_for(project, clock=Clock())
    populate(desk.database, 501)
    with pytest.raises(Refused, match="over-500"):
        gate(demanding(desk, "over-500"))
    leave(desk, 1)
    assert gate(demanding(desk, "over-500")).people == 500
    desk.database.dispose()


@both_engines
def test_what_was_approved_goes_out(desk):
    given = approve(desk)
    assert (given.approved_by, given.people) == ("Ana", 200)
    assert gate(demanding(desk)).people == 200
    assert launch(demanding(desk), LETTER, lambda *_: None).total == 200


@pytest.mark.parametrize("how", ["off", "always"])
def test_another_text_is_not_what_was_approved(desk, project, how):
    approve(desk)
    write_letter(project, body="Another text, which nobody has looked at yet and which says something else.")
    with pytest.raises(Refused, match="was approved by Ana on 22 November 2026, but its file") as refused:
        gate(demanding(desk, how))
    assert "--withdraw" in refused.value.hint
    approve(desk, by="Ben")
    assert gate(demanding(desk, how)).people == 200, "the newest counts"


def test_other_people_are_not_those_that_were_approved(desk):
    approve(desk, Order(slug="letter", segment="donors"))
    with pytest.raises(Refused, match="for other people than everyone on news"):
        gate(desk)
    assert gate(desk, Order(slug="letter", segment="donors")).people == 3


def test_their_number_may_drift_by_two_in_a_hundred(desk):
    approve(desk)
    leave(desk, 4)
    assert gate(desk).people == 196
    leave(desk, 1, first=5)
    with pytest.raises(Refused, match="it was for 200 people, and there are 195 now"):
        gate(desk)


def test_who_may_have_it_all_may_have_the_rest(desk):
    approve(desk)
    first = launch(desk, LETTER, lambda *_: None)
    with desk.database.writing() as connection:
        connection.exec_driver_sql(f"DELETE FROM delivery WHERE mailing_id = {first.id} AND subscriber_id > 20")
    rest = gate(demanding(desk), Order(slug="letter", repeat=Repeat.REST))
    assert rest.people == 180


@both_engines
def test_an_approval_can_be_taken_back(desk):
    approve(desk)
    approve(desk, by="Ben")
    draft = read_draft(desk, LETTER)
    standing = standing_approval(desk, "letter", draft.edition.sources, draft.audience, 200)
    assert standing.words == "approved by Ben on 22 November 2026"
    assert withdraw(desk, "letter") == 2
    assert withdraw(desk, "letter") == 0
    assert standing_approval(desk, "letter", draft.edition.sources, draft.audience, 200) is None
    with pytest.raises(Refused, match="Nobody approved letter"):
        gate(demanding(desk))


def test_saving_the_file_unchanged_takes_nothing_back(desk, project):
    approve(desk)
    write_letter(project)
    assert gate(demanding(desk)).people == 200
