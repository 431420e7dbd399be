"""Every reason not to send is a sentence that says what to do instead."""

from datetime import UTC, datetime, timedelta

import pytest

from mailer.domain.mailing import Counts, InDoubt, Mailing, MailingState, RowState
from mailer.errors import Refused, SettingsError
from mailer.launch import Order, Repeat
from mailer.launch.gate import refuse_late, refuse_no_relay, refuse_repeat, refuse_unexpected, refuse_unfit
from mailer.launch.plan import Earlier
from mailer.settings import ProjectSettings, RelaySettings, Settings, WebSettings

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HERE, FAR = RelaySettings(host="127.0.0.1", port=25, security="none"), RelaySettings(host="relay.example.org")


def earlier(state, **rows):
    counts = dict.fromkeys(RowState, 0) | {RowState[name.upper()]: number for name, number in rows.items()}
    mailing = Mailing(
        id=7, slug="letter", number=1, kind="article", title="", edition_id=1, list_name="news", state=state,
        state_reason="", created_at=NOW, starts_at=NOW, started_at=NOW, finished_at=None, send_by=None,
        give_up_at=NOW, in_doubt=InDoubt.HOLD, total=sum(counts.values()),
    )  # fmt: skip
    return Earlier(mailing=mailing, counts=Counts(counts, deferred=0))


def test_without_a_relay_it_says_how_to_add_one():
    with pytest.raises(SettingsError, match="No relay is configured") as caught:
        refuse_no_relay(Settings())
    assert "MAILER_SMTP_URL" in caught.value.hint


def test_on_this_machine_a_project_may_have_a_clock_of_its_own_and_no_public_address():
    refuse_unfit(Settings(relays=(HERE,), project=ProjectSettings(clock=NOW)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"project": ProjectSettings(clock=NOW)}, "project.clock is set"),
        ({}, "not an https address"),
        ({"web": WebSettings(public_url="http://127.0.0.1:8000")}, "not an https address"),
    ],
)
@pytest.mark.parametrize("relays", [(FAR,), (HERE, FAR)])
def test_off_this_machine_mail_needs_the_real_time_and_an_https_address(settings, message, relays):
    with pytest.raises(Refused, match=message):
        refuse_unfit(Settings(relays=relays, **settings))


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (earlier(MailingState.FINISHED, sent=12), "letter was sent: mailing 7 .finished. has reached 12 people"),
        (earlier(MailingState.FINISHED, failed=2), "letter was sent"),
        (earlier(MailingState.SENDING, sent=1, queued=3), "letter is under way.* has reached 1 person"),
        (earlier(MailingState.WAITING, queued=3), "letter is under way"),
        (earlier(MailingState.CANCELLED, sent=1, cancelled=3), "letter was sent"),
        (earlier(MailingState.CANCELLED, uncertain=1), "letter was sent"),
        (earlier(MailingState.EXPIRED, sent=1), "letter was sent"),
    ],
)
def test_a_second_time_is_refused_unless_it_was_asked_for(before, message):
    with pytest.raises(Refused, match=message):
        refuse_repeat(Order(slug="letter"), [before])
    refuse_repeat(Order(slug="letter", repeat=Repeat.REST), [before])
    refuse_repeat(Order(slug="letter", repeat=Repeat.AGAIN), [before])


@pytest.mark.parametrize("state", [MailingState.SCHEDULED, MailingState.MATERIALISING])
@pytest.mark.parametrize("repeat", [Repeat.REFUSE, Repeat.REST])
def test_nobody_knows_who_the_rest_are_before_the_rows_are_written(state, repeat):
    with pytest.raises(Refused, match=f"letter is {state} already .mailing 7.") as caught:
        refuse_repeat(Order(slug="letter", repeat=repeat), [earlier(state)])
    assert "mailer cancel 7" in caught.value.hint
    refuse_repeat(Order(slug="letter", repeat=Repeat.AGAIN), [earlier(state)])


@pytest.mark.parametrize("state", [MailingState.CANCELLED, MailingState.EXPIRED])
def test_what_ended_without_reaching_anybody_was_no_first_time(state):
    refuse_repeat(Order(slug="letter"), [earlier(state, cancelled=3)])


@pytest.mark.parametrize(("people", "fine"), [(100, True), (102, True), (98, True), (103, False), (97, False)])
def test_the_expected_number_may_be_off_by_two_per_cent(people, fine):
    order = Order(slug="letter", expect=100, confirmed=True, can_ask=False)
    if fine:
        refuse_unexpected(order, people)
    else:
        with pytest.raises(Refused, match=f"{people} people would be mailed, and 100 were expected"):
            refuse_unexpected(order, people)


@pytest.mark.parametrize(
    ("confirmed", "expect", "fine"), [(False, None, False), (True, None, False), (False, 10, False), (True, 10, True)]
)
def test_with_nobody_to_ask_it_takes_yes_and_the_number(confirmed, expect, fine):
    order = Order(slug="letter", confirmed=confirmed, expect=expect, can_ask=False)
    if fine:
        refuse_unexpected(order, 10)
    else:
        with pytest.raises(Refused, match="nobody to confirm it") as caught:
            refuse_unexpected(order, 10)
        assert "--yes --expect 10" in caught.value.hint


def test_what_would_end_after_send_by_is_refused_with_its_end():
    send_by = NOW + timedelta(hours=1)
    refuse_late("letter", send_by=None, starts_at=NOW, ends_at=None)
    refuse_late("letter", send_by=send_by, starts_at=NOW, ends_at=send_by)
    with pytest.raises(Refused, match=r"would leave on 22 November 2026 10:01 UTC, after send_by"):
        refuse_late("letter", send_by=send_by, starts_at=NOW, ends_at=send_by + timedelta(minutes=1))
    with pytest.raises(Refused, match="that is over"):
        refuse_late("letter", send_by=NOW, starts_at=NOW, ends_at=None)


@pytest.mark.parametrize(
    ("relay", "speed"), [(HERE, 0.0), (FAR, 5.0), (RelaySettings(host="relay.example.org", rate=50.0), 50.0)]
)
def test_an_unknown_relay_is_treated_with_care(relay, speed):
    assert relay.speed == speed
