import os
import resource
import stat
from email import policy
from email.parser import BytesParser

import pytest

from mailer.backend import Sent
from mailer.backends.maildir import MaildirBackend
from mailer.domain.message import OutgoingMessage
from mailer.errors import BackendMisconfigured, BackendUnavailable, SettingsError
from mailer.testing import make_message


@pytest.fixture
def backend(tmp_path):
    return MaildirBackend({"path": str(tmp_path / "out" / "mail")})


def files(backend):
    return sorted(path for path in backend.path.rglob("*") if path.is_file())


def test_a_message_is_one_whole_private_file(backend):
    message = make_message(7)
    assert backend.send(message) == Sent(code=250, text="written to key-7.eml")
    assert files(backend) == [backend.path / "new" / "key-7.eml"]
    (file,) = files(backend)
    assert file.read_bytes() == message.content
    assert BytesParser(policy=policy.default).parsebytes(file.read_bytes())["To"] == "reader7@example.org"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(path.stat().st_mode) for path in [backend.path, *backend.path.iterdir()]} == {0o700}


def test_the_same_message_again_is_the_same_file(backend):
    """As after a crash: nobody has it twice."""
    backend.send(make_message(1))
    backend.send(make_message(1))
    backend.send(make_message(2))
    assert [file.name for file in files(backend)] == ["key-1.eml", "key-2.eml"]


@pytest.mark.parametrize("key", ["../../escape", "a/b", "", ".hidden", "x" * 300, "nul\0", "é\ud800"])
def test_no_key_leads_out_of_the_folder(backend, key):
    message = OutgoingMessage.whole(key=key, sender="a@example.org", recipient="b@example.org", content=b"x\r\n")
    assert isinstance(backend.send(message), Sent)
    (file,) = (path for path in backend.path.parent.rglob("*") if path.is_file())
    assert file.parent == backend.path / "new"


def test_no_room(backend):
    backend.send(make_message(1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(BackendUnavailable, match="no room left") as caught:
            backend.send(make_message(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "resume" in caught.value.hint
    assert [file.name for file in files(backend)] == ["key-1.eml"]  # no half message, no draft
    assert isinstance(backend.send(make_message(2)), Sent)


def test_a_folder_that_cannot_be_one(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(BackendMisconfigured, match="cannot be written"):
            MaildirBackend({"path": str(path)}).open()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_of_somebody_else(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(BackendMisconfigured, match="Permission denied"):
        MaildirBackend({"path": str(tmp_path / "mail")}).open()


def test_without_a_folder():
    with pytest.raises(SettingsError, match="no folder"):
        MaildirBackend({"path": ""})
