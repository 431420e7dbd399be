"""What an alert says, to whom: looked up in the moment in which it is told, for by then things may stand otherwise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailer.alerts.proof_mail import ProofMail
from mailer.alerts.wording import Told, in_words
from mailer.domain.approval import is_required
from mailer.domain.armed import Kind, State
from mailer.domain.recurrence import Occurrence
from mailer.domain.sample import SAMPLE
from mailer.domain.subscriber import Recipient
from mailer.edition.approval_code import approval_code
from mailer.edition.format import load
from mailer.errors import UnknownName
from mailer.settings import Settings
from mailer.storage import mailings, proofs, schedules, subscribers
from mailer.storage.alerts import Alert, Channel, channels_named
from mailer.storage.database import Connection, Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A mail to one address. html: "" for a mail that is text alone."""

    to: str
    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An alert in words. pages: what is mailed, in the order of the addresses in the settings; none to a web address."""

    told: Told
    pages: tuple[Page, ...] = ()


class Letters:
    """Puts alerts into words."""

    def __init__(self, database: Database, settings: Settings, *, make_key: Callable[[], bytes]) -> None:
        """make_key: the secret key, for the code and the links of a proof."""
        self._database, self._settings, self._make_key = database, settings, make_key
        self._to = {Channel.MAIL: addresses(settings.alerts.to), Channel.ORGANISERS: addresses(settings.organisers)}

    @property
    def channels(self) -> frozenset[Channel]:
        """Those on which we can tell: by mail only where there is a relay."""
        named = channels_named(self._settings)
        return named if self._settings.relays else named & {Channel.WEBHOOK}

    def letter(self, alert: Alert) -> Letter | None:
        """None: what it is about is over, so nobody need be told any more."""
        if alert.schedule_id is not None:
            return self._of_proof(alert)
        mailing = counts = None
        if alert.mailing_id is not None:
            with self._database.reading() as connection:
                try:
                    mailing = mailings.get(connection, alert.mailing_id)
                    counts = mailings.counts(connection, alert.mailing_id)
                except UnknownName:
                    pass  # it is gone, and what happened is told all the same
        told = in_words(alert, organisation=self._settings.organisation.name, mailing=mailing, counts=counts)
        to = self._to.get(alert.channel, ())
        return Letter(told=told, pages=tuple(Page(to=each, subject=told.subject, text=told.text) for each in to))

    def _of_proof(self, alert: Alert) -> Letter | None:
        with self._database.reading() as connection:
            mail = self._proof_mail(connection, alert)
            if mail is None:
                return None
            told = mail.told(alert)
            to = self._to.get(alert.channel, ())
            readers = [_reader(connection, address, number) for number, address in enumerate(to, 1)]
        pages = zip(to, (mail.for_reader(told, reader) for reader in readers), strict=True)
        return Letter(
            told=told,
            pages=tuple(Page(to=each, subject=subject, text=text, html=page) for each, (subject, text, page) in pages),
        )

    def _proof_mail(self, connection: Connection, alert: Alert) -> ProofMail | None:
        """None when its occurrence was skipped meanwhile or is past, or its schedule is armed no more."""
        assert alert.schedule_id is not None
        one = schedules.get(connection, alert.schedule_id)
        proof = proofs.get(connection, one.id, alert.occurrence)
        if proof is None or one.state is not State.ARMED or proofs.outcome(connection, proof) is not None:
            return None
        key, audience = self._make_key(), one.audience
        return ProofMail(
            proof=proof,
            slug=one.slug,
            when=one.when(Occurrence(at=proof.fire_at, key=proof.key)),
            audience=f"{audience.segment_label} on {audience.list_name}",
            edition=load(proofs.content(connection, proof.edition_id)),
            code=approval_code(
                key, schedule_id=one.id, occurrence=proof.key, sources=proof.sources, items=proof.shown.items
            ),
            must=is_required(self._settings.sending.require_approval, proof.people),
            is_once=one.kind is Kind.ONCE,
            key=key,
        )


def addresses(text: str) -> Sequence[str]:
    """Those of a setting that holds several, with commas between."""
    return [one.strip() for one in text.split(",") if one.strip()]


def _reader(connection: Connection, address: str, number: int) -> Recipient:
    """Who reads at that address: they themselves if they are on our lists. No link of theirs knows them."""
    found = subscribers.recipient_by_email(connection, address) or SAMPLE
    return found._replace(public_id=number)
