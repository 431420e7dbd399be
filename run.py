#!/usr/bin/env python3
"""
Set up and run mailer with nothing but Python: `python3 run.py demo`, `python3 run.py test`, `python3 run.py COMMAND …`.

The first run installs the locked dependencies into .venv beside this file; later runs start at once.
Needs Python 3.11 or newer. Uses uv when it is on the PATH, else venv and pip.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
STAMP = VENV / ".stamp"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(*command):
    done = subprocess.run([str(part) for part in command], stdout=sys.stderr, cwd=HERE, check=False)
    if done.returncode:
        sys.exit(f"Setting up failed at: {' '.join(map(str, command))}\nMend what it says above, then run this again.")


def has(module):
    return importlib.util.find_spec(module) is not None


def install(fresh=("--clear",)):
    lock, project = ("-r", HERE / "requirements.lock"), ("--no-deps", "--no-build-isolation", "-e", HERE)
    uv = shutil.which("uv")
    if uv:
        run(uv, "venv", "--quiet", *(fresh or ("--allow-existing",)), "--python", sys.executable, VENV)
        pip = (uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", PYTHON)
    elif has("ensurepip"):
        run(sys.executable, "-m", "venv", *fresh, VENV)
        pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    elif has("pip"):  # Debian without python3-venv: its pip may still install into an environment made without one.
        run(sys.executable, "-m", "venv", *fresh, "--without-pip", VENV)
        pip = (sys.executable, "-m", "pip", "--python", PYTHON, "install", "--quiet", "--disable-pip-version-check")
    else:
        sys.exit("Python has neither venv nor pip here. On Debian or Ubuntu: sudo apt install python3-venv")
    run(*pip, "--require-hashes", *lock)
    run(*pip, *project)
    run(PYTHON, "-m", "compileall", "-q", HERE / "src")  # so that the first command starts as fast as the second


def main():
    if sys.version_info < (3, 11):
        sys.exit(
            "mailer needs Python 3.11 or newer. `uv run mailer demo` fetches one for you (search for: install uv)."
        )
    home = f"{sys.version_info[:2]} {HERE}"
    lock = hashlib.sha256(
        (HERE / "requirements.lock").read_bytes() + (HERE / "pyproject.toml").read_bytes()
    ).hexdigest()
    stamp = STAMP.read_text().splitlines() if STAMP.is_file() else []
    if stamp != [home, lock]:
        print("Setting up (once, about half a minute) …", file=sys.stderr)
        install(
            () if stamp[:1] == [home] else ("--clear",)
        )  # a program may be running in an environment that is merely old
        STAMP.write_text(f"{home}\n{lock}\n")
    arguments = sys.argv[1:]
    if arguments[:1] == ["test"]:
        # All of it, on every core: from either end, so that tests which wait run beside those that compute.
        everything = ["-n", "auto", "--dist", "worksteal"]
        command = [PYTHON, "-m", "pytest", *(arguments[1:] or everything)]
        os.chdir(HERE)
    else:
        command = [PYTHON, "-m", "mailer", *arguments]
        os.environ["MAILER_STARTED_AS"] = "python3 run.py"  # hints are printed in the form the person started with
    if os.name == "nt":
        sys.exit(subprocess.run(command, check=False).returncode)
    os.execv(command[0], [str(part) for part in command])


if __name__ == "__main__":
    main()
