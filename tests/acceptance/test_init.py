"""`init` makes a project that works at once, is private, and costs nobody a file."""

import json
import os
import stat
import subprocess
import sys
import tomllib

import pytest


def mailer(folder, *arguments, mask=None):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}
    command = [sys.executable, "-m", "mailer", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        umask=-1 if mask is None else mask,
    )
    assert "Traceback" not in done.stderr
    return done


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_project_checks_imports_counts_and_renders(tmp_path):
    done = mailer(tmp_path, "init", "our-group")
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == "Next: cd our-group && mailer check"
    project = tmp_path / "our-group"
    assert mailer(project, "check").returncode == 0
    assert "new on news 3" in mailer(project, "import", "subscribers/example.csv").stdout
    assert mailer(project, "segment", "count", "london").stdout.strip() == "2"
    assert "Dear Ben," in mailer(project, "render", "welcome", "--as", "ben@example.net", "--format", "text").stdout
    assert "Dear friend," in mailer(project, "render", "welcome", "--as", "chi@example.net", "--format", "text").stdout


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_everything_is_private_whatever_the_umask(tmp_path, mask):
    mailer(tmp_path, "init", "group", mask=mask)
    for path in [tmp_path / "group", *(tmp_path / "group").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_git_is_told_to_leave_people_keys_and_mail_alone(tmp_path):
    mailer(tmp_path, "init", ".")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    secret = ["mailer.db", "mailer.db-wal", ".mailer/secret.key", "subscribers/members.csv", "members.problems.csv"]
    secret += ["exports/all.csv", "exports/all.json", "people.export.csv", "a.eml", ".env"]
    kept = ["mailer.toml", "campaigns/welcome.md", "subscribers/segments.yaml", "templates/article.mjml", ".gitignore"]
    for name in secret + kept:
        ignored = subprocess.run(["git", "check-ignore", "-q", name], cwd=tmp_path, check=False).returncode == 0
        assert ignored == (name in secret), name


def test_nothing_is_overwritten(tmp_path):
    mailer(tmp_path, "init")
    (tmp_path / "campaigns" / "welcome.md").write_text("mine")
    before = contents(tmp_path)
    again = mailer(tmp_path, "init", "--bare")
    assert again.returncode == 4
    assert "already" in again.stderr
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["campaigns/welcome.md", ".gitignore", "subscribers/segments.yaml"])
def test_a_single_file_of_that_name_is_enough_to_refuse(tmp_path, name):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.symlink_to(tmp_path / "nowhere")  # not even through a link that leads nowhere
    done = mailer(tmp_path, "init")
    assert done.returncode == 4
    assert name in done.stderr
    assert not (tmp_path / "mailer.toml").exists()


@pytest.mark.parametrize("name", ['O\'Brien & "Söhne" \\ {{ 7 * 7 }} $name', "Ünïøn 🌍", "شبكة التضامن", "a" * 100])
def test_any_name_survives_the_settings_file(tmp_path, name):
    done = mailer(tmp_path, "init", "--bare", "--name", name, "--from", "news@example.org", "--json")
    assert json.loads(done.stdout)["created"] == ["mailer.toml", ".gitignore"]
    settings = tomllib.loads((tmp_path / "mailer.toml").read_text())
    assert settings["organisation"]["name"] == name
    assert mailer(tmp_path, "config", "get", "organisation.name").stdout.strip() == name


@pytest.mark.parametrize(
    "arguments", [["--name", "two\nlines"], ["--name", " "], ["--from", "nobody"], ["--from", "a@b\nc"]]
)
def test_what_cannot_be_a_name_or_an_address_is_refused(tmp_path, arguments):
    done = mailer(tmp_path, "init", "group", *arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_says_why(tmp_path):
    (tmp_path / "file").write_text("")
    done = mailer(tmp_path, "init", "file/group")
    assert done.returncode == 1
    assert "Not a directory" in done.stderr
    assert "Choose a folder" in done.stderr


def test_a_project_of_ones_own_lives_in_the_present(tmp_path):
    mailer(tmp_path, "init")
    assert "clock" not in tomllib.loads((tmp_path / "mailer.toml").read_text())["project"]
