"""What SpamAssassin makes of every example campaign, by the rules on this machine alone: no network, no training.

The score of a real delivery is another one; what the words and the markup of our mail add to it is what is bounded here.
"""

import re
import shutil
import subprocess

import pytest

from example_mail import EXAMPLES
from golden_mail import made

SPAMASSASSIN = shutil.which("spamassassin")
#: A message is taken for spam at 5. What we have is 0.7, for MJML's hidden preheader: white on white.
MOST = 1.5


@pytest.mark.skipif(SPAMASSASSIN is None, reason="NOT SCORED: spamassassin is not installed (apt install spamassassin)")
def test_nothing_we_say_or_draw_looks_like_spam():
    mailbox = b"".join(b"From news@example.org Fri Nov 22 09:00:00 2024\n" + made(slug)[".eml"] for slug in EXAMPLES)
    ran = subprocess.run(
        [SPAMASSASSIN, "--local", "--test-mode", "--mbox"],
        input=mailbox.replace(b"\r\n", b"\n"),
        capture_output=True,
        check=True,
        timeout=120,
    )
    report = ran.stdout.decode(errors="replace")
    scores = [float(score) for score in re.findall(r"Content analysis details:\s+\(([-\d.]+) points", report)]
    assert len(scores) == len(EXAMPLES)
    high = {slug: score for slug, score in zip(EXAMPLES, scores, strict=True) if score > MOST}
    assert high == {}, "\n".join(re.findall(r"^ ?-?\d\.\d [A-Z_]+ .*$", report, re.MULTILINE))
