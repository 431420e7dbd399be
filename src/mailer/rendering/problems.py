"""Finding out where in a person's files something went wrong, and saying it in their words."""

import difflib
import traceback
from collections.abc import Iterable, Mapping

from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError

from mailer.errors import InputProblems, Problem


class TemplateFault(Exception):
    """Raised while a template runs, where Jinja knows the line and we do not yet: (message, hint)."""

    def __init__(self, message: str, hint: str = "", *, rule: str = "template") -> None:
        super().__init__(message)
        self.message, self.hint, self.rule = message, hint, rule


def suggestion(word: str, known: Iterable[str]) -> str:
    """The nearest of `known`, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f'did you mean "{near[0]}"?' if near else f"known: {', '.join(names)}" if names else ""


def from_exception(
    error: BaseException, *, fallback: tuple[str, int | None], files: Mapping[str, int]
) -> InputProblems:
    """What `error`, raised by a template as it was compiled or ran, means to its author.

    Raises `error` itself if no template had a part in it.
    fallback: (file, line) when nothing better is known. files: the names under which Jinja reports our templates, and
    the line at which each begins in its file.
    """
    if isinstance(error, InputProblems):
        return error
    if isinstance(error, TemplateSyntaxError):
        name = error.filename or error.name or fallback[0]
        place: tuple[str, int | None] = (name, error.lineno + files.get(name, 1) - 1)
    else:
        inside = _innermost(error, files)
        if inside is None and not isinstance(error, TemplateError | TemplateFault | RecursionError):
            raise error  # nothing that a template did: a fault of ours, which must not pass for one of the author's
        place = inside or fallback
    file, line = place[0].partition("#")[0], place[1]  # "campaigns/peru.md#subject"
    rule = error.rule if isinstance(error, TemplateFault) else "template"
    message, hint = _words(error)
    return InputProblems([Problem(rule=rule, file=file, line=line, message=message, hint=hint)])


def _innermost(error: BaseException, files: Mapping[str, int]) -> tuple[str, int | None] | None:
    """The deepest template line in the traceback, which Jinja has rewritten to lines of templates."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    if not frames:
        return None
    return frames[-1].filename, (frames[-1].lineno or 1) + files[frames[-1].filename] - 1


def _words(error: BaseException) -> tuple[str, str]:
    match error:
        case TemplateFault():
            return error.message, error.hint
        case TemplateNotFound():
            return f'there is no template "{error.name}"', "templates are looked up in templates/"
        case UndefinedError():
            return f"{error.message}", "docs/templates.md lists what templates see"
        case SecurityError():
            return f"{error.message}", "templates cannot reach that"
        case TemplateError():
            return f"{error.message}", ""
        case RecursionError():
            return (
                "this is nested too deeply",
                "templates that include each other, or too many brackets or conditions inside one another",
            )
        case _:
            return f"{type(error).__name__}: {error}", "a value is not of the sort that this needs"
