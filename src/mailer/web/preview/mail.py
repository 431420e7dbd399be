"""One campaign as one reader gets it: what the message carries, taken apart for looking at."""

from dataclasses import dataclass
from datetime import datetime

from mailer.domain.subscriber import Recipient
from mailer.edition.program import MOST_HTML_BYTES
from mailer.errors import EditionError
from mailer.web.inbox.reading import open_message
from mailer.web.preview.bench import Good


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """content: the whole message, b"" when none can be built, and then `problem` says why. html_bytes: as encoded."""

    sender: str
    subject: str
    preheader: str
    html: str
    text: str
    html_bytes: int
    content: bytes
    headers: tuple[tuple[str, str], ...]
    problem: str

    @property
    def share(self) -> float:
        """How much of what mail programs show is taken up by the HTML part, in percent; more than 100 is cut off."""
        return self.html_bytes * 100 / MOST_HTML_BYTES


def mail_for(good: Good, reader: Recipient, *, at: datetime) -> Mail:
    """The mail of `reader`. at: its date. Raises EditionError when one of their values cannot be placed."""
    program, content, problem = good.program, b"", ""
    try:
        content = program.message(reader, at=at).content
    except EditionError as error:
        problem = error.message
    return Mail(
        sender=program.variant_for(reader).from_name,
        subject=program.subject(reader),
        preheader=program.preheader(reader),
        html=program.html(reader),
        text=program.text(reader),
        html_bytes=program.html_size(reader),
        content=content,
        headers=open_message(content).headers if content else (),
        problem=problem,
    )
