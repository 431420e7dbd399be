from hypothesis import given
from hypothesis import strategies as st

from mailer.backends.memory import MemoryBackend
from mailer.delivery.pace import route_for
from mailer.delivery.pacing import BURST_SECONDS, Bucket
from mailer.settings import RelaySettings, SendingSettings, Settings

times = st.lists(st.tuples(st.floats(0, 2), st.integers(1, 50)), min_size=1, max_size=60)


@given(rate=st.sampled_from([0.5, 5.0, 37.0, 1000.0]), steps=times, unused=st.integers(0, 5))
def test_no_span_of_time_carries_more_than_the_rate_and_one_burst(rate, steps, unused):
    bucket, now, granted = Bucket(rate, 0.0), 0.0, []
    for pause, wanted in steps:
        now += pause
        got = bucket.take(wanted, now)
        back = min(got, unused)
        bucket.give_back(back)
        granted.append((now, got - back))
    burst = max(1.0, rate * BURST_SECONDS)
    for number, (start, _) in enumerate(granted):
        total = 0
        for at, got in granted[number:]:
            total += got
            assert total <= rate * (at - start) + burst + 1e-6


def test_waiting_as_long_as_it_says_is_long_enough():
    bucket = Bucket(5.0, 0.0)
    assert bucket.take(10, 0.0) == 1
    assert bucket.take(10, 0.0) == 0
    seconds = bucket.wait(0.0)
    assert 0.19 < seconds < 0.21
    assert bucket.take(10, seconds) == 1


def test_a_clock_that_steps_back_gives_nothing_away():
    bucket = Bucket(5.0, 100.0)
    bucket.take(1, 100.0)
    assert bucket.take(1, 50.0) == 0
    assert bucket.take(10, 100.1) == 0


def test_no_rate_is_no_limit():
    assert Bucket(0.0, 0.0).take(500, 0.0) == 500
    assert Bucket(0.0, 0.0).wait(0.0) == 0


FAR, NEAR = RelaySettings(host="relay.example.org"), RelaySettings(host="127.0.0.1")


def route(settings, relay, **options):
    """(messages a second, connections) of one process."""
    made = route_for(settings, relay, MemoryBackend, **options)
    return made.rate, made.connections


def test_a_relay_elsewhere_is_treated_with_care_until_somebody_says_otherwise():
    assert route(Settings(), FAR) == (5.0, 2)
    told = Settings(sending=SendingSettings(connections=8), origins={"sending.connections": "mailer.toml"})
    assert route(told, FAR) == (5.0, 8)
    assert route(Settings(), RelaySettings(host="relay.example.org", rate=90.0)) == (90.0, 4)


def test_on_this_machine_there_is_no_limit_but_one_that_is_set():
    assert route(Settings(), NEAR) == (0.0, 4)
    assert route(Settings(), RelaySettings(host="127.0.0.1", rate=3.0))[0] == 3.0


def test_processes_share_the_rate_and_the_connections():
    assert route(Settings(), FAR, processes=2) == (2.5, 1)
