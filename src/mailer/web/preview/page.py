"""What a campaign's page says, on the site and on disk alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from mailer.domain.count import counted
from mailer.edition.program import MOST_HTML_BYTES
from mailer.errors import EditionError, Problem, Severity
from mailer.rendering.pages import Pages
from mailer.settings import Settings
from mailer.settings.starter import starter_project
from mailer.web.frames import MEASURED
from mailer.web.preview.addresses import Addresses
from mailer.web.preview.ahead import Panel
from mailer.web.preview.bench import Good, Proof
from mailer.web.preview.mail import Mail, mail_for
from mailer.web.preview.readers import Reader
from mailer.web.preview.views import VIEWS, View

FOLDER = Path(__file__).parents[1] / "pages"
_LONGEST_QUOTE = 120


def pages_for(settings: Settings) -> Pages:
    """The page templates in the look of a project."""
    return Pages(FOLDER, settings, style="preview.css")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one reader sees of one campaign now.

    mail: None when there is none to see, and `nothing` says why, if not the findings. notes: what else is to be known.
    panel: of the time to come that it is looked at for.
    """

    proof: Proof
    reader: Reader | None
    mail: Mail | None
    nothing: str = ""
    notes: tuple[str, ...] = ()
    panel: Panel | None = None


def seen_by(
    proof: Proof,
    reader: Reader | None,
    *,
    at: datetime,
    notes: tuple[str, ...] = (),
    panel: Panel | None = None,
) -> Sight:
    """reader: None when there is no mail. at: the message's date. notes, panel: about the campaign, whoever reads."""
    if proof.good is None or reader is None:
        return Sight(proof=proof, reader=None, mail=None, notes=notes, panel=panel)
    notes = (*reader.warnings, *filter(None, [lack_of(proof.good)]), *notes)
    try:
        mail = mail_for(proof.good, reader.recipient, at=at)
    except EditionError as error:
        nothing = f"There is no mail for {reader.recipient.email}: {error.message} {error.hint}"
        return Sight(proof=proof, reader=reader, mail=None, nothing=nothing, notes=notes, panel=panel)
    return Sight(proof=proof, reader=reader, mail=mail, notes=notes, panel=panel)


def campaign_values(root: Path, sight: Sight, view: View, address: Addresses) -> Mapping[str, Any]:
    """What `preview.html` prints, beside what depends on where it stands. root: of the project."""
    proof = sight.proof
    good = proof.good
    return {
        "file": proof.name,
        "kind": good.file.campaign.kind.replace("_", " ") if good else "",
        "findings": [(finding, quoted_line(root, finding)) for finding in proof.findings],
        "verdict": verdict(proof),
        "mail": sight.mail,
        "reader": sight.reader,
        "nothing": sight.nothing,
        "notes": sight.notes,
        "panel": sight.panel,
        "old_since": f"{good.at.astimezone():%H:%M:%S}" if good and proof.is_old else "",
        "clock": f"{good.compiled.edition.meta.frozen_at.astimezone():%H:%M}" if good else "",
        "view": view,
        "views": VIEWS,
        "address": address,
        "most": MOST_HTML_BYTES,
        "sandbox": MEASURED,
    }


def quoted_line(root: Path, finding: Problem) -> str:
    """The line that a finding is about, "" when it cannot be told."""
    if not finding.line:
        return ""
    for folder in (root, starter_project()):
        try:
            with (folder / finding.file).open(encoding="utf-8-sig", errors="replace") as file:
                line = next(islice(file, finding.line - 1, None), "").strip()
        except (OSError, ValueError):
            continue
        return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}…"
    return ""


def lack_of(good: Good) -> str:
    """What keeps a digest from going out now, or from being seen whole; "" for everything else."""
    issue = good.compiled.issue
    if issue is None:
        return ""
    if issue.lack:
        return f"Nothing would be sent now: {issue.lack}."
    return "There is no database yet, so only what was published elsewhere is in it." if issue.is_blind else ""


def verdict(proof: Proof) -> str:
    """What was found, in a few words."""
    errors, warnings = proof.count(Severity.ERROR), proof.count(Severity.WARNING)
    parts = [counted(errors, "error")] if errors else []
    parts += [counted(warnings, "warning")] if warnings else []
    return ", ".join(parts) or "Nothing to mend"
