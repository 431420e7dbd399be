"""The wheel carries what `init` and `demo` need."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds the wheel's files and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("campaign_mailer-*.whl")
    target = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def mailer(installed, *arguments, cwd):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}
    code = f"import sys; sys.path.insert(0, {str(installed)!r}); import mailer; from mailer.cli.main import main; assert mailer.__file__.startswith({str(installed)!r}); main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_init_from_an_installed_wheel_makes_a_project_that_works(installed, tmp_path):
    done = mailer(installed, "init", "group", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    project = tmp_path / "group"
    assert (project / "mailer.toml").is_file()
    slug = next((project / "campaigns").glob("*.md")).stem
    rendered = mailer(installed, "render", slug, "--format", "text", cwd=project)
    assert rendered.returncode == 0, rendered.stderr
    assert rendered.stdout.strip()


def test_the_wheel_holds_no_database_key_or_cache(installed):
    (wheel,) = installed.parent.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "mailer/starter/mailer.toml" in names
    assert not [name for name in names if name.endswith((".db", ".key", ".pyc")) or "/.mailer/" in name]
