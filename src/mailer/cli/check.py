"""`mailer check`: a linter for campaigns, with rule ids, file and line, and exit codes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.campaigns import project_root, surroundings
from mailer.cli.output import Output
from mailer.domain.count import counted
from mailer.errors import Exit, InputProblems, Problem, Severity, UnknownName

if TYPE_CHECKING:
    from mailer.app import App
    from mailer.domain.campaign_file import CampaignFile
    from mailer.rendering.compile import Compiled
    from mailer.rendering.surroundings import Surroundings

FORMATS = ("text", "json", "github")


@dataclass(frozen=True, slots=True)
class Result:
    """What was found in one campaign."""

    slug: str
    findings: tuple[Problem, ...]

    def count(self, severity: Severity) -> int:
        return sum(finding.severity is severity for finding in self.findings)


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]…")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@click.option(
    "--fix", is_flag=True, help="Mend slips of typing and pasting in the files first, and show what was mended."
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print findings."
)
@click.pass_obj
def check(output: Output, slugs: tuple[str, ...], strict: bool, fix: bool, form: str) -> int:
    """Read campaigns as a careful colleague would: all of them, or those named.

    Exit code 3 when there are errors. docs/checks.md explains every rule.
    """
    from mailer.rendering.check import as_errors
    from mailer.sources.campaign_slugs import campaign_slugs

    app = output.app
    root = project_root(app)
    around = surroundings(app)
    slugs = slugs or tuple(campaign_slugs(root))
    if fix:
        from mailer.cli.fixing import fix_files

        fix_files(output, root, slugs)
    results = [
        Result(slug, as_errors(found) if strict else found)
        for slug in slugs
        for found in [_findings(app, root, slug, around)]
    ]
    # What is wrong with the project itself is found in every campaign, and said once.
    findings = list(dict.fromkeys(finding for result in results for finding in result.findings))
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    _print(output, form, results, findings)
    _sum_up(output, results, errors=errors, warnings=len(findings) - errors)
    return Exit.FINDINGS if errors else Exit.OK


def _print(output: Output, form: str, results: list[Result], findings: list[Problem]) -> None:
    if form == "json" or output.as_json:
        output.as_json = True
        output.document({"campaigns": [_document(result) for result in results]})
    elif form == "github":
        for line in _github(findings):
            click.echo(line)
    else:
        _text(output, findings)


def _sum_up(output: Output, results: list[Result], *, errors: int, warnings: int) -> None:
    if results:
        output.say(f"{counted(len(results), 'campaign')}: {counted(errors, 'error')}, {counted(warnings, 'warning')}.")
        if not errors:
            output.next(f"preview {results[0].slug}")
    else:
        output.say("There are no campaigns yet.")
        output.next("new article my-first")


def _findings(app: "App", root: Path, slug: str, around: "Surroundings") -> tuple[Problem, ...]:
    from mailer.rendering.check import body_problems
    from mailer.rendering.check import check as checked
    from mailer.sources.campaign_files import body_of, read_campaign

    try:
        file = read_campaign(root, slug)
    except InputProblems as error:
        body = body_of(root, slug)
        return (*error.problems, *(body_problems(root, f"campaigns/{slug}.md", *body) if body else ()))
    found = checked(file, around)
    return (*found.findings, *of_audience(app, file, found.compiled))


def of_audience(app: "App", file: "CampaignFile", compiled: "Compiled | None") -> list[Problem]:
    """What is wrong with whom it goes to: names of nobody, and, once there are people, personal values that some lack."""
    try:
        problems = list(_unknown_segments(app, file))
    except InputProblems as error:
        return list(error.problems)
    if problems or compiled is None or not app.has_database:
        return problems
    return _blanks(app, file, compiled)


def _unknown_segments(app: "App", file: "CampaignFile") -> Iterator[Problem]:
    """Raises InputProblems when the file of segments cannot be read."""
    from mailer.sources.segment_files import EVERYONE, find_segment

    for field in ("audience", "exclude"):
        name = getattr(file.campaign, field)
        if not name or name == EVERYONE:
            continue
        try:
            find_segment(app.settings.root, app.settings, name)
        except UnknownName as error:
            message = f'{field}: there is no segment or list "{name}"'
            line = file.line_of(field)
            yield Problem(rule="unknown-segment", file=file.name, line=line, message=message, hint=error.hint)


def _blanks(app: "App", file: "CampaignFile", compiled: "Compiled") -> list[Problem]:
    """Personal values that somebody in the audience lacks."""
    from mailer.launch import Desk, Order, audience_for, blank_values, narrowed

    desk = Desk(settings=app.settings, database=app.database, key=b"", clock=app.clock)
    try:
        audience = audience_for(desk, file, Order(slug=file.slug), ())
    except UnknownName:
        return []  # `unknown-list` says so
    return blank_values(desk, file, compiled.edition, narrowed(audience, compiled.issue))


def _document(result: Result) -> dict[str, Any]:
    return {
        "slug": result.slug,
        "errors": result.count(Severity.ERROR),
        "warnings": result.count(Severity.WARNING),
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.severity.value,
                "file": finding.file,
                "line": finding.line,
                "column": finding.column,
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in result.findings
        ],
    }


def _text(output: Output, findings: Iterable[Problem]) -> None:
    colours = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
    for finding in findings:
        place = finding.file + (f":{finding.line}" if finding.line else "")
        word = finding.severity.value
        if not output.no_color:
            word = click.style(word, fg=colours[finding.severity])
        click.echo(f"{place}: {word}: {finding.message} [{finding.rule}]")
        if finding.hint:
            click.echo(f"    {finding.hint}")


def _github(findings: Iterable[Problem]) -> Iterable[str]:
    """Annotations of GitHub Actions (workflow commands: data and properties are percent-escaped)."""
    for finding in findings:
        place = f"file={_property(finding.file)}" + (f",line={finding.line}" if finding.line else "")
        words = finding.message + (f" ({finding.hint})" if finding.hint else "")
        yield f"::{finding.severity.value} {place},title={_property(finding.rule)}::{_data(words)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
