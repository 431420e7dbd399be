"""A server of feeds, and a project whose digests may ask it."""

import pytest

import feed_server
from feed_server import FeedServer, read_here
from sending_world import Clock, desk_for, make_project, populate


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr("mailer.sources.feeds.asking.read_apart", read_here)
    with FeedServer() as running:
        yield running


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path / "project")
    (made / "campaigns" / "letter.md").unlink()
    return made


@pytest.fixture
def desk(request, project):
    is_postgres = getattr(request, "param", "sqlite") == "postgresql"
    settings = {"MAILER_FEEDS__ALLOW_PRIVATE": feed_server.HOST, "MAILER_FEEDS__SECONDS": "60"}
    desk = desk_for(
        project, clock=Clock(), url=request.getfixturevalue("postgres_url") if is_postgres else "", **settings
    )
    populate(desk.database, 3)
    yield desk
    desk.database.dispose()
