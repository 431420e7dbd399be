import pytest

from mailer.errors import InputProblems, SettingsError
from mailer.settings import RelaySettings, find_project, is_loopback, load, relay_from_url


def write(folder, text):
    (folder / "mailer.toml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_file_and_variables_everything_has_its_default():
    settings = load(None, {})
    assert settings.sending.lease_seconds == 60
    assert settings.subscribers.default_list in settings.subscribers.lists
    assert settings.relays == ()


def test_the_environment_stands_above_the_file_and_says_so(tmp_path):
    root = write(tmp_path, '[sending]\nlease_seconds = 30\nconnections = 2\n[organisation]\nname = "N"\n')
    settings = load(root, {"MAILER_SENDING__LEASE_SECONDS": "5"})
    assert (settings.sending.lease_seconds, settings.sending.connections, settings.organisation.name) == (5, 2, "N")
    assert settings.origins["sending.lease_seconds"] == "MAILER_SENDING__LEASE_SECONDS"
    assert settings.origins["sending.connections"] == "mailer.toml"


def test_every_problem_of_the_file_is_reported_at_once_with_its_line(tmp_path):
    root = write(
        tmp_path,
        '[organisation]\nnam = "N"\n\n[sending]\nlease_seconds = "x"\nbreaker = "maybe"\nconnections = -1\n\n[brnd]\n',
    )
    with pytest.raises(InputProblems) as caught:
        load(root, {})
    assert {problem.line for problem in caught.value.problems} == {2, 5, 6, 7, 9}
    assert 'did you mean "name"?' in str(caught.value)
    assert 'did you mean "brand"?' in str(caught.value)
    assert "it takes on, off" in str(caught.value)


def test_broken_toml_names_its_line(tmp_path):
    with pytest.raises(InputProblems) as caught:
        load(write(tmp_path, "[organisation]\nname = \n"), {})
    assert caught.value.problems[0].line == 2


def test_a_file_that_is_not_utf_8_is_a_finding(tmp_path):
    (tmp_path / "mailer.toml").write_bytes(b'[organisation]\nname = "caf\xe9"\n')
    with pytest.raises(InputProblems) as caught:
        load(tmp_path, {})
    assert caught.value.problems[0].line == 2
    assert "UTF-8" in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("MAILER_SENDING__LEASE_SECONDS", "soon", "it takes a number"),
        ("MAILER_SENDING__LEASE_SECONDS", "-1", "below zero"),
        ("MAILER_SENDING__LEAS_SECONDS", "5", 'did you mean "MAILER_SENDING__LEASE_SECONDS"'),
        ("MAILER_SENDING__IN_DOUBT", "perhaps", "it takes hold, resend"),
        ("MAILER_PUBLIC_URL", "http://mail.example.org", "http is only for this machine"),
        ("MAILER_PUBLIC_URL", "mail.example.org", 'write "https://mail.example.org"'),
        ("MAILER_PROJECT__CLOCK", "yesterday", "write"),
        ("MAILER_PROJECT__CLOCK", "2024-11-22T09:00:00", "end it in Z"),
        ("MAILER_SECRET_KEY_FILE", "/nonexistent", ""),
    ],
)
def test_a_variable_that_cannot_be_used_says_what_to_do(variable, value, said):
    with pytest.raises(SettingsError) as caught:
        load(None, {variable: value})
    assert variable.removesuffix("_FILE") in caught.value.message or "MAILER_PROJECT" in variable
    assert said in caught.value.hint + caught.value.message


def test_a_file_of_a_secret_that_is_no_text(tmp_path):
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="MAILER_SECRET_KEY_FILE names a file that cannot be read: it is not UTF-8"):
        load(None, {"MAILER_SECRET_KEY_FILE": str(tmp_path / "key")})


def test_a_secret_comes_from_a_file_and_is_never_shown(tmp_path):
    (tmp_path / "key").write_text("s3cret-key\n")
    settings = load(None, {"MAILER_SECRET_KEY_FILE": str(tmp_path / "key")})
    assert settings.web.secret_key == "s3cret-key"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://127.0.0.1:1025", ("127.0.0.1", 1025, "none", "", "")),
        ("smtp://[::1]:2525", ("::1", 2525, "none", "", "")),
        ("smtp+starttls://me:p%40ss@relay.example", ("relay.example", 587, "starttls", "me", "p@ss")),
        ("smtps://me:x@relay.example", ("relay.example", 465, "tls", "me", "x")),
    ],
)
def test_one_relay_from_the_environment(url, expected):
    relay = load(None, {"MAILER_SMTP_URL": url}).relays[0]
    assert (relay.host, relay.port, relay.security, relay.user, relay.password) == expected
    assert "p@ss" not in repr(relay)


@pytest.mark.parametrize("url", ["relay.example:25", "http://relay.example", "smtp://", "smtp://user:secret@host:port"])
def test_an_unusable_relay_is_refused_without_repeating_it(url):
    with pytest.raises(SettingsError) as caught:
        relay_from_url(url)
    assert "secret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("localhost.", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("10.0.0.1", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(host, loopback):
    assert is_loopback(host) is loopback


def test_a_default_list_that_is_not_declared_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="not one of the lists: news"):
        load(None, {"MAILER_SUBSCRIBERS__DEFAULT_LIST": "nwes"})


def test_topics_are_read_with_the_line_of_each_that_cannot_be_one(tmp_path):
    root = write(tmp_path, '[subscribers.topics]\nperu = "Peru"\nwork = "Work and pay"\n')
    assert load(root, {}).subscribers.topics == {"peru": "Peru", "work": "Work and pay"}
    many = "".join(f'topic-{number} = "Topic {number}"\n' for number in range(40))
    write(tmp_path, f'[subscribers.topics]\nPeru = "Peru"\nwork = " "\nchile = "Chile"\nchile-2 = "chile"\n{many}')
    with pytest.raises(InputProblems) as caught:
        load(root, {})
    assert [(one.line, one.message) for one in caught.value.problems] == [
        (1, "there are 44 topics, and nobody chooses from more than 40"),
        (2, '"Peru" cannot name a topic'),
        (3, "work needs a title"),
        (4, "chile has the title of another topic"),
        (5, "chile-2 has the title of another topic"),
    ]
    with pytest.raises(SettingsError, match="no setting MAILER_SUBSCRIBERS__TOPICS"):
        load(None, {"MAILER_SUBSCRIBERS__TOPICS": "peru"})


def test_the_project_is_the_nearest_parent_with_a_file(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    write(tmp_path, "")
    assert find_project(inner) == tmp_path


def test_a_problem_is_found_in_its_own_table_and_a_password_is_not_repeated(tmp_path):
    root = write(
        tmp_path,
        '[organisation]\nname = "N"\n\n[[relays]]\nname = 5\nhost = "::1"\nuser = "me"\npassword = 12345\n\n[subscribers.lists.Bad]\n',
    )
    with pytest.raises(InputProblems) as caught:
        load(root, {})
    assert [problem.line for problem in caught.value.problems] == [5, 8, 10]
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "mail.example.org",
        "https://",
        "https://mail.example.org\r\nBcc: x@example.org",
        "https://mail.example.org>, <https://elsewhere.example",
        "https://mail.example.org; script-src *",
        'https://mail.example.org"onload=x',
        "https://user:pass@mail.example.org",
        "https://mail.example.org/?a=b",
        "https://[::1",
        "https://mail.example.org:port",
        "javascript://mail.example.org",
    ],
)
def test_a_public_url_is_nothing_but_an_address(value):
    with pytest.raises(SettingsError, match="MAILER_PUBLIC_URL"):
        load(None, {"MAILER_PUBLIC_URL": value})


@pytest.mark.parametrize("value", ["https://mail.example.org/", "http://[::1]:8000", "https://example.org/mail/"])
def test_a_public_url_stands_without_a_slash_at_its_end(value):
    assert load(None, {"MAILER_PUBLIC_URL": value}).web.public_url == value.rstrip("/")


@pytest.mark.parametrize("value", ["#b3261e", "#B32", ""])
def test_a_colour_is_hexadecimal(value):
    assert load(None, {"MAILER_BRAND__ACCENT_DARK": value}).brand.accent_dark == value


@pytest.mark.parametrize("value", ["", "red", "b3261e", "#b3261", "rgb(1,2,3)", "#b3261e; } body { display: none"])
def test_what_is_no_colour_is_refused_with_an_example(tmp_path, value):
    with pytest.raises(SettingsError, match="MAILER_BRAND__ACCENT") as refused:
        load(None, {"MAILER_BRAND__ACCENT": value})
    assert "#b3261e" in refused.value.hint
    with pytest.raises(InputProblems, match=r"mailer\.toml:2"):
        load(write(tmp_path, f'[brand]\naccent = "{value}"\n'), {})


@pytest.mark.parametrize(
    ("backend", "host", "stays"),
    [
        ("smtp", "127.0.0.1", True),
        ("smtp", "relay.example", False),
        ("maildir", "", True),
        ("memory", "", True),
        ("somebodys-api", "", False),
        ("somebodys-api", "127.0.0.1", False),
    ],
)
def test_only_what_surely_stays_on_this_machine_is_held_for_harmless(backend, host, stays):
    assert RelaySettings(backend=backend, host=host).on_loopback is stays
