"""Writes the golden mail: `python tests/golden_mail.py [SLUG…]` after a change that is meant; then read the difference in git.

Of every example campaign, what one person gets, kept in tests/golden/mail: the HTML, the text, and the message with all
its headers as it goes on the wire. The clock is the project's, the key is fixed. Names of pictures and calendar files are
replaced by numbers of the same length, for they are made from the bytes of the file, and those change with the version of
Pillow or icalendar that wrote them.
"""

import lzma
import sys
from dataclasses import replace
from pathlib import Path

from example_mail import EXAMPLES, ROSA, _compiled, settings
from mailer.domain.subscriber import Recipient
from mailer.edition.format import Edition, dump, load
from mailer.edition.program import Program
from mailer.rendering.compile import Compiled

FOLDER = Path(__file__).with_name("golden") / "mail"


def made(slug: str) -> dict[str, bytes]:
    """The content of each file of `slug`, by the ending of its name."""
    program = Program(_with_numbers(_compiled(slug)), key=b"a key for tests, 32 bytes long..", mailing_id=7)
    rosa = {"email": "rosa@example.org", **ROSA}
    person = Recipient(subscriber_id=1, public_id=1, email="rosa@example.org", fields=rosa)
    return {
        ".html": program.html(person).encode(),
        ".txt": program.text(person).encode(),
        ".eml": program.message(person, at=settings().project.clock).content,
    }


def _with_numbers(compiled: Compiled) -> Edition:
    """The edition with its files numbered as they come up; and a digest of its sources that says nothing."""
    document = lzma.decompress(dump(replace(compiled.edition, sources="0" * 64))).decode()
    content = document.index('"variants":')
    names = sorted((file.name for file in compiled.media), key=lambda name: document.index(name, content))
    for number, name in enumerate(names, 1):
        stem, _, ending = name.rpartition(".")
        document = document.replace(name, f"{number:0{len(stem)}}.{ending}")
    return load(lzma.compress(document.encode()))


def main(slugs: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.iterdir():
        if path.stem not in EXAMPLES:
            path.unlink()
    for slug in slugs or EXAMPLES:
        for ending, content in made(slug).items():
            (FOLDER / f"{slug}{ending}").write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1:])
