import pytest

from mailer.backends.smtp_auth import MECHANISMS, Identity, choose


def steps(name, **who):
    return MECHANISMS[name](Identity(**who))


def test_plain():
    assert list(steps("PLAIN", user="tim", secret="tanstaaftanstaaf")) == [b"\0tim\0tanstaaftanstaaf"]  # RFC 4616 §4


def test_login():
    found = steps("LOGIN", user="tim", secret="påss")
    assert [next(found), found.send(b"Username:"), found.send(b"Password:")] == [None, b"tim", "påss".encode()]


def test_cram_md5():
    found = steps("CRAM-MD5", user="tim", secret="tanstaaftanstaaf")
    assert next(found) is None
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert found.send(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"  # the example of RFC 2195 §2


def test_xoauth2():
    """The example of Google's documentation; what its refusal says is answered with nothing."""
    found = steps("XOAUTH2", user="someuser@example.com", secret="ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")
    assert next(found) == b"user=someuser@example.com\1auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\1\1"
    assert found.send(b'{"status":"401"}') == b""


def test_oauthbearer():
    """RFC 7628 §4.1 and §4.3."""
    found = steps(
        "OAUTHBEARER",
        user="user@example.com",
        secret="vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
        host="server.example.com",
        port=587,
    )
    assert next(found) == (
        b"n,a=user@example.com,\1host=server.example.com\1port=587\1"
        b"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1"
    )
    assert found.send(b'{"status":"invalid_token"}') == b"\1"
    assert next(steps("OAUTHBEARER", user="a,b=c", secret="t")).startswith(b"n,a=a=2Cb=3Dc,\1")


@pytest.mark.parametrize(
    ("offered", "encrypted", "token", "chosen"),
    [
        (["LOGIN", "PLAIN", "XOAUTH2"], True, False, ["PLAIN", "LOGIN"]),
        (["LOGIN", "PLAIN", "CRAM-MD5"], False, False, ["CRAM-MD5", "PLAIN", "LOGIN"]),
        (["GSSAPI"], True, False, []),
        (["PLAIN", "OAUTHBEARER", "XOAUTH2"], True, True, ["XOAUTH2", "OAUTHBEARER"]),
        (["PLAIN", "LOGIN"], True, True, []),  # a token is no password
    ],
)
def test_the_best_that_both_know_comes_first(offered, encrypted, token, chosen):
    assert choose(offered, encrypted=encrypted, token=token) == chosen
