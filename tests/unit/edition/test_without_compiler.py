"""A worker needs none of the libraries that campaigns are written with, nor the database, to make messages."""

import subprocess
import sys

from edition_oracle import AT, KEY, PLAIN, TEXT, default, edition, recipient
from mailer.edition.format import Static, dump
from mailer.edition.program import Program

SCRIPT = """
import sys
from datetime import datetime

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"jinja2", "mjml", "premailer", "lxml", "sqlalchemy", "markdown_it", "pydantic", "yaml"}:
            raise ImportError(name)

sys.meta_path.insert(0, Absent())
from mailer.domain.subscriber import Recipient
from mailer.edition.format import load
from mailer.edition.program import Program

program = Program(load(sys.stdin.buffer.read()), key=bytes.fromhex(sys.argv[1]), mailing_id=7)
ana = Recipient(subscriber_id=1, public_id=int(sys.argv[2]), email="ana@example.net", fields={"first_name": "Ana"})
sys.stdout.buffer.write(program.message(ana, at=datetime.fromisoformat(sys.argv[3])).content)
"""


def test_another_process_without_them_makes_the_same_bytes():
    name = default("first_name", "friend")
    frozen = edition(
        text=(Static("Dear "), PLAIN(name), Static(",\n")), html=(Static("<p>Dear "), TEXT(name), Static("</p>\n"))
    )
    ana = recipient(first_name="Ana")
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT, KEY.hex(), str(ana.public_id), AT.isoformat()],
        input=dump(frozen),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert made.stderr == b""
    assert made.stdout == Program(frozen, key=KEY, mailing_id=7).message(ana, at=AT).content
