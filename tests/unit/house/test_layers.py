"""What a worker runs on starts fast and stays small: it never loads the libraries that campaigns are written with."""

import subprocess
import sys

FORBIDDEN = (
    *("jinja2", "mjml", "premailer", "lxml", "markdown_it", "pydantic", "PIL", "yaml", "rich", "starlette"),
    "cryptography",  # until mail is to be signed
)


def test_an_edition_and_a_worker_load_where_the_compilers_libraries_cannot_be_imported():
    code = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {FORBIDDEN!r}:
            raise ImportError(name + ' was imported')
sys.meta_path.insert(0, Refuse())
import mailer.app, mailer.delivery.worker, mailer.edition.program, mailer.backends.smtp, mailer.storage.ledger
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
