"""`mailer check --fix`: what can be mended in one way only is mended in the files, each whole or not at all."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mailer.cli.output import Output
from mailer.domain.count import counted
from mailer.errors import MailerError


def fix_files(output: Output, root: Path, slugs: Iterable[str]) -> None:
    """Mend the campaigns and say on stderr which lines changed. What cannot be read is left to the findings."""
    from mailer.rendering.mend import mend
    from mailer.sources.campaign_files import body_of
    from mailer.sources.campaign_slugs import FOLDER, campaign_slugs

    lines = 0
    for slug in [slug for slug in slugs if slug in campaign_slugs(root)]:
        name, parts = f"{FOLDER}/{slug}.md", body_of(root, slug)
        if parts is None:
            continue
        path = (root / name).resolve()
        # As text in UTF-8 without translation: line ends and a byte order mark stay what they are.
        text, changed = mend(path.read_bytes().decode("utf-8"), parts[1])
        if changed:
            _write(path, text.encode("utf-8"), name)
        for one in changed:
            output.say(f"{name}:{one.line}: mended\n  - {one.before}\n  + {one.after}")
        lines += len(changed)
    output.say(f"{counted(lines, 'line')} mended." if lines else "There was nothing that could be mended.")


def _write(path: Path, content: bytes, name: str) -> None:
    """Put `content` in place of the file in one step; the file keeps its mode."""
    draft = ""
    try:
        number, draft = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".draft")
        with os.fdopen(number, "wb") as file:
            file.write(content)
        Path(draft).chmod(path.stat().st_mode)
        Path(draft).replace(path)
    except PermissionError:
        raise MailerError(f"{name} cannot be written.", hint="Look at the permissions of its folder.") from None
    finally:
        if draft:
            Path(draft).unlink(missing_ok=True)
