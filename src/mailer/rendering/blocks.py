"""Blocks: pairs of templates that bodies, templates and Markdown itself call.

In a body a call renders both forms and leaves a token on a line of its own. In a `.mjml` template it gives the MJML form,
in a `.txt` the text form.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from mailer.rendering.environment import CampaignEnvironment
from mailer.rendering.holes import BODY, HTML, TEXT, BlockCall, Holes
from mailer.rendering.problems import TemplateFault, suggestion
from mailer.rendering.templates import Signature

#: Renders what stands inside {% call %} in a body: Markdown with marks in it -> (HTML, text).
RenderContent = Callable[[str], tuple[str, str]]


@dataclass
class Blocks:
    """The blocks of one compilation. `html`, `text`: what templates of each form see; filled before anything renders."""

    environment: CampaignEnvironment
    signatures: Mapping[str, Signature]
    holes: Holes
    render_content: RenderContent
    html: dict[str, Any] = field(default_factory=dict)
    text: dict[str, Any] = field(default_factory=dict)

    def functions(self) -> dict[str, Callable[..., str]]:
        """The blocks as templates call them."""
        return {name: self._function(signature) for name, signature in self.signatures.items()}

    def _function(self, signature: Signature) -> Callable[..., str]:
        def call(*arguments: Any, caller: Callable[[], str] | None = None, **named: Any) -> str:
            values = _bound(signature, arguments, named, has_content=caller is not None)
            return self._called(signature.name, values, caller() if caller else None)

        return call

    def _called(self, name: str, values: dict[str, Any], content: str | None) -> str:
        if self.holes.stage == BODY:
            html, text = self.render_content(content) if content is not None else (None, None)
            try:
                return self.holes.block(self.both(name, values, html, text))
            except TemplateFault as fault:
                if fault.rule == "template":
                    raise
                # What the campaign lacks is said where it calls the block, not in the template that looked for it.
                raise TemplateFault(fault.message, fault.hint, rule=fault.rule) from None
        if self.holes.stage == HTML:
            return self.mjml(name, values, content)
        return self.plain(name, values, content)

    def both(self, name: str, values: Mapping[str, Any], html: str | None = None, text: str | None = None) -> BlockCall:
        """Both forms of one call; `html`, `text`: its content in each."""
        with self.holes.at(HTML):
            mjml = self.mjml(name, values, html)
        with self.holes.at(TEXT):
            return BlockCall(mjml, self.plain(name, values, text))

    def mjml(self, name: str, values: Mapping[str, Any], content: str | None) -> Markup:
        inside = {"content": Markup(content)} if content is not None else {}  # noqa: S704 (made by us or by a template)
        template = self.environment.get_template(f"blocks/{name}.mjml")
        return Markup(template.render({**self.html, **values, **inside}))  # noqa: S704

    def plain(self, name: str, values: Mapping[str, Any], content: str | None) -> str:
        inside = {"content": content.strip("\n")} if content is not None else {}
        template = self.environment.get_template(f"blocks/{name}.txt")
        return template.render({**self.text, **values, **inside})


def _bound(
    signature: Signature, arguments: tuple[Any, ...], named: Mapping[str, Any], *, has_content: bool
) -> dict[str, Any]:
    names = [name for name in (*signature.required, *signature.defaults) if name != "content"]
    if arguments:
        raise TemplateFault(
            f"{signature.name}() takes its arguments by name", f"write {signature.name}({_usage(names)})"
        )
    for name in named:
        if name not in names:
            raise TemplateFault(f'{signature.name}() takes no "{name}"', suggestion(name, names))
    missing = sorted(signature.required - set(named) - {"content"})
    if missing:
        raise TemplateFault(f'{signature.name}() needs "{missing[0]}"', f'write {signature.name}({missing[0]}="…")')
    if "content" in signature.required and not has_content:
        usage = f"{{% call {signature.name}() %}} … {{% endcall %}}"
        raise TemplateFault(f"{signature.name}() stands around some text", f"write {usage}")
    if has_content and "content" not in signature.required | set(signature.defaults):
        raise TemplateFault(f"{signature.name}() has nothing inside it", f"write {{{{ {signature.name}() }}}}")
    return {**signature.defaults, **named}


def _usage(names: list[str]) -> str:
    return ", ".join(f'{name}="…"' for name in sorted(names))
