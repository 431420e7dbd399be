"""Checks one campaign: compiles it, then holds every lint rule against what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import TemplateSyntaxError

from mailer.domain.campaign import Waiver
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.sample import SAMPLE
from mailer.edition.format import Edition
from mailer.edition.program import Program
from mailer.errors import EditionError, InputProblems, Problem, Severity
from mailer.rendering.compile import Compiled, compile_campaign, template_folders
from mailer.rendering.context import zone_of
from mailer.rendering.environment import environment
from mailer.rendering.lints import FIXED_RULES, RULES, Material
from mailer.rendering.problems import from_exception, suggestion
from mailer.rendering.surroundings import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found. compiled: None when it could not be compiled."""

    compiled: Compiled | None
    findings: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.WARNING)


def check(file: CampaignFile, around: Surroundings) -> Checked:
    """Everything that is to be said about `file`, in the order of its lines; never raises for what is in it."""
    try:
        compiled = compile_campaign(file, around)
    except InputProblems as error:
        return Checked(compiled=None, findings=_sorted(error.problems))
    return Checked(compiled=compiled, findings=_sorted([*compiled.warnings, *lint(file, compiled, around)]))


def body_problems(root: Path, name: str, body: str, first_line: int) -> tuple[Problem, ...]:
    """What is wrong with a body as a template, when the fields above it cannot be read: both are said at once."""
    _, texts = environment(template_folders(root))
    try:
        texts.text(body, name, first_line)
    except (TemplateSyntaxError, InputProblems) as error:
        return from_exception(error, fallback=(name, None), files={name: first_line}).problems
    return ()


def lint(file: CampaignFile, compiled: Compiled, around: Surroundings) -> Iterator[Problem]:
    """What the rules find, waivers applied."""
    today = around.now.astimezone(zone_of(file, around.settings)).date()
    waived = {waiver.rule for waiver in file.campaign.waive if waiver.until is None or waiver.until >= today}
    try:
        material = _material(file, compiled, around)
    except EditionError as error:
        # A value that this sample lacks: the dry run of the audience says for whom it matters.
        yield Problem(rule="personalisation", file=file.name, message=error.message, hint=error.hint)
        return
    for rule in RULES:
        if rule.id in waived:
            continue
        for found in rule.find(material):
            yield Problem(
                rule=rule.id, severity=found.severity or rule.severity, file=found.file or file.name,
                line=found.line,
                message=found.message, hint=found.hint,
            )  # fmt: skip
    for number, waiver in enumerate(file.campaign.waive):
        yield from _waiver_problems(file, number, waiver, is_over=waiver.until is not None and waiver.until < today)


def for_looking(edition: Edition) -> Program:
    """A program whose messages are looked at and never sent: every link is a test's, signed with a key of nobody.

    Raises EditionError.
    """
    # Without a From address nothing could be looked at; `identity` says that it is missing.
    meta = replace(edition.meta, from_address=edition.meta.from_address or SAMPLE.email)
    return Program(replace(edition, meta=meta), key=b"for looking at only", mailing_id=0, test=True)


def _material(file: CampaignFile, compiled: Compiled, around: Surroundings) -> Material:
    program = for_looking(compiled.edition)
    return Material(
        file=file, settings=around.settings, now=around.now, zone=zone_of(file, around.settings), edition=compiled.edition,
        issue=compiled.issue, html=program.html(SAMPLE), text=program.text(SAMPLE), html_bytes=program.html_size(SAMPLE),
    )  # fmt: skip


def _waiver_problems(file: CampaignFile, number: int, waiver: Waiver, *, is_over: bool) -> Iterator[Problem]:
    def problem(message: str, hint: str, severity: Severity) -> Problem:
        line = file.line_of("waive", number, "rule")
        return Problem(rule="waive", file=file.name, line=line, message=message, hint=hint, severity=severity)

    known = {rule.id for rule in RULES}
    if waiver.rule in FIXED_RULES:
        yield problem(f'"{waiver.rule}" cannot be waived', "mend what it finds", Severity.ERROR)
    elif waiver.rule not in known:
        yield problem(f'there is no rule "{waiver.rule}"', suggestion(waiver.rule, known), Severity.ERROR)
    elif is_over:
        yield problem(f'the waiver of "{waiver.rule}" is over', "mend it, or move its day", Severity.WARNING)


def _sorted(problems: Iterator[Problem] | list[Problem] | tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.file, problem.line or 0, problem.rule)))


def as_errors(findings: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """`findings` with warnings raised to errors: --strict."""
    return tuple(replace(finding, severity=Severity.ERROR) for finding in findings)
