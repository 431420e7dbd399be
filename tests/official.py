"""The official MJML and axe-core, from npm: what our own mail is compared with and judged by.

They are installed with `npm ci --ignore-scripts` in tests/official_mjml; where that cannot be, tests say so and are skipped.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("official_mjml")
MODULES = FOLDER / "node_modules"
AXE = MODULES / "axe-core" / "axe.min.js"
_NODE = shutil.which("node")
_MJML = MODULES / "mjml" / "package.json"
_HOW = "(npm ci --ignore-scripts in tests/official_mjml installs it)"

#: Why MJML or axe-core cannot be used here; empty if they can.
NO_MJML = "" if _NODE and _MJML.exists() else f"NOT COMPARED: {'npm mjml' if _NODE else 'node'} is not installed {_HOW}"
NO_AXE = "" if AXE.exists() else f"NOT JUDGED: axe-core is not installed {_HOW}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Official:
    """errors: what the official validator says of the document."""

    html: str
    errors: list[str]


def rendered(sources: Mapping[str, str]) -> dict[str, Official]:
    """Every MJML document of `sources`, by name.

    What was rendered once is kept beside the package, for node takes a second and every test process asks.
    """
    files = {name: _kept(source) for name, source in sources.items()}
    missing = {name: sources[name] for name, path in files.items() if not path.exists()}
    if missing:
        for name, found in _run(missing).items():
            draft = files[name].with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps(found), encoding="utf-8")
            draft.replace(files[name])
    return {name: Official(**json.loads(path.read_text(encoding="utf-8"))) for name, path in files.items()}


def _kept(source: str) -> Path:
    program = (FOLDER / "render.mjs").read_text(encoding="utf-8")
    folder = MODULES / ".cache" / "rendered"  # `npm ci` takes it away, with the version that made it
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{hashlib.sha256((program + source).encode()).hexdigest()}.json"


def _run(sources: Mapping[str, str]) -> dict[str, Any]:
    assert _NODE
    done = subprocess.run(
        [_NODE, "render.mjs"],
        cwd=FOLDER,
        input=json.dumps(sources).encode(),
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
