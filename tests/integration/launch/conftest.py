"""A project with one letter, three people and a clock that stands still until a test moves it; on both engines."""

import pytest

from sending_world import Clock, desk_for, make_project, populate, write_letter


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One for all tests: what compiles its campaigns reads the templates once."""
    return make_project(tmp_path_factory.mktemp("round") / "project")


@pytest.fixture
def project(folder):
    write_letter(folder)
    (folder / "campaigns" / "agenda.md").unlink(missing_ok=True)
    return folder


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(project, clock, database_url):
    desk = desk_for(project, clock=clock, url=database_url)
    populate(desk.database, 3)
    yield desk
    desk.database.dispose()
