"""Finds template files: the project's own folder wins over the packaged one, file by file."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import BaseLoader, Environment, TemplateNotFound
from jinja2.loaders import split_template_path

from mailer.errors import InputProblems, Problem

FOLDER = "templates"
_BLOCK_HEADER = re.compile(r"\{#-?\s*block\s+([a-z][a-z0-9_]*)\s*\((.*?)\)\s*-?#\}")
_ARGUMENT = re.compile(r"""([a-z_][a-z0-9_]*)\s*(?:=\s*("[^"]*"|'[^']*'|[\w.-]+))?\s*(?:,|$)""")
_WORDS = {"none": None, "true": True, "false": False}


def shown_as(name: str) -> str:
    """How problems name a template."""
    return f"{FOLDER}/{name}"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a block takes: names to defaults; `required` have none."""

    name: str
    defaults: dict[str, object]
    required: frozenset[str]


class TemplateFolders(BaseLoader):
    """Loads `name` from the first folder that has it, and remembers the digest of what it read."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self.digests: dict[str, str] = {}
        self._signatures: dict[tuple[Path, int], Signature | None] = {}

    def find(self, name: str) -> Path | None:
        parts = split_template_path(name)
        return next((path for folder in self.folders if (path := folder.joinpath(*parts)).is_file()), None)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        path = self.find(template)
        if path is None:
            raise TemplateNotFound(template)
        changed, content = path.stat().st_mtime_ns, path.read_bytes()
        self.digests[template] = hashlib.sha256(content).hexdigest()
        try:
            text = content.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise InputProblems(
                [Problem(rule="encoding", file=shown_as(template), line=line, message="this is not UTF-8")]
            ) from None

        def is_current() -> bool:
            return self.find(template) == path and path.stat().st_mtime_ns == changed

        return text, shown_as(template), is_current

    def list_templates(self) -> list[str]:
        found = {
            path.relative_to(folder).as_posix()
            for folder in self.folders
            for path in folder.rglob("*")
            if path.is_file()
        }
        return sorted(found)

    def blocks(self) -> dict[str, Signature]:
        """Every block, by name."""
        names = {path.stem for folder in self.folders for path in (folder / "blocks").glob("*.mjml")}
        found = (self._signature(name) for name in sorted(names))
        return {signature.name: signature for signature in found if signature}

    def _signature(self, name: str) -> Signature | None:
        path = self.find(f"blocks/{name}.mjml")
        if path is None:
            return None
        key = (path, path.stat().st_mtime_ns)
        if key not in self._signatures:
            with path.open(encoding="utf-8", errors="replace") as file:
                self._signatures[key] = parse_signature(name, file.readline())
        return self._signatures[key]


def parse_signature(name: str, first_line: str) -> Signature:
    """What the first line of a block's .mjml declares; raises InputProblems if it declares nothing."""
    found = _BLOCK_HEADER.search(first_line)
    if found is None or found[1] != name:
        example = f"{{#- block {name}(content) -#}}"
        raise InputProblems(
            [Problem(rule="template", file=shown_as(f"blocks/{name}.mjml"), line=1,
                     message="the first line does not declare the block", hint=f"write {example}")]
        )  # fmt: skip
    defaults: dict[str, object] = {}
    required = set()
    for argument, default in _ARGUMENT.findall(found[2]):
        if default:
            defaults[argument] = _value(default)
        else:
            required.add(argument)
    return Signature(name, defaults, frozenset(required))


def _value(word: str) -> object:
    if word[0] in "\"'":
        return word[1:-1]
    if word in _WORDS:
        return _WORDS[word]
    return int(word) if word.lstrip("-").isdigit() else word
