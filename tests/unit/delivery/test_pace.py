"""What one worker process gives to its relays, from the settings and from where they stand."""

from mailer.backends.memory import MemoryBackend
from mailer.delivery.pace import route_for
from mailer.settings import RelaySettings, SendingSettings, Settings

FAR, NEAR = RelaySettings(host="relay.example.org"), RelaySettings(host="127.0.0.1")


def route(settings, relay, **options):
    """(messages a second of all processes together, connections of one process)."""
    made = route_for(settings, relay, MemoryBackend, **options)
    return made.limits.rate, made.connections


def test_a_relay_elsewhere_is_treated_with_care_until_somebody_says_otherwise():
    assert route(Settings(), FAR) == (5.0, 2)
    told = Settings(sending=SendingSettings(connections=8), origins={"sending.connections": "mailer.toml"})
    assert route(told, FAR) == (5.0, 8)
    assert route(Settings(), RelaySettings(host="relay.example.org", rate=90.0)) == (90.0, 4)


def test_on_this_machine_there_is_no_limit_but_one_that_is_set():
    assert route(Settings(), NEAR) == (0.0, 4)
    assert route(Settings(), RelaySettings(host="127.0.0.1", rate=3.0))[0] == 3.0


def test_processes_share_the_connections_and_the_database_sees_that_they_share_the_rate():
    assert route(Settings(), FAR, processes=2) == (5.0, 1)
