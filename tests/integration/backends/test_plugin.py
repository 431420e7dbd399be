"""A backend that somebody else wrote: a distribution of its own, found by its entry point, used as a relay."""

import importlib
import json
import shutil
import stat
import sys
from pathlib import Path

import pytest

from mailer.app import App
from mailer.backend import Sent
from mailer.backends.failover import FailoverBackend
from mailer.backends.smtp import SmtpBackend
from mailer.errors import SettingsError
from mailer.settings import load
from mailer.testing import make_message

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_backend.py"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The example of docs/write-a-backend.md, as pip leaves it behind."""
    site = tmp_path / "site-packages"
    info = site / "campaign_mailer_sendmail-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy(EXAMPLE, site / "my_backend.py")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: campaign-mailer-sendmail\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mailer.backends]\nsendmail = my_backend:SendmailBackend\n")
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    yield
    sys.modules.pop("my_backend", None)


@pytest.fixture
def program(tmp_path):
    """A sendmail that writes down what it is given."""
    path, log = tmp_path / "sendmail", tmp_path / "log"
    path.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"open({str(log)!r}, 'a').write(json.dumps([sys.argv[1:], sys.stdin.read()]) + '\\n')\n"
    )
    path.chmod(stat.S_IRWXU)
    return path, log


def app_with(folder, toml):
    (folder / "mailer.toml").write_text(toml)
    return App(load(folder, {}))


def test_a_relay_names_it_and_gives_it_what_stands_in_the_settings(installed, program, tmp_path):
    path, log = program
    toml = f'[[relays]]\nname = "here"\nbackend = "sendmail"\npath = "{path}"\n[relays.options]\nflags = "-oi"\n'
    app = app_with(tmp_path, toml)
    backend = app.backend(app.relays[0])
    assert backend.name == "sendmail"
    assert backend.options["flags"] == "-oi"
    assert isinstance(backend.send(make_message(1)), Sent)
    (arguments, _) = json.loads(log.read_text())
    assert arguments[-1] == "reader1@example.org"
    assert not app.relays[0].on_loopback, "where a plugin's mail goes nobody can say"


def test_what_is_not_installed_is_refused_and_what_is_there_is_named(installed, tmp_path):
    app = app_with(tmp_path, '[[relays]]\nname = "birds"\nbackend = "pigeon"\n')
    with pytest.raises(SettingsError, match='no backend "pigeon"') as caught:
        app.backend(app.relays[0])
    assert "maildir, memory, sendmail, smtp" in caught.value.hint


def test_several_hosts_of_a_relay_stand_in_for_each_other(tmp_path):
    app = app_with(tmp_path, '[[relays]]\nhost = "127.0.0.1, localhost"\nsecurity = "none"\n')
    assert isinstance(app.backend(app.relays[0]), FailoverBackend)
    one = app_with(tmp_path, '[[relays]]\nhost = "127.0.0.1"\nsecurity = "none"\n')
    assert isinstance(one.backend(one.relays[0]), SmtpBackend)
