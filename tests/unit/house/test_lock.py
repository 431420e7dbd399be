"""Both ways to install use the same locked set, and the repository names no host it came from."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_declared_dependency_is_locked_with_hashes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    for requirement in declared:
        name = re.match(r"[A-Za-z0-9-]+", requirement)[0].lower().replace("_", "-")
        assert re.search(rf"^{re.escape(name)}==\S+( ;[^\\]*)? \\\n\s+--hash=sha256:", lock, re.MULTILINE), name


def test_no_registry_host_is_named():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        return  # an unpacked source archive has no history
    hosts = re.compile("|".join(("pypi" + r"\.org", "python" + "hosted", "crates" + r"\.io", "npm" + "js")))
    for name in filter(None, tracked.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".lock", ".yml", ".yaml", ".cfg", ""} and path.is_file():
            assert not hosts.search(path.read_text(encoding="utf-8", errors="replace")), name
