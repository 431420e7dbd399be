"""What editors need to know about a project's files: JSON Schemas, and for VS Code how to run `check`.

`init` writes the schemas along with the project, `config schema` writes them anew after an upgrade.
"""

import json
import os
from pathlib import Path
from typing import Any

from mailer.cli.output import invocation
from mailer.errors import Refused

#: Where `mailer.toml` and `segments.yaml` of a new project point, relative to the project.
FOLDER = Path(".mailer") / "schemas"
#: What `check` prints: campaigns/peru.md:12: error: what is wrong [rule]
PROBLEM = r"^(.+?):(\d+): (error|warning): (.*) \[([a-z-]+)\]$"


def schemas() -> dict[str, dict[str, Any]]:
    """Each schema by its name."""
    from mailer.domain.campaign_schema import campaign_schema
    from mailer.domain.segment_schema import segment_schema
    from mailer.settings.schema import settings_schema

    return {"campaign": campaign_schema(), "segments": segment_schema(), "mailer": settings_schema()}


def file_name(schema: str) -> str:
    return f"{schema}.schema.json"


def write_schemas(root: Path) -> list[Path]:
    """Writes them into the project; what is there already is replaced."""
    folder = root / FOLDER
    for part in (folder.parent, folder):  # each by its own: `parents` would make the one above with an open mode
        part.mkdir(mode=0o700, exist_ok=True)
    found = {folder / file_name(name): schema for name, schema in schemas().items()}
    for path, schema in found.items():
        path.write_text(as_json(schema), encoding="utf-8")
    return list(found)


def write_vscode(root: Path) -> list[Path]:
    """Writes VS Code's set-up. Raises Refused if any of it is there already: people have set-ups of their own."""
    found = {"extensions.json": _EXTENSIONS, "tasks.json": _tasks()}
    folder = root / ".vscode"
    there = [name for name in found if os.path.lexists(folder / name)]
    if there:
        raise Refused(
            f"There is .vscode/{' and .vscode/'.join(there)} already. Nothing of it was changed.",
            hint="docs/editors.md has what to add to them.",
        )
    folder.mkdir(exist_ok=True)
    for name, content in found.items():
        (folder / name).write_text(as_json(content), encoding="utf-8")
    return [folder / name for name in found]


_EXTENSIONS = {"recommendations": ["tamasfe.even-better-toml", "redhat.vscode-yaml"]}


def _tasks() -> dict[str, Any]:
    """A task whose findings stand in the list of problems and under the words they are about."""
    pattern = {"regexp": PROBLEM, "file": 1, "line": 2, "severity": 3, "message": 4, "code": 5}
    matcher = {"owner": "mailer", "fileLocation": ["relative", "${workspaceFolder}"], "pattern": pattern}
    task = {
        "label": "mailer check",
        "type": "shell",
        "command": f"{invocation()} --no-color check",
        "group": {"kind": "test", "isDefault": True},
        "presentation": {"reveal": "silent"},
        "problemMatcher": matcher,
    }
    return {"version": "2.0.0", "tasks": [task]}


def as_json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
