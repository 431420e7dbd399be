"""The work under the eye: compiled again whenever a file of the project changed, the last good mail kept beside what is wrong.

Nothing that a person can write into their files raises here: a broken file is what a preview is there to show.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mailer.app import App
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.media import MediaFile
from mailer.domain.subscriber import Recipient
from mailer.edition.program import Program
from mailer.errors import EditionError, InputProblems, Problem, SettingsError, Severity, UnknownName
from mailer.launch.views import as_seen_by, needs_of
from mailer.rendering.check import Checked, body_problems, check, for_looking
from mailer.rendering.compile import Compiled
from mailer.rendering.surroundings import Surroundings
from mailer.settings import FILE_NAME, load
from mailer.sources.campaign_files import body_of, read_campaign
from mailer.web.preview.examples import Example, example_of
from mailer.web.preview.watching import stamp

#: What campaigns are compiled in, as the program that the preview is part of settles it.
Around = Callable[[App], Surroundings]
#: A campaign read, if it could be, and checked. Raises UnknownName when there is none.
Look = Callable[[], tuple[CampaignFile | None, Checked]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """A mail that can be looked at. at: when it was compiled."""

    file: CampaignFile
    compiled: Compiled
    program: Program
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How a campaign stands. good: the last mail that came of it; is_old: what is in the files now gives none.

    stamp: how the files stood when it was made.
    """

    name: str
    findings: tuple[Problem, ...]
    good: Good | None
    is_old: bool
    stamp: str

    def count(self, severity: Severity) -> int:
        return sum(finding.severity is severity for finding in self.findings)


class Bench:
    """One project. Threads may share it; one at a time compiles."""

    def __init__(self, app: App, around: Around) -> None:
        """`app` has a project. around: is asked before every compilation."""
        assert app.settings.root is not None
        self.root: Path = app.settings.root
        self.app = app
        self._around = around
        self._lock = threading.RLock()
        self._proofs: dict[tuple[str, str], Proof] = {}
        self._lent: dict[str, MediaFile] = {}  #: what only some readers of a digest see
        self._settings_problems: tuple[Problem, ...] = ()
        self._settings_read_at = self.stamp()

    def stamp(self) -> str:
        """Another word as soon as a file changed; also every hour, for figures that count days."""
        return f"{stamp(self.root)}-{self.app.now:%d%H}"

    def campaign(self, slug: str) -> Proof:
        """The project's campaign `slug`. Raises UnknownName if there is none, and was none before."""
        name = f"campaigns/{slug}.md"
        return self._proof(("campaigns", slug), name, lambda: self._check_campaign(slug))

    def example(self, kind: str) -> Proof:
        """The packaged example of `kind` in this project's look. Raises UnknownName when there is none."""
        example = example_of(kind)
        return self._proof(("kinds", kind), example.file.name, lambda: self._check_example(example))

    def for_reader(self, proof: Proof, reader: Recipient) -> Proof:
        """The proof with the mail as this person sees it, which of a digest may be less than all."""
        good = proof.good
        if good is None or not needs_of(good.compiled.issue):
            return proof
        with self._lock:
            around = replace(self._around(self.app), now=good.compiled.edition.meta.frozen_at)
            try:
                seen = as_seen_by(good.file, around, good.compiled, reader)
            except InputProblems as error:
                return replace(proof, findings=(*proof.findings, *error.problems))
            if seen is None or seen is good.compiled:
                return proof
            self._lent.update({file.name: file for file in seen.media})
            mine = replace(good.compiled, edition=seen.edition, media=seen.media)
            return replace(proof, good=replace(good, program=for_looking(seen.edition), compiled=mine))

    def media(self, name: str) -> MediaFile | None:
        """A file that one of the mails links."""
        if name in self._lent:
            return self._lent[name]
        goods = [proof.good for proof in list(self._proofs.values()) if proof.good]
        return next((file for good in goods for file in good.compiled.media if file.name == name), None)

    def _proof(self, key: tuple[str, str], name: str, look: Look) -> Proof:
        with self._lock:
            now, before = self.stamp(), self._proofs.get(key)
            if before and before.stamp == now:
                return before
            self._read_settings(now)
            file, checked = _look(look, name, was_there=before is not None)
            good = self._good(file, checked)
            proof = Proof(
                name=name,
                findings=(*self._settings_problems, *checked.findings),
                good=good or (before.good if before else None),
                is_old=good is None or bool(self._settings_problems),
                stamp=now,
            )
            self._proofs[key] = proof
            return proof

    def _good(self, file: CampaignFile | None, checked: Checked) -> Good | None:
        if file is None or checked.compiled is None:
            return None
        try:
            program = for_looking(checked.compiled.edition)
        except EditionError:
            return None  # what is wrong is among the findings
        return Good(file=file, compiled=checked.compiled, program=program, at=self.app.clock())

    def _read_settings(self, now: str) -> None:
        """Take over what mailer.toml says now; a broken one leaves the last good settings in force."""
        if now == self._settings_read_at:
            return
        self._settings_read_at, self._settings_problems = now, ()
        try:
            settings = load(self.root)
        except InputProblems as error:
            self._settings_problems = error.problems
        except SettingsError as error:
            problem = Problem(rule="settings", file=FILE_NAME, message=error.message, hint=error.hint)
            self._settings_problems = (problem,)
        else:
            if settings != self.app.settings:
                self.app = App(settings, clock=self.app.clock)

    def _check_campaign(self, slug: str) -> tuple[CampaignFile | None, Checked]:
        try:
            file = read_campaign(self.root, slug)
        except InputProblems as error:
            body = body_of(self.root, slug)
            also = body_problems(self.root, f"campaigns/{slug}.md", *body) if body else ()
            return None, Checked(compiled=None, findings=(*error.problems, *also))
        return file, check(file, self._around(self.app))

    def _check_example(self, example: Example) -> tuple[CampaignFile, Checked]:
        """Only what keeps it from being shown is said of it: its words are not this project's."""
        around = Surroundings(settings=self.app.settings, now=example.now, issue_of=example.issue_of)
        checked = check(example.file, around)
        if checked.compiled is not None:
            return example.file, replace(checked, findings=())
        return example.file, checked


def _look(look: Look, name: str, *, was_there: bool) -> tuple[CampaignFile | None, Checked]:
    """What `look` finds; a file that is gone since it was last looked at is a finding too."""
    try:
        return look()
    except UnknownName as error:
        if not was_there:
            raise
        gone = Problem(rule="file", file=name, message="this file is gone", hint=error.hint)
        return None, Checked(compiled=None, findings=(gone,))
