"""docker-compose.yml as an engine would read it: variables filled in, and for each service what it runs, sees and is told."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
#: ${NAME}, ${NAME:-default}, ${NAME?message if unset}, ${NAME:?message if unset or empty}
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<operator>:?[-?])(?P<text>[^}]*))?\}")


class Missing(Exception):
    """A variable that must be set is not; the text is what the file says about it."""


def services(**variables):
    """The services by name, their YAML anchors and variables resolved. Raises Missing."""
    return yaml.safe_load(filled(FILE.read_text(encoding="utf-8"), variables))["services"]


def variables():
    """Every variable of the file: name -> its operators."""
    found = {}
    for match in VARIABLE.finditer(FILE.read_text(encoding="utf-8")):
        found.setdefault(match["name"], set()).add(match["operator"])
    return found


def filled(text, values):
    def value(match):
        name, operator, rest = match["name"], match["operator"] or "", match["text"] or ""
        known = values.get(name)
        if known is None or (known == "" and operator.startswith(":")):
            if "?" in operator:
                raise Missing(rest)
            return rest
        return known

    return VARIABLE.sub(value, text)


def command_lines(name, service):
    """What `mailer` is called with in this service: its command, and its health check's."""
    if service.get("image") != "mailer:local":
        return []
    check = service.get("healthcheck", {}).get("test", [])
    assert check[:2] in ([], ["CMD", "mailer"]), name
    return [line for line in (service.get("command", []), check[2:]) if line]
