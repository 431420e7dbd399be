"""A private PostgreSQL for tests: the one that MAILER_TEST_DATABASE_URL names, else a throw-away cluster of the system's own.

The fixture `postgres_url`, for all tests. Without either, tests that want one are skipped, and say so.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT_RUNS_AS = "postgres"  # initdb refuses root


def _binaries():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def _run(*command):
    as_user = ["setpriv", f"--reuid={ROOT_RUNS_AS}", f"--regid={ROOT_RUNS_AS}", "--init-groups"]
    prefix = as_user if os.geteuid() == 0 else []
    subprocess.run([*prefix, *map(str, command)], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="session")
def postgres_url():
    """An SQLAlchemy URL; the database behind it may be emptied."""
    if named := os.environ.get("MAILER_TEST_DATABASE_URL"):
        yield named
        return
    pytest.importorskip("psycopg", reason="NOT TESTED ON POSTGRESQL: psycopg is not installed")
    binaries = _binaries()
    if binaries is None:
        pytest.skip("NOT TESTED ON POSTGRESQL: there is none here, and MAILER_TEST_DATABASE_URL names none")
    folder = Path(tempfile.mkdtemp(prefix="mailer-pg-"))  # short: a socket's path has 107 bytes
    if os.geteuid() == 0:
        user = pwd.getpwnam(ROOT_RUNS_AS)
        os.chown(folder, user.pw_uid, user.pw_gid)
    try:
        _run(binaries / "initdb", "-D", folder / "data", "-A", "trust", "-U", "postgres", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        _run(binaries / "pg_ctl", "-D", folder / "data", "-o", options, "-l", folder / "log", "-w", "start")
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            _run(binaries / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
