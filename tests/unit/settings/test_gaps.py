"""What is missing before real people can be mailed follows from the settings alone."""

from datetime import UTC, datetime

import pytest

from mailer.settings import OrganisationSettings, ProjectSettings, RelaySettings, Settings, WebSettings
from mailer.settings.gaps import EXAMPLE_ADDRESS, EXAMPLE_POSTAL_ADDRESS, Sort, gaps, is_reserved

READY = {
    "organisation": OrganisationSettings(
        name="Solidarity Network", from_address="news@solidarity.org.uk", postal_address="1 High Street, Leeds"
    ),
    "web": WebSettings(public_url="https://mail.solidarity.org.uk"),
    "relays": (RelaySettings(host="smtp.relay.org"),),
}


def lacking(**changed):
    return [(gap.setting, gap.sort) for gap in gaps(Settings(**READY | changed))]


def test_a_project_that_is_ready_lacks_nothing():
    assert lacking() == []


def test_without_any_settings_it_lacks_all_there_is():
    found = gaps(Settings())
    assert [gap.setting for gap in found] == [
        "organisation.name", "organisation.from_address", "organisation.postal_address", "web.public_url", "relays",
    ]  # fmt: skip
    assert {gap.sort for gap in found} == {Sort.UNSET}
    assert all(gap.message and gap.hint for gap in found)


def organisation(**changed):
    values = {"name": "N", "from_address": "news@solidarity.org.uk", "postal_address": "1 High Street, Leeds"} | changed
    return {"organisation": OrganisationSettings(**values)}


@pytest.mark.parametrize(
    ("changed", "gap"),
    [
        (organisation(from_address=EXAMPLE_ADDRESS), ("organisation.from_address", Sort.EXAMPLE)),
        (organisation(from_address="a@news.example"), ("organisation.from_address", Sort.EXAMPLE)),
        (organisation(from_address="a@Gmail.com"), ("organisation.from_address", Sort.TROUBLE)),
        (organisation(postal_address=EXAMPLE_POSTAL_ADDRESS), ("organisation.postal_address", Sort.EXAMPLE)),
        ({"web": WebSettings(public_url="http://127.0.0.1:8000")}, ("web.public_url", Sort.EXAMPLE)),
        ({"web": WebSettings(public_url="https://mail.example.org")}, ("web.public_url", Sort.EXAMPLE)),
        ({"relays": (RelaySettings(host="127.0.0.1"),)}, ("relays", Sort.TROUBLE)),
        (
            {"project": ProjectSettings(clock=datetime(2024, 11, 22, tzinfo=UTC))},
            ("project.clock", Sort.EXAMPLE),
        ),
    ],
)
def test_each_thing_is_noticed(changed, gap):
    assert lacking(**changed) == [gap]


@pytest.mark.parametrize(
    ("domain", "reserved"),
    [
        ("example.org", True),
        ("mail.Example.COM.", True),
        ("test", True),
        ("myexample.org", False),
        ("examples.org", False),
    ],
)
def test_domains_that_nobody_can_own(domain, reserved):
    assert is_reserved(domain) is reserved
