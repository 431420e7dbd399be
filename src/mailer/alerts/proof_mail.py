"""A proof in the mail: the issue as it will go out, and above it what to know and what to type.

The panel is one table with its styles in place, so it stands in every mail program, and in the text part it is plain
text. Links in the issue are those of a test: they open pages and change nothing, and no header offers a way to leave.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mailer.alerts.wording import Told, as_json, instant
from mailer.domain.count import counted, people
from mailer.domain.proof import Proof
from mailer.domain.schedule import When
from mailer.domain.subscriber import Recipient
from mailer.edition.format import Edition
from mailer.edition.program import Program
from mailer.errors import EditionError
from mailer.storage.alerts import Alert

#: More of anything is a list that nobody reads.
_MOST = 20
_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)
_INK, _PAPER, _LINE = "#1d1b20", "#fff6d5", "#8a6d00"
_FONT = "font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:22px"
_CODE = "font-family:'Courier New',Courier,monospace;font-size:15px;line-height:22px;font-weight:bold"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofMail:
    """The proof of one occurrence, ready to be said.

    edition: the issue. audience: whom it goes to, in words. code: of `approve --code`. must: it goes out only if somebody
    approves it. is_once: it does not come round. key: signs the links of the test.
    """

    proof: Proof
    slug: str
    when: When
    audience: str
    edition: Edition
    code: str
    must: bool
    is_once: bool
    key: bytes

    def told(self, alert: Alert) -> Told:
        """The panel as text, and the same facts as a document. subject: that of the issue, as the sample reader gets it."""
        return Told(
            key=f"proof.{alert.id}.{int(alert.at.timestamp())}",
            subject=f"[PROOF] {self.edition.meta.title}",
            text="\n".join(self._lines()) + "\n",
            document=self._document(alert),
        )

    def for_reader(self, told: Told, reader: Recipient) -> tuple[str, str, str]:
        """Subject, text and HTML as `reader` would get the issue, each with what stands above it.

        html: "" when no message can be built for them; then the panel says so.
        """
        # Everything it holds, whatever the reader wants to hear of.
        program = Program(self.edition.whole, key=self.key, mailing_id=0, test=True)
        try:
            subject, text, page = program.subject(reader), program.text(reader), program.html(reader)
        except EditionError as error:
            return told.subject, f"{told.text}\nThe issue cannot be shown here: {error.message}\n", ""
        return f"[PROOF] {subject}", f"{told.text}\n{'─' * 72}\n\n{text}", _above(page, self._panel())

    @property
    def _commands(self) -> tuple[tuple[str, str], ...]:
        once = (("It must not go out", f"mailer schedule remove {self.slug}"),)
        again = (
            ("Leave this one out", f"mailer schedule skip {self.slug}"),
            ("Stop the schedule until you resume it", f"mailer schedule pause {self.slug}"),
        )
        return (
            ("It may go out as it is", f"mailer approve {self.slug} --code {self.code}"),
            *(once if self.is_once else again),
        )

    @property
    def _else(self) -> str:
        return "If nobody approves it, it is held." if self.must else "If nobody does anything, it goes out."

    def _facts(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(what, sentences) in the order in which a person asks for them."""
        facts = self.proof.facts
        yield "Goes out", (str(self.when),)
        yield "To", (f"{people(self.proof.people)}: {self.audience}",)
        if facts.views:
            yield "Views", (facts.views,)
        if facts.held:
            yield "In it", _few(facts.held)
        if facts.waiting:
            yield "Waiting", (f"{counted(facts.waiting, 'more item')} for the next issue, as no more fit",)
        if facts.left_out:
            yield "Left out", _few(facts.left_out)
        if facts.warnings:
            yield "Note", _few(facts.warnings)

    @property
    def _headline(self) -> str:
        return f"This is a proof: {self.slug} as it will go out."

    def _lines(self) -> Iterator[str]:
        yield from (self._headline, "")
        for what, sentences in self._facts():
            yield f"{what:<10}{sentences[0]}"
            yield from (f"{'':<10}{sentence}" for sentence in sentences[1:])
        for why, command in self._commands:
            yield from ("", f"{why}:", f"    {command}")
        yield from ("", f"{self._else} Links in this proof change nothing.")

    def _panel(self) -> str:
        rows = [f'<tr><td colspan="2" style="padding:0 0 8px;font-weight:bold">{_text(self._headline)}</td></tr>']
        for what, sentences in self._facts():
            said = "<br>".join(_text(sentence) for sentence in sentences)
            rows.append(
                f'<tr><td style="padding:2px 16px 2px 0;vertical-align:top;white-space:nowrap">{_text(what)}</td>'
                f'<td style="padding:2px 0;vertical-align:top">{said}</td></tr>'
            )
        for why, command in self._commands:
            code = f'<span style="{_CODE};color:{_INK}">{_text(command)}</span>'
            rows.append(f'<tr><td colspan="2" style="padding:8px 0 0">{_text(why)}:<br>{code}</td></tr>')
        last = _text(f"{self._else} Links in this proof change nothing.")
        rows.append(f'<tr><td colspan="2" style="padding:8px 0 0">{last}</td></tr>')
        inner = f'<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="{_FONT};color:{_INK}">'
        return (
            '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"'
            f' style="background-color:{_PAPER};border-bottom:3px solid {_LINE}"><tr>'
            f'<td align="left" bgcolor="{_PAPER}" style="padding:16px 20px">{inner}{"".join(rows)}</table></td></tr></table>'
        )

    def _document(self, alert: Alert) -> dict[str, Any]:
        facts = self.proof.facts
        local = self.when.local.isoformat(timespec="minutes")
        return as_json(
            alert,
            text=f"{self.slug} goes out {self.when} to {people(self.proof.people)}. {self._else}",
            campaign=self.slug,
            commands=[command for _, command in self._commands],
        ) | {
            "occurrence": {
                "key": self.proof.key,
                "local": local,
                "timezone": self.when.zone,
                "utc": instant(self.when.at),
            },
            "subject": self.edition.meta.title,
            "recipients": self.proof.people,
            "audience": self.audience,
            "items": list(facts.held),
            "left_out": list(facts.left_out),
            "waiting": facts.waiting,
            "warnings": list(facts.warnings),
            "code": self.code,
            "needs_approval": self.must,
        }


def _few(sentences: tuple[str, ...]) -> tuple[str, ...]:
    more = len(sentences) - _MOST
    return (*sentences[:_MOST], f"… and {more} more") if more > 0 else sentences


def _above(page: str, panel: str) -> str:
    """The page with the panel as the first thing in its body."""
    start = _BODY.search(page)
    return page[: start.end()] + panel + page[start.end() :] if start else panel + page


def _text(words: str) -> str:
    """ASCII, so that it stands whatever the page is said to be encoded in."""
    return html.escape(words).encode("ascii", "xmlcharrefreplace").decode()
