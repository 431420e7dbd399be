from mailer.backend import Deferred, Refused, Sent, Uncertain
from mailer.delivery.breaker import IN_A_ROW, LIMIT, WINDOW, Breaker, Stall

SPAM = Refused(code=554, enhanced="5.7.1", text="looks like spam")
OTHER = Refused(code=550, enhanced="5.7.26", text="not authenticated")
GONE = Refused(code=550, enhanced="5.1.1", text="no such user", bad_address=True)


def fed(*receipts, breaker=None):
    """The first reason, and after how many answers it came."""
    breaker = breaker or Breaker()
    for number, receipt in enumerate(receipts, 1):
        reason = breaker.record(receipt)
        if reason:
            return reason, number
    return None


def test_ten_alike_in_a_row_trip_it_and_the_reply_is_quoted():
    reason, after = fed(*[SPAM] * 20)
    assert after == IN_A_ROW
    assert reason.endswith('"554 5.7.1 looks like spam"')


def test_the_text_may_differ_it_often_holds_the_address():
    texts = [Refused(code=554, enhanced="5.7.1", text=f"<person{number}@example.org>: no") for number in range(10)]
    assert fed(*texts)[1] == 10


def test_the_reason_is_the_mailings_so_it_names_nobody():
    reply = Refused(
        code=554,
        enhanced="5.7.1",
        text="<ana.rivas@example.org>: blocked, see https://relay.example/?r=ana@example.org",
    )
    reason, _ = fed(*[reply] * 10)
    assert '"554 5.7.1 <a***@example.org>: blocked, see https:' in reason
    assert "ana" not in reason


def test_one_that_was_sent_or_refused_otherwise_begins_a_new_row():
    assert fed(*[SPAM] * 9, Sent(), *[SPAM] * 9) is None
    assert fed(*[SPAM] * 9, OTHER, *[SPAM] * 9) is None
    assert fed(*[SPAM] * 9, Uncertain(), *[SPAM] * 9) is None


def test_a_relay_that_breaks_off_each_time_leaves_no_more_than_ten_in_doubt():
    lost = Uncertain(text="The relay closed the connection.")
    reason, after = fed(*[lost] * 20)
    assert after == IN_A_ROW
    assert "left and got no answer" in reason
    assert "closed the connection" in reason
    assert fed(*[Sent(), lost] * 100)[1] == 2 * LIMIT


def test_one_that_was_put_off_is_no_answer():
    assert fed(*[SPAM] * 9, Deferred(code=451), SPAM)[1] == 11


def test_addresses_that_do_not_exist_are_not_our_fault():
    assert fed(*[GONE] * 2000) is None
    assert fed(*[SPAM] * 9, GONE, SPAM)[1] == 11


def test_five_percent_of_the_last_five_hundred_trip_it():
    mixed = [Sent()] * 19 + [SPAM]  # 1 in 20
    reason, after = fed(*mixed * 100)
    assert after == LIMIT * 20 == WINDOW
    assert "25 of the last 500" in reason


def test_refusals_long_ago_are_forgotten():
    rare = [Sent()] * 24 + [SPAM]  # 4 %
    assert fed(*rare * 400) is None


def test_early_refusals_do_not_wait_for_five_hundred():
    assert fed(*[SPAM, OTHER] * 100)[1] == LIMIT


def test_after_it_tripped_it_starts_anew():
    breaker = Breaker()
    assert fed(*[SPAM] * 10, breaker=breaker)
    assert fed(*[SPAM] * 9, breaker=breaker) is None


BUSY, FULL = Deferred(code=451, enhanced="4.3.2", text="no room"), Deferred(code=452, enhanced="4.2.2")


def told(*receipts):
    """Which of the receipts let the connection rest."""
    stall = Stall()
    return [number for number, receipt in enumerate(receipts, 1) if stall.record(receipt, again=False)]


def test_the_tenth_message_put_off_alike_and_each_after_it_let_the_connection_rest():
    assert told(*[BUSY] * 12) == [10, 11, 12]
    assert Stall().record(BUSY, again=False) == ""


def test_any_other_answer_ends_the_run():
    for other in (Sent(code=250), FULL, SPAM, Deferred(text="The connection was lost.")):
        assert told(*[BUSY] * 9, other, *[BUSY] * 9) == []


def test_messages_that_no_relay_answered_are_no_run():
    assert told(*[Deferred(text="The connection was lost.")] * 30) == []


def test_who_takes_the_second_time_what_was_put_off_may_put_off_everybody_once():
    stall = Stall()
    assert [bool(stall.record(BUSY, again=False)) for _ in range(10)] == [False] * 9 + [True]
    assert stall.record(Sent(code=250), again=True) == ""
    assert not any(stall.record(BUSY, again=False) for _ in range(50))
    assert [bool(stall.record(BUSY, again=True)) for _ in range(10)] == [False] * 9 + [True], "but nobody twice"
    assert stall.record(BUSY, again=False), "and then it is as busy as any other"
