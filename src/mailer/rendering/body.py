"""The body of a campaign: Jinja once, Markdown once, and from one document both MJML sections and text."""

from dataclasses import dataclass

from jinja2 import Template
from markdown_it.token import Token as Inline

from mailer.errors import InputProblems, Problem
from mailer.rendering.blocks import Blocks
from mailer.rendering.document import Call, Figure, Group, Node, Rule, structural
from mailer.rendering.holes import BODY, HTML, TEXT, BlockCall, Holes
from mailer.rendering.lines import Places, located
from mailer.rendering.markdown import Reading
from mailer.rendering.problems import TemplateFault
from mailer.rendering.shorten import shortened, without_links
from mailer.rendering.write_html import inline_html, mark, write_html
from mailer.rendering.write_text import inline_text, write_text


@dataclass
class Body:
    """Renders Markdown for one compilation: the body, what stands in its blocks, and single fields."""

    file: str
    places: Places
    holes: Holes
    blocks: Blocks | None = None

    def render(self, template: Template, context: dict[str, object]) -> BlockCall:
        """The whole body, as sections and as text; raises InputProblems with everything that is wrong with it."""
        with self.holes.at(BODY):
            nodes = self._document(template.render(context))
        return BlockCall(self._sections(nodes), self._texts(nodes))

    def content(self, markdown: str) -> tuple[str, str]:
        """What stands inside a block: (HTML, text)."""
        nodes = self._document(markdown)
        if any(structural(node) for node in nodes):
            raise TemplateFault("a block, picture or rule inside another block", "move it out, to a line of its own")
        return write_html(nodes, self.holes), write_text(nodes, self.holes)

    def inline(self, text: str, line: int | None) -> tuple[str, str]:
        """A field that allows inline Markdown: (HTML, text)."""
        tokens = self._inline(text, line)
        return inline_html(tokens, self.holes), inline_text(tokens, self.holes)

    def summary(self, text: str, line: int | None, most: int) -> tuple[str, str]:
        """The same with no more than `most` characters of words, and without links."""
        tokens = shortened(without_links(self._inline(text, line)), most)
        return inline_html(tokens, self.holes), inline_text(tokens, self.holes)

    def plain(self, text: str, most: int) -> tuple[str, str]:
        """The same of a text in which no sign means anything: (HTML, text)."""
        tokens = shortened([Inline("text", "", 0, content=text)], most)
        return inline_html(tokens, self.holes), inline_text(tokens, self.holes)

    def _inline(self, text: str, line: int | None) -> list[Inline]:
        reading = Reading(self.holes, self.file, lambda _line: line or 1)
        tokens: list[Inline] = reading.inline(" ".join(text.split()), line or 1)
        if reading.problems:
            raise InputProblems(reading.problems)
        return tokens

    def _document(self, rendered: str) -> list[Node]:
        source = located(rendered, self.places)

        def line_of(line: int) -> int:
            place = source.place(line)
            return place[1] if place else 1

        reading = Reading(self.holes, self.file, line_of)
        nodes = reading.document(source.text)
        if reading.problems:
            raise InputProblems(reading.problems)
        return nodes

    # Each run of prose shares one section. What has sections of its own interrupts it; so does a condition that holds
    # such a thing, or that nothing unconditional stands beside: were the section left, it would be empty when it is false.

    def _runs(self, nodes: list[Node]) -> list[list[Node]]:
        runs: list[list[Node]] = []
        joins = False
        for node in nodes:
            if structural(node):
                runs.append([node])
                joins = False
            elif joins:
                runs[-1].append(node)
            else:
                runs.append([node])
                joins = True
        return runs

    def _sections(self, nodes: list[Node]) -> str:
        out = []
        for run in self._runs(nodes):
            if all(isinstance(node, Group) for node in run):
                out += [self._group_sections(node) for node in run if isinstance(node, Group)]
            elif structural(run[0]):
                out.append(self._structure(run[0]).mjml)
            else:
                assert self.blocks is not None
                with self.holes.at(HTML):
                    out.append(self.blocks.mjml("prose", {}, write_html(run, self.holes)))
        return "".join(out)

    def _group_sections(self, group: Group) -> str:
        branches = "".join(mark(opening.token) + self._sections(children) for opening, children in group.branches)
        return branches + mark(group.end)

    def _texts(self, nodes: list[Node]) -> str:
        out = []
        for run in self._runs(nodes):
            if isinstance(run[0], Group) and structural(run[0]):
                branches = [opening.token + self._texts(children) for opening, children in run[0].branches]
                out.append("".join(branches) + run[0].end)
            elif structural(run[0]):
                out.append(self._structure(run[0]).text.strip("\n") + "\n\n")
            else:
                assert self.blocks is not None
                with self.holes.at(TEXT):
                    out.append(self.blocks.plain("prose", {}, write_text(run, self.holes)) + "\n\n")
        return "".join(out)

    def _structure(self, node: Node) -> BlockCall:
        assert self.blocks is not None
        try:
            match node:
                case Call():
                    return self.holes.blocks[node.token]
                case Figure():
                    caption, _, credit = node.caption.rpartition("|") if "|" in node.caption else (node.caption, "", "")
                    values = {
                        "src": node.src,
                        "alt": node.alt,
                        "caption": caption.strip() or None,
                        "credit": credit.strip() or None,
                        "link": node.link or None,
                    }
                    return self.blocks.both("figure", values)
                case _:
                    assert isinstance(node, Rule), type(node)
                    return self.blocks.both("divider", {})
        except TemplateFault as fault:
            if fault.rule != "image":
                raise
            # The picture is named here, whatever template was to show it.
            problem = Problem(
                rule=fault.rule,
                file=self.file,
                line=getattr(node, "line", None),
                message=fault.message,
                hint=fault.hint,
            )
            raise InputProblems([problem]) from fault
