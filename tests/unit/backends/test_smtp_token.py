"""Where a token comes from: settings, file, command; and when another one is asked for."""

import shlex
import sys
import threading
import time

import pytest

from mailer.backends.smtp_options import SmtpOptions
from mailer.backends.smtp_token import TokenSource
from mailer.errors import BackendMisconfigured, BackendUnavailable


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def source(clock=time.monotonic, **options):
    return TokenSource(SmtpOptions(host="localhost", user="ana", **options), clock=clock)


def command(program):
    return shlex.join([sys.executable, "-c", program])


@pytest.fixture
def counting(tmp_path):
    """A command that prints token1, token2 … with a life, if one is given."""
    made = tmp_path / "made"

    def build(life=None):
        printed = "f'token{n}'" if life is None else f"json.dumps(dict(access_token=f'token{{n}}', expires_in={life}))"
        return command(
            f"import json, pathlib; made = pathlib.Path({str(made)!r})\n"
            f"n = len(made.read_text()) + 1 if made.exists() else 1\n"
            f"made.write_text('x' * n); print({printed})"
        )

    return build


def test_one_of_the_settings_is_all_there_is():
    tokens = source(token="ya29.a-b_c~d+e/f==")
    assert tokens.current() == "ya29.a-b_c~d+e/f=="
    assert tokens.instead_of("ya29.a-b_c~d+e/f==") is None


def test_a_file_is_read_for_each_login(tmp_path):
    path = tmp_path / "token"
    path.write_text("first\n")
    tokens = source(token_file=str(path))
    assert tokens.current() == "first"
    assert tokens.instead_of("first") is None
    path.write_text("second\n")
    assert tokens.instead_of("first") == "second"
    assert tokens.current() == "second"


@pytest.mark.parametrize(("life", "kept"), [(None, 299), (3600, 3539)])
def test_a_command_runs_again_before_its_token_ends(counting, life, kept):
    clock = Clock()
    tokens = source(clock, token_command=counting(life))
    assert tokens.current() == tokens.current() == "token1"
    clock.now += kept
    assert tokens.current() == "token1"
    clock.now += 1
    assert tokens.current() == "token2"


def test_a_command_runs_again_when_its_token_is_refused(counting):
    tokens = source(Clock(), token_command=counting(3600))
    assert tokens.current() == "token1"
    assert tokens.instead_of("token1") == "token2"
    assert tokens.current() == "token2"


def test_a_command_that_prints_the_same_again_has_no_other(tmp_path):
    tokens = source(token_command=command("print('same')"))
    assert tokens.current() == "same"
    assert tokens.instead_of("same") is None


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"token_file": "/nowhere/token"}, BackendMisconfigured, "/nowhere/token cannot be read: No such file"),
        ({"token_command": "/nowhere/program --now"}, BackendMisconfigured, "cannot be run: No such file"),
        ({"token_command": command("raise SystemExit(3)")}, BackendUnavailable, "failed with exit code 3"),
        ({"token_command": command("print('s3cret and more')")}, BackendMisconfigured, "gives no access token"),
        ({"token_command": command('print(\'{"error": "s3cret"}\')')}, BackendMisconfigured, "gives no access token"),
        ({"token_command": command("print('[1]')")}, BackendMisconfigured, "gives no access token"),
        ({"token_command": command("pass")}, BackendMisconfigured, "gives no access token"),
    ],
)
def test_what_gives_no_token_is_told(options, kind, said):
    with pytest.raises(kind) as caught:
        source(**options).current()
    assert said in str(caught.value)
    assert "s3cret and" not in str(caught.value) + caught.value.hint


def test_what_a_failing_command_complains_of_is_passed_on():
    tokens = source(token_command=command("import sys; sys.exit('first\\nrefresh token\\trevoked\\n')"))
    with pytest.raises(BackendUnavailable) as caught:
        tokens.current()
    assert caught.value.hint == "refresh token?revoked"


def test_a_command_does_not_hold_up_a_worker_that_stops():
    tokens = source(token_command=command("import time; print('on', flush=True); time.sleep(600)"))
    outcome = []

    def call():
        try:
            tokens.current()
        except BackendUnavailable as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while tokens._running is None:
        time.sleep(0.001)
    tokens.abort()
    thread.join(60)
    assert not thread.is_alive()
    assert len(outcome) == 1
    with pytest.raises(BackendUnavailable):  # nor does one that starts later
        tokens.current()
