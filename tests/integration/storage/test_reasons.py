"""Why a person would be mailed or not, rule by rule."""

from datetime import UTC, datetime

import pytest

from ledger_world import add_mailing, make_database
from mailer.domain.audience import Audience
from mailer.domain.mailing import RowState
from mailer.domain.segment import Not, Tagged
from mailer.storage import audiences, control, mailings, reasons
from sending_world import populate

NOW = datetime.now(UTC)


@pytest.fixture
def database(database_url):
    made = make_database(database_url)
    populate(made, 8, donors=(2, 3))
    yield made
    made.dispose()


def holds(database, audience, who):
    with database.reading() as connection:
        found = reasons.verdicts(connection, audience, who, now=NOW)
        assert all(one.ok for one in found) == audiences.includes(connection, audience, who, now=NOW)
    return {one.rule: one.ok for one in found}


@pytest.mark.parametrize("who", range(1, 9))
def test_all_rules_hold_exactly_for_those_who_would_be_mailed(database, who):
    earlier = add_mailing(database, 4)
    for audience in (
        Audience(list_name="news"),
        Audience(list_name="events"),
        Audience(list_name="news", segment=Tagged("donor")),
        Audience(list_name="news", exclude=Tagged("donor")),
        Audience(list_name="news", segment=Not(Tagged("donor")), limit=2, sample_seed=5),
        Audience(list_name="news", without=(earlier,)),
    ):
        holds(database, audience, who)


def test_each_rule_is_named(database):
    earlier = add_mailing(database, 4)
    audience = Audience(list_name="news", segment=Tagged("donor"), exclude=Tagged("donor"), without=(earlier,))
    assert holds(database, audience, 2) == {
        "list:news": True, "not suppressed": True, "tag:donor": True, "-tag:donor": False, "not mailed before": False,
    }  # fmt: skip


def test_rows_that_ended_with_their_mailing_have_a_last_step(database):
    one = add_mailing(database, 4)
    with database.writing() as connection:
        control.cancel_rows(connection, one)
        steps = reasons.steps(connection, mailings.get(connection, one), 3)
        assert [step.state for step in steps] == [RowState.QUEUED, RowState.CANCELLED]
        assert reasons.steps(connection, mailings.get(connection, one), 8) == []
