"""The Jinja environments: one for templates, one for campaign texts, kept for the life of the process.

Sandboxed, because a template may come from anybody who may write a campaign; strict, because a typo must be an error at
compile time and never an empty string in somebody's inbox. Compiled templates stay cached; what belongs to one
compilation (tokens, language, files read) is in a `Compilation`, which is current while it runs.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateNotFound, TemplateSyntaxError, Undefined, nodes
from jinja2.meta import find_referenced_templates
from markupsafe import Markup

from mailer.domain.colour import readable_on
from mailer.edition.format import FILTERS
from mailer.errors import InputProblems
from mailer.rendering.binding_time import Rewriter
from mailer.rendering.holes import Deferred, Holes
from mailer.rendering.lines import LineMarks, Places
from mailer.rendering.sandbox import PADDING_FILTERS, Sandbox
from mailer.rendering.templates import TemplateFolders


@dataclass
class Compilation:
    """What belongs to the compilation of one variant. used: digests of the templates it may read, by name.

    loaded: templates by environment and name: each file is looked at once, so a compilation never mixes two states of it.

    What stands under a condition counts as well: which way it goes may depend on the day, and what a campaign is made of
    must not.
    """

    holes: Holes
    filters: Mapping[str, Callable[..., Any]]
    used: dict[str, str] = field(default_factory=dict)
    loaded: "dict[tuple[Environment, str], Template]" = field(default_factory=dict)


#: Texts kept compiled: `send` compiles a campaign more than once, and preview at every save.
_MOST_TEXTS = 64

_current: ContextVar[Compilation] = ContextVar("compilation")


@contextmanager
def compiling(compilation: Compilation) -> Iterator[None]:
    """Within this, templates render for `compilation`."""
    token = _current.set(compilation)
    try:
        yield
    finally:
        _current.reset(token)


class CampaignEnvironment(Sandbox):
    """Templates in which recipient data becomes holes. `deferring=False` makes the plain Jinja that tests compare with."""

    deferring = True
    literal_outputs = False

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.places = Places()
        self.deferred: list[Deferred] = []
        #: Numbers of the deferred expressions of each file.
        self.by_file: dict[str, list[int]] = {}
        #: Names of templates that each template or text names, wherever in it.
        self.named: dict[str, frozenset[str]] = {}
        self.block_names: frozenset[str] = frozenset()
        super().__init__(
            loader=TemplateFolders(folders),
            extensions=[LineMarks, "jinja2.ext.i18n"],
            undefined=StrictUndefined,
            autoescape=_escapes,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=lambda value: "" if value is None else value,
            cache_size=-1,
        )
        self.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
        for name in PADDING_FILTERS:
            del self.filters[name]
        del self.globals["lipsum"]
        self.filters.update({name: _filter(name) for name in FILTERS}, readable_on=lru_cache(maxsize=64)(readable_on))
        self._texts: dict[tuple[str, str, int], tuple[Template, list[int], frozenset[str]]] = {}

    def for_texts(self) -> "CampaignEnvironment":
        """The environment of bodies, subjects and preheaders: white space is Markdown's business."""
        texts = self.overlay(trim_blocks=False, lstrip_blocks=False)
        assert isinstance(texts, CampaignEnvironment)
        texts.literal_outputs = True
        return texts

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        file = filename or name or ""
        self.by_file[file] = []
        self.named[name or file] = frozenset(self._names(tree, name or file))
        literal = self.literal_outputs and file.endswith(".md")
        if self.deferring:
            Rewriter(
                file, partial(self._register, file), self.places.first_lines.get(file, 1), literal_outputs=literal
            ).template(tree)
        elif literal:
            _print_literally(tree)
        return tree

    def _register(self, file: str, deferred: Deferred) -> int:
        self.deferred.append(deferred)
        self.by_file[file].append(len(self.deferred) - 1)
        return len(self.deferred) - 1

    def _load_template(self, name: str, globals: Any) -> Template:  # noqa: A002 (Jinja's name)
        current = _current.get()
        if (self, name) in current.loaded:
            return current.loaded[self, name]
        template = super()._load_template(name, globals)
        assert isinstance(self.loader, TemplateFolders)
        assert isinstance(template, Template)
        current.used[name] = self.loader.digests[name]
        current.loaded[self, name] = template
        self._use(name)
        return template

    def _names(self, tree: nodes.Template, name: str) -> Iterator[str]:
        """The templates that `tree` takes in, and the blocks that it calls."""
        assert isinstance(self.loader, TemplateFolders)
        yield from filter(None, find_referenced_templates(tree))
        forms = [form for form in (".mjml", ".txt") if name.endswith(form)] or [".mjml", ".txt"]
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name):
                found = (f"blocks/{call.node.name}{form}" for form in forms)
                yield from (block for block in found if self.loader.find(block))

    def _use(self, name: str) -> None:
        """Count what `name` names as used, too. What is missing or broken there is said when it is reached."""
        assert isinstance(self.loader, TemplateFolders)
        current = _current.get(None)
        if current is None:
            return  # a text is only looked at, beside fields that cannot be read: nothing comes of it
        used = current.used
        for other in sorted(self.named.get(name, frozenset()) - used.keys()):
            try:
                self.get_template(other)
            except TemplateNotFound:
                continue
            except (TemplateSyntaxError, InputProblems):
                used[other] = self.loader.digests[other]

    def text(self, source: str, file: str, first_line: int) -> Template:
        """A campaign's own text as a template; `file` names it in problems, `first_line` is where it begins there."""
        self.places.first_lines[file] = first_line
        key = (source, file, first_line)
        if key not in self._texts:
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            template = self._compiled_text(source, file)
            self._texts[key] = template, self.by_file[file], self.named[file]
        # Another text of the same file may have been read since: what is known of the file is what is known of this one.
        template, self.by_file[file], self.named[file] = self._texts[key]
        self._use(file)
        return template

    def _compiled_text(self, source: str, file: str) -> Template:
        code = self.compile(source, name=file, filename=file)
        return self.template_class.from_code(self, code, self.make_globals(None))

    # What rewritten templates call; no template can name these.

    def hole(self, number: int, *captures: Any) -> str:
        return _current.get().holes.hole(self.deferred[number], captures)

    def literal(self, value: Any) -> str:
        return _current.get().holes.literal("" if value is None else value)


def _print_literally(tree: nodes.Template) -> None:
    for output in tree.find_all(nodes.Output):
        output.nodes = [
            node
            if isinstance(node, nodes.TemplateData)
            else nodes.Call(nodes.EnvironmentAttribute("literal"), [node], [], None, None, lineno=node.lineno)
            for node in output.nodes
        ]
    assert tree.environment is not None
    tree.set_environment(tree.environment)


def _escapes(name: str | None) -> bool:
    return name is not None and name.endswith(".mjml")


def _filter(name: str) -> Callable[..., Any]:
    """The edition's filter, in the language that is being compiled, so that now and later agree."""

    def apply(value: Any, *arguments: Any) -> Any:
        if isinstance(value, Undefined) and name == "default":
            value = None
        if isinstance(value, Markup) and name == "trim":
            return value.strip(*arguments)
        return _current.get().filters[name](value, *arguments)

    return apply


@lru_cache(maxsize=8)
def environment(folders: tuple[Path, ...]) -> tuple[CampaignEnvironment, CampaignEnvironment]:
    """(templates, texts) over these template folders, made once per process."""
    templates = CampaignEnvironment(folders)
    return templates, templates.for_texts()
