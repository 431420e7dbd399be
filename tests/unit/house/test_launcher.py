"""run.py sets up with whatever the machine has."""

import importlib.util
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[3] / "run.py"


@pytest.fixture
def launcher():
    spec = importlib.util.spec_from_file_location("launcher", RUN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commands_with(launcher, monkeypatch, *, uv=None, modules=()):
    ran = []
    monkeypatch.setattr(launcher, "run", lambda *command: ran.append([str(part) for part in command]))
    monkeypatch.setattr(launcher.shutil, "which", lambda _name: uv)
    monkeypatch.setattr(launcher, "has", lambda name: name in modules)
    launcher.install()
    return ran


def test_uv_is_used_when_it_is_there(launcher, monkeypatch):
    ran = commands_with(launcher, monkeypatch, uv="/usr/bin/uv")
    assert {command[0] for command in ran[:-1]} == {"/usr/bin/uv"}


def test_a_usual_python_makes_a_usual_environment(launcher, monkeypatch):
    ran = commands_with(launcher, monkeypatch, modules=("ensurepip", "pip"))
    assert ran[0][:3] == [sys.executable, "-m", "venv"]
    assert "--without-pip" not in ran[0]
    assert ran[1][0] == str(launcher.PYTHON)


def test_debian_without_python3_venv_fills_the_environment_from_outside(launcher, monkeypatch):
    ran = commands_with(launcher, monkeypatch, modules=("pip",))
    assert "--without-pip" in ran[0]
    assert ran[1][:5] == [sys.executable, "-m", "pip", "--python", str(launcher.PYTHON)]


def test_every_way_installs_the_locked_set_by_hash_and_the_project_without_more(launcher, monkeypatch):
    for case in ({"uv": "uv"}, {"modules": ("ensurepip",)}, {"modules": ("pip",)}):
        locked, project, last = commands_with(launcher, monkeypatch, **case)[1:]
        assert "--require-hashes" in locked
        assert "--no-deps" in project
        assert "compileall" in last


def test_a_machine_with_neither_is_told_the_one_line_that_helps(launcher, monkeypatch):
    with pytest.raises(SystemExit) as stopped:
        commands_with(launcher, monkeypatch)
    assert "sudo apt install python3-venv" in str(stopped.value)


def test_an_old_python_is_told_so(launcher, monkeypatch):
    monkeypatch.setattr(launcher.sys, "version_info", (3, 9, 6))
    with pytest.raises(SystemExit) as stopped:
        launcher.main()
    assert "3.11" in str(stopped.value)
