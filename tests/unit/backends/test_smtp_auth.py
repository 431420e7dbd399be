import pytest

from mailer.backends.smtp_auth import MECHANISMS, choose


def test_plain():
    assert list(MECHANISMS["PLAIN"]("tim", "tanstaaftanstaaf")) == [b"\0tim\0tanstaaftanstaaf"]  # RFC 4616 §4


def test_login():
    steps = MECHANISMS["LOGIN"]("tim", "påss")
    assert [next(steps), steps.send(b"Username:"), steps.send(b"Password:")] == [None, b"tim", "påss".encode()]


def test_cram_md5():
    steps = MECHANISMS["CRAM-MD5"]("tim", "tanstaaftanstaaf")
    assert next(steps) is None
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert steps.send(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"  # the example of RFC 2195 §2


@pytest.mark.parametrize(
    ("offered", "encrypted", "chosen"),
    [
        (["LOGIN", "PLAIN", "XOAUTH2"], True, ["PLAIN", "LOGIN"]),
        (["LOGIN", "PLAIN", "CRAM-MD5"], False, ["CRAM-MD5", "PLAIN", "LOGIN"]),
        (["GSSAPI"], True, []),
    ],
)
def test_the_best_that_both_know_comes_first(offered, encrypted, chosen):
    assert choose(offered, encrypted=encrypted) == chosen
