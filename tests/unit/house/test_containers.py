"""The container files: valid, hardened, and made of commands, settings and folders that there are."""

import re
import shutil
import subprocess
import sys

import click
import pytest

from composition import ROOT, Missing, command_lines, services, variables
from mailer.cli.main import root
from mailer.settings.environment import SHORT_NAMES, read_environment

SET = {"POSTGRES_PASSWORD": "pa55", "MAILER_SECRET_KEY": "0123", "MAILER_SMTP_URL": "smtp://127.0.0.1:1025"}
SERVICES = services(**SET)
#: What an administrator sets for the file itself: no settings of the program.
FOR_THE_FILE = {"POSTGRES_PASSWORD", "RUN_AS", "PROJECT", "MAILPIT_PORT"}


def run(*command):
    return subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False)


def test_it_is_a_compose_file():
    done = run(
        sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_docker_compose_understands_it(monkeypatch):
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    program = next((one for one in (["docker", "compose"], ["docker-compose"]) if understands_compose(one)), None)
    if program is None:
        pytest.skip("NOT CHECKED BY DOCKER COMPOSE: version 2 or newer is not installed")
    done = run(*program, "--profile", "*", "config", "--quiet")
    assert done.returncode == 0, done.stderr


def understands_compose(program):
    """Version 1 is dead and does not know half of the file."""
    return shutil.which(program[0]) is not None and bool(re.search(r"\bv?[2-9]\.\d", run(*program, "version").stdout))


def test_hadolint_finds_nothing_in_the_dockerfile():
    if shutil.which("hadolint") is None:
        pytest.skip("NOT CHECKED BY HADOLINT: it is not installed")
    done = run("hadolint", "Dockerfile")
    assert done.returncode == 0, done.stdout


def test_the_services_are_those_of_the_manual():
    assert set(SERVICES) == {"db", "migrate", "web", "worker", "scheduler", "mailer", "mailpit"}
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {
        "db", "migrate", "web", "worker", "scheduler",
    }, "a real installation must not keep a fake relay"  # fmt: skip
    text = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
    assert [name for name in SERVICES if f"`{name}`" not in text] == []
    assert [name for name in variables() if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_no_more_rights_than_it_needs(name):
    service = SERVICES[name]
    user, _, group = service["user"].partition(":")
    assert min(int(user), int(group)) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "/tmp" in service["tmpfs"]
    assert not service.get("privileged")
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), "what listens on every address is outside every firewall of the host"


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ("migrate", "mailer")])
def test_whatever_goes_on_running_is_watched(name):
    assert SERVICES[name]["healthcheck"]["test"]


def test_what_needs_the_schema_waits_for_it_and_that_for_the_database():
    for name in ("web", "worker", "scheduler", "mailer"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["depends_on"]["db"] == {"condition": "service_healthy"}
    assert SERVICES["migrate"]["restart"] == "no"


LINES = [(name, line) for name, service in SERVICES.items() for line in command_lines(name, service)]


@pytest.mark.parametrize(
    ("name", "line"), LINES, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_every_command_line_is_one_of_ours(name, line):
    context = root.make_context("mailer", list(line))
    while isinstance(context.command, click.Group):
        _, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(command.name, rest, parent=context)


def test_every_service_of_ours_but_that_for_commands_says_what_it_runs():
    assert {name for name, _ in LINES} == {"migrate", "web", "worker", "scheduler"}


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if service["image"] == "mailer:local"])
def test_every_variable_of_ours_is_a_setting(name):
    environment = SERVICES[name]["environment"]
    assert environment.keys() <= SHORT_NAMES.keys()
    assert len(list(read_environment(environment))) == len([value for value in environment.values() if value])


def test_every_variable_of_the_file_is_a_setting_or_one_of_the_few_others():
    assert variables().keys() - SHORT_NAMES.keys() == FOR_THE_FILE


def test_the_pages_and_the_migration_know_no_password_of_the_relay():
    assert "MAILER_SMTP_URL" not in SERVICES["web"]["environment"]
    assert SERVICES["migrate"]["environment"].keys() == {"MAILER_DATABASE_URL"}


@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "MAILER_SECRET_KEY", "MAILER_SMTP_URL"])
def test_what_must_be_set_says_so(name):
    with pytest.raises(Missing, match=f"^set {name} in .env"):
        services(**{key: value for key, value in SET.items() if key != name})
    if name != "MAILER_SMTP_URL":
        with pytest.raises(Missing):
            services(**SET | {name: ""})


def test_without_a_relay_in_the_environment_the_projects_own_is_used():
    assert services(**SET | {"MAILER_SMTP_URL": ""})["worker"]["environment"]["MAILER_SMTP_URL"] in ("", None)


def mounts():
    return [
        (name, volume)
        for name, service in SERVICES.items()
        for volume in service.get("volumes", [])
        if "type" in volume
    ]


@pytest.mark.parametrize(("name", "volume"), mounts(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_path_that_is_mounted_is_there(name, volume):
    source = ROOT / volume["source"]
    assert source.exists()
    assert volume["target"] == f"/project/{source.name}"
    assert volume["bind"] == {"create_host_path": False}
    if name != "mailer":
        assert volume["read_only"] is True


def test_the_database_keeps_its_files_where_the_image_of_18_looks():
    service = SERVICES["db"]
    assert service["image"].startswith("postgres:18")
    assert service["volumes"] == ["database:/var/lib/postgresql"]


def test_the_image_runs_mailer_as_nobody_in_particular():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert 'ENTRYPOINT ["mailer"]' in lines
    assert re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", next(line for line in lines if line.startswith("USER")))
    assert "--require-hashes" in "".join(lines)
    for needed in re.findall(r"^COPY ([\w. ]+) \.$", "\n".join(lines), re.MULTILINE):
        assert (ROOT / needed).exists()


def test_no_people_but_invented_ones_reach_the_image():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*", "what is not named stays outside"
    for named in rules:
        if named.startswith("!"):
            assert (ROOT / named[1:]).exists()
    assert rules.index("!subscribers") < rules.index("subscribers/*.csv") < rules.index("!subscribers/people.csv")
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
