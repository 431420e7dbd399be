"""A stored edition at work: a recipient becomes a finished message in some tens of microseconds.

Loading an edition encodes all that is fixed in it and turns its expressions into closures. From then on nothing is
parsed, rendered or imported: the same edition and recipient give the same bytes on every machine, Date apart, whatever
became of the campaign's file, the templates or this program's templates since.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from hashlib import blake2b

from mailer.domain.message import OutgoingMessage
from mailer.domain.subscriber import STANDARD_FIELDS, Recipient
from mailer.edition.choice import Choice
from mailer.edition.dispatch import PLAIN, Dispatch
from mailer.edition.envelope import envelope_address
from mailer.edition.expressions import SUBSCRIBER, Env, Reads, Scope, environment
from mailer.edition.filters import filters
from mailer.edition.format import Edition, Variant
from mailer.edition.headers import Header
from mailer.edition.holes import Lay
from mailer.edition.links import Signer
from mailer.edition.media import PAGE, Medium, sharing_wire
from mailer.edition.message import part_content
from mailer.edition.parts import Pieces, compile_block, compile_pieces
from mailer.edition.sender import BounceAddresses, EnvelopeSender, Rule
from mailer.errors import EditionError

#: Gmail cuts a message off at about this size of its HTML; what is cut off is the way out.
MOST_HTML_BYTES = 102_400
_CRLF = b"\r\n"


class Program:
    """Makes messages and pages from an edition. One instance may serve several threads."""

    def __init__(
        self, edition: Edition, *, key: bytes, mailing_id: int, test: bool = False, subject_prefix: str = ""
    ) -> None:
        """key: signs the links. mailing_id: 0 while there is no mailing. test: every link opens a page and changes nothing.

        Raises EditionError if the edition asks for what this program does not know.
        """
        self.edition = edition
        self._test = test
        self._signer = Signer(key, mailing_id, test=test)
        self._bounces = BounceAddresses(key, mailing_id)
        self._choice, wire = Choice(edition), sharing_wire()
        self._variants = {
            name: _VariantProgram(edition, variant, subject_prefix, wire) for name, variant in edition.variants.items()
        }
        self._only = self._variants[""] if len(self._variants) == 1 and edition.views is None else None

    @cached_property
    def needs(self) -> frozenset[str]:
        """The recipient fields that messages and pages of this edition read, and what decides which variant they get."""
        return self._choice.needs.union(*(variant.fields for variant in self._variants.values()))

    def message(self, recipient: Recipient, *, at: datetime, dispatch: Dispatch = PLAIN) -> OutgoingMessage:
        """The finished message. at: its Date, aware. dispatch: as the relay wants it by which it leaves.

        Raises EditionError, which is about this recipient only, if a value or the address cannot be placed, or if the
        HTML part grows past `MOST_HTML_BYTES`; NotForThem if nothing in it is for them.
        """
        to = envelope_address(recipient.email)
        variant = self._only or self._variants[self._choice.variant(recipient)]
        links, key = self._signer.sign(recipient.public_id)
        if self._test:
            key = self._test_key(recipient, at)
        env = environment(recipient.fields, links)
        head, subject, leave = variant.header, variant.subject(env), links["leave"]
        fields = head.lay(to=to, subject=subject, at=at, key=key, leave_token=leave)
        body, size = variant.body(env)
        if dispatch.signer is not None:
            canonical = head.canonical(to=to, subject=subject, at=at, key=key, leave_token=leave)
            fields = (dispatch.signer.sign_canonical(head.names, canonical, b"".join(body), at=at), *fields)
        sender = self._sender(dispatch.sender, variant, recipient)
        # RFC 6532 §3: the To field has the address as it is, so a message that needs SMTPUTF8 is 8-bit as well.
        size += sum(map(len, fields)) + len(_CRLF)
        return OutgoingMessage(key, sender, to, (*fields, _CRLF, *body), size, eight_bit=not to.isascii())

    def _sender(self, wanted: EnvelopeSender, variant: "_VariantProgram", recipient: Recipient) -> str:
        if wanted.rule is Rule.VERP:
            return self._bounces.address(wanted.where, recipient.public_id)
        return wanted.where if wanted.rule is Rule.FIXED else variant.header.sender

    def variant_for(self, recipient: Recipient) -> Variant:
        """The variant in the recipient's language and of their view; of the whole issue if they want nothing of it."""
        return self._variant(recipient).variant

    def subject(self, recipient: Recipient) -> str:
        return self._variant(recipient).subject(self._environment(recipient))

    def preheader(self, recipient: Recipient) -> str:
        return self._variant(recipient).preheader(self._environment(recipient))

    def text(self, recipient: Recipient) -> str:
        """The text part as a reader's program shows it."""
        return self._variant(recipient).text(self._environment(recipient))

    def html(self, recipient: Recipient) -> str:
        """The HTML part as a browser gets it."""
        return self._variant(recipient).html(self._environment(recipient))

    def html_size(self, recipient: Recipient) -> int:
        """Bytes of the HTML part as encoded, which is what `MOST_HTML_BYTES` is about."""
        variant = self._variant(recipient)
        _, size = variant.wire_html(self._environment(recipient))
        return size

    def _variant(self, recipient: Recipient) -> "_VariantProgram":
        return self._only or self._variants[self._choice.page(recipient)]

    def _environment(self, recipient: Recipient) -> Env:
        links, _ = self._signer.sign(recipient.public_id)
        return environment(recipient.fields, links)

    def _test_key(self, recipient: Recipient, at: datetime) -> str:
        # Mail readers show one message of several with the same Message-ID: every test gets its own.
        seed = f"{self.edition.sources} {recipient.public_id} {at.timestamp()}"
        return "test-" + blake2b(seed.encode(), digest_size=16).hexdigest()


class _VariantProgram:
    """One variant, loaded."""

    def __init__(self, edition: Edition, variant: Variant, subject_prefix: str, wire: Medium[bytes]) -> None:
        self.variant = variant
        self._reads = Reads()
        self._scope = Scope(filters=filters(variant.language), reads=self._reads)
        subject = compile_block(variant.subject, self._scope, PAGE)
        self.subject: Lay[str] = (lambda env: subject_prefix + subject(env)) if subject_prefix else subject
        self.preheader: Lay[str] = compile_block(variant.preheader, self._scope, PAGE)
        text, text_encoding = part_content(variant.text, self._scope)
        html, html_encoding = part_content(variant.html, self._scope)
        # "=_" is in no quoted-printable and no base64 text (RFC 2045 §6.7), so no value can contain the boundary.
        boundary = b"=_" + blake2b(edition.sources.encode(), digest_size=12).hexdigest().encode()
        content_type = f'Content-Type: multipart/alternative;\r\n boundary="{boundary.decode()}"'
        self.header = Header(edition.meta, from_name=variant.from_name, content_type=content_type)
        self._wire = wire
        head, self._tail = _part_head(boundary, b"plain", text_encoding), b"\r\n--%b--\r\n" % boundary
        self._between = _CRLF + _part_head(boundary, b"html", html_encoding)
        self._body = compile_pieces((head, *text, self._between, *html, self._tail), self._scope, wire)

    @property
    def fields(self) -> frozenset[str]:
        if SUBSCRIBER in self._reads.slots:
            return STANDARD_FIELDS
        return frozenset(self._reads.fields)

    @cached_property
    def text(self) -> Lay[str]:
        return compile_block(self.variant.text, self._scope, PAGE)

    @cached_property
    def html(self) -> Lay[str]:
        return compile_block(self.variant.html, self._scope, PAGE)

    @cached_property
    def wire_html(self) -> Pieces[bytes]:
        """The HTML part by itself, as encoded."""
        content, _ = part_content(self.variant.html, self._scope)
        return compile_pieces(content, self._scope, self._wire)

    def body(self, env: Env) -> tuple[Sequence[bytes], int]:
        """Both parts, in pieces, and their size in octets."""
        pieces, size = self._body(env)
        if size > MOST_HTML_BYTES and self._html_size(b"".join(pieces)) > MOST_HTML_BYTES:
            raise EditionError(
                f"The HTML part is larger than the {MOST_HTML_BYTES:,} bytes from which mail programs cut it off.",
                hint="Shorten the campaign.",
            )
        return pieces, size

    def _html_size(self, body: bytes) -> int:
        """Bytes of the HTML part: what stands between its head and the last boundary."""
        return len(body) - body.index(self._between) - len(self._between) - len(self._tail)


def _part_head(boundary: bytes, subtype: bytes, encoding: bytes) -> bytes:
    return b"--%b\r\nContent-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: %b\r\n\r\n" % (
        boundary,
        subtype,
        encoding,
    )
