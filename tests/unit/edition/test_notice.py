"""A plain letter from the program itself."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from mailer.edition.notice import notice
from mailer.testing import assert_finished

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "subject", "text"),
    [
        ("", "Plain", "Words."),
        ("Red Solidaria, ¡ya!", "[TEST] Ñandú " * 20, "One\n.two\nFrom three\n" + "ü" * 500),
        ('Quo"ted', "With\tblanks  ", "\n\n"),
    ],
)
def test_it_is_finished_and_says_what_it_should(name, subject, text):
    message = notice(sender="news@example.org", name=name, to="me@example.com", subject=subject, text=text, at=AT)
    assert_finished(message)
    read = message_from_bytes(message.content, policy=policy.default)
    assert (read["From"].addresses[0].addr_spec, read["From"].addresses[0].display_name) == ("news@example.org", name)
    assert read["To"] == "me@example.com"
    assert read["Subject"].split() == subject.split()
    assert read["Message-ID"] == f"<{message.key}@example.org>"
    assert read.get_content().replace("\r\n", "\n") == text.rstrip("\n") + "\n"
    assert (message.sender, message.recipient) == ("news@example.org", "me@example.com")
