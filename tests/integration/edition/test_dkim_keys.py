"""Keys in files and in the environment: every way in which one can be of no use has its own message."""

import os
import re
import subprocess

import pytest

from mailer.edition.dkim import Algorithm
from mailer.edition.dkim_keys import configured, read_file, signer_for, write
from mailer.errors import Refused, SettingsError
from mailer.settings import load
from signing import ED25519, RSA, key

TOML = """
[organisation]
from_address = "news@example.org"
[dkim]
selector = "m1"
"""


def project(root, toml=TOML, **environment):
    root.mkdir(exist_ok=True)
    (root / "mailer.toml").write_text(toml)
    return load(root, {f"MAILER_DKIM__{name}".upper(): value for name, value in environment.items()})


def put(root, content, *, name="m1", mode=0o600):
    path = root / ".mailer" / "dkim" / f"{name}.pem"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], capture_output=True, check=True).stdout


def refusal(settings):
    with pytest.raises(SettingsError) as refused:
        signer_for(settings)
    return f"{refused.value.message} {refused.value.hint}"


def test_the_key_of_the_selector_signs(tmp_path):
    settings = project(tmp_path)
    put(tmp_path, key(RSA).pem())
    signer = signer_for(settings)
    assert signer.domain == "example.org"
    (one,) = signer.keys
    assert (one.selector, one.key.algorithm, one.key.public) == ("m1", RSA, key(RSA).public)


def test_both_keys_that_for_rsa_first(tmp_path):
    settings = project(tmp_path, TOML + 'ed25519_selector = "e1"\nkey_file = "keys/rsa.pem"\n')
    put(tmp_path, key(ED25519).pem(), name="e1")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "rsa.pem").write_bytes(key(RSA).pem())
    (tmp_path / "keys" / "rsa.pem").chmod(0o640)  # a group of those who may is their own affair
    assert [one.key.algorithm for one in signer_for(settings).keys] == [RSA, ED25519]


def test_a_key_from_the_environment_needs_no_project(tmp_path):
    (tmp_path / "secret").write_bytes(key(RSA).pem())
    for name, value in (
        ("MAILER_DKIM__PRIVATE_KEY", key(RSA).pem().decode()),
        ("MAILER_DKIM_KEY", key(RSA).pem().decode().replace("\n", "\\n")),
        ("MAILER_DKIM_KEY_FILE", str(tmp_path / "secret")),
        ("MAILER_DKIM__KEY_FILE", str(write_private(tmp_path / "private.pem"))),
    ):
        settings = load(None, {"MAILER_DKIM__SELECTOR": "m1", "MAILER_DKIM__DOMAIN": "example.org", name: value})
        assert signer_for(settings).keys[0].key.public == key(RSA).public


def write_private(path):
    if not path.exists():
        write(path, key(RSA))
    return path


def test_a_domain_outside_ascii_signs_in_ascii(tmp_path):
    settings = project(tmp_path, TOML.replace("example.org", "Ñandú.example"))
    put(tmp_path, key(RSA).pem())
    assert signer_for(settings).domain == "xn--and-6ma2c.example"


def test_a_missing_key(tmp_path):
    said = refusal(project(tmp_path))
    assert "There is no DKIM key" in said
    assert ".mailer/dkim/m1.pem" in said
    assert "mailer dkim new" in said


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o666])
def test_a_key_that_everybody_can_read(tmp_path, mode):
    path = put(tmp_path, key(RSA).pem(), mode=mode)
    assert f"chmod 600 {path}" in refusal(project(tmp_path))


def test_a_folder_in_the_place_of_a_key(tmp_path):
    (tmp_path / ".mailer" / "dkim" / "m1.pem").mkdir(parents=True, mode=0o700)
    assert "cannot be read: Is a directory" in refusal(project(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_key_that_we_may_not_read(tmp_path):
    put(tmp_path, key(RSA).pem(), mode=0)
    assert "cannot be read: Permission denied" in refusal(project(tmp_path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as one"),
        (b"-----BEGIN PRIVATE KEY-----\nMIIC\n-----END PRIVATE KEY-----\n", "cannot be read as one"),
        (b"\xff\x00\xfe", "cannot be read as one"),
    ],
)
def test_what_is_no_key(tmp_path, content, words):
    path = put(tmp_path, content)
    said = refusal(project(tmp_path))
    assert words in said
    assert str(path) in said


def test_other_kinds_of_keys(tmp_path):
    settings = project(tmp_path)
    path = put(tmp_path, key(RSA).pem())
    public = openssl("pkey", "-in", str(path), "-pubout")
    locked = openssl("pkey", "-in", str(path), "-aes256", "-passout", "pass:secret")
    short = openssl("genrsa", "512") if _can_make_short_keys() else None
    for content, words in (
        (public, "is a public key"),
        (locked, "is protected by a password"),
        (openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"), "of a kind that signs no mail"),
        (key(ED25519).pem(), "is for Ed25519, and one for RSA belongs there"),
        (short, "has 512 bits, and receivers ignore keys under 1,024"),
    ):
        if content is not None:
            put(tmp_path, content)
            assert words in refusal(settings)


def _can_make_short_keys():
    return subprocess.run(["openssl", "genrsa", "512"], capture_output=True, check=False).returncode == 0


def test_a_key_shorter_than_advised_signs_and_is_mentioned(tmp_path, caplog):
    put(tmp_path, openssl("genrsa", "1024"))
    assert signer_for(project(tmp_path)).keys[0].key.weak
    assert "selector=m1 bits=1024" in caplog.text


def test_settings_that_do_not_fit_together(tmp_path):
    for toml, words in (
        ('[dkim]\nkey_file = "x.pem"\n', "no dkim.selector, so mail would leave unsigned"),
        ('[dkim]\ned25519_selector = "e1"\n', "dkim.ed25519_selector is set and dkim.selector is not"),
        ('[dkim]\nselector = "m1"\ned25519_selector = "M1"\n', 'are both "m1"'),
        ('[dkim]\nselector = "m1"\ned25519_private_key = "x"\n', "no dkim.ed25519_selector"),
    ):
        settings = project(tmp_path, toml)
        assert settings.dkim.wanted
        with pytest.raises(SettingsError) as refused:
            configured(settings)
        assert words in f"{refused.value.message} {refused.value.hint}"


def test_no_domain_and_no_project():
    environment = {"MAILER_DKIM__SELECTOR": "m1"}
    assert "MAILER_DKIM_KEY_FILE" in refusal(load(None, environment))
    key_alone = environment | {"MAILER_DKIM__PRIVATE_KEY": key(RSA).pem().decode()}
    assert "No domain is set" in refusal(load(None, key_alone))


def test_a_new_key_is_private_and_never_written_over(tmp_path):
    path = tmp_path / "a" / "dkim" / "m1.pem"
    write(path, key(RSA))
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert read_file(path).public == key(RSA).public
    with pytest.raises(Refused, match="already"):
        write(path, key(ED25519))
    assert read_file(path).algorithm is Algorithm.RSA
    assert [one.name for one in path.parent.iterdir()] == ["m1.pem"]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        write(tmp_path / "file" / "m1.pem", key(RSA))


def test_nothing_repeats_a_piece_of_a_key(tmp_path):
    pem = key(RSA).pem().decode()
    damaged = pem.replace("MII", "MIJ", 1)
    secret = re.findall(r"[A-Za-z0-9+/]{40,}", pem)
    settings = project(tmp_path, private_key=damaged)
    said = refusal(settings) + repr(settings)
    assert "MAILER_DKIM__PRIVATE_KEY" in said
    assert not [piece for piece in secret if piece in said]
