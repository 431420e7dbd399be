"""Which large provider keeps a mailbox, as its address shows it."""

import pytest

from mailer.domain.provider import Provider, provider_of


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("ana@gmail.com", Provider.GMAIL),
        ("ana@googlemail.com", Provider.GMAIL),
        ("ana@outlook.com", Provider.OUTLOOK),
        ("ana@hotmail.co.uk", Provider.OUTLOOK),
        ("ana@live.com.pt", Provider.OUTLOOK),
        ("ana@msn.com", Provider.OUTLOOK),
        ("ana@yahoo.com.br", Provider.YAHOO),
        ("ana@ymail.com", Provider.YAHOO),
        ("ana@rocketmail.com", Provider.YAHOO),
        ("ana@aol.co.uk", Provider.YAHOO),
        ("ana@me.com", Provider.ICLOUD),
        ("ana@mac.com", Provider.ICLOUD),
        ("ana@icloud.com", Provider.ICLOUD),
        ("ana@gmail.com.example.org", Provider.OTHER),
        ("ana@mail.gmail.com", Provider.OTHER),
        ("gmail.com@example.org", Provider.OTHER),
        ("ana@livewire.example.org", Provider.OTHER),
        ("ana@gmail.co", Provider.OTHER),
        ("ana@example.org", Provider.OTHER),
    ],
)
def test_an_address_belongs_to_the_group_of_its_domain(address, group):
    assert provider_of(address) is group


def test_settings_name_groups_by_their_word():
    assert [one.word for one in Provider] == ["other", "gmail", "outlook", "yahoo", "icloud"]
