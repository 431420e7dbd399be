"""What is asked for, with what, and what it would come to: the facts a person confirms before anything leaves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from mailer.domain.audience import Audience, Want
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Issue
from mailer.domain.mailing import MANY_PEOPLE, Counts, Mailing
from mailer.domain.media import MediaFile
from mailer.domain.views import View
from mailer.edition.format import Edition
from mailer.errors import Problem
from mailer.settings import Settings
from mailer.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a launch works with. `clock` is the real time; `now` is what compiling takes for now (`project.clock`)."""

    settings: Settings
    database: Database
    key: bytes = field(repr=False)
    clock: Callable[[], datetime]

    @property
    def now(self) -> datetime:
        return self.settings.project.clock or self.clock()


class Repeat(Enum):
    """What to do about those who had an earlier mailing of the campaign."""

    REFUSE = "refuse"  #: there must have been none
    REST = "rest"  #: leave out who had it, may have had it, or still waits for it
    AGAIN = "again"  #: mail everybody once more


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What `send` or `schedule add` was told. list_name, segment: instead of the campaign's; limit: a sample of so many."""

    slug: str
    list_name: str | None = None
    segment: str | None = None
    limit: int | None = None
    repeat: Repeat = Repeat.REFUSE
    expect: int | None = None
    confirmed: bool = False  #: nobody will be asked; good only together with `expect`
    can_ask: bool = True  #: whether there is somebody who could be asked
    is_proofed: bool = False  #: organisers are shown each issue before its time, and approve it or not
    comes_round: bool = False  #: a schedule that comes round fires
    #: What fires, by its schedule's id and the key: its own proof is what must be approved. None: what the file says.
    occurrence: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """One mailing that the campaign had before, and where its rows stand."""

    mailing: Mailing
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A campaign, compiled, with whom it goes to.

    send_by: aware, in real time, None if it never goes stale. issue: what it holds, if it is a digest; wants: who of the
    audience sees anything of that, views: how many of them see which of its items, where not everybody sees all. earlier:
    the mailings it had before, oldest first; same: those of them that said what this one does.
    """

    file: CampaignFile
    edition: Edition
    media: tuple[MediaFile, ...]
    warnings: tuple[Problem, ...]
    audience: Audience
    send_by: datetime | None
    issue: Issue | None
    wants: tuple[Want, ...] = ()
    views: Mapping[View, int] = field(default_factory=dict)
    earlier: tuple[Earlier, ...] = ()
    same: tuple[Earlier, ...] = ()

    @property
    def readers(self) -> Audience:
        """Those of the audience who are mailed: all of them, but of a digest whoever sees none of its items."""
        return replace(self.audience, wants=self.wants)

    @property
    def for_later(self) -> "Draft":
        """The same where it goes out another day: what a digest holds then, and who wants that, is not known yet."""
        return replace(self, edition=self.edition.whole, wants=(), views={})

    @property
    def nobody(self) -> str:
        """What to say when there is nobody to mail."""
        if self.wants:
            return f"nobody in the audience of {self.slug} would see any of its items"
        return f"the audience of {self.slug} is empty"

    @property
    def number(self) -> int:
        """Which mailing of its slug it would be."""
        return 1 + max((one.mailing.number for one in self.earlier), default=0)

    @property
    def slug(self) -> str:
        return self.file.slug

    @property
    def lack(self) -> str:
        """Why there is nothing to send, whoever it would go to; "" for all but a digest that is empty."""
        return self.issue.lack if self.issue else ""


@dataclass(frozen=True, slots=True)
class NothingToSend:
    """Nobody would be mailed, and that is no error. reason: half a sentence."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A draft that passed the gate.

    people: who would be mailed now; of_list: how many the list could reach; usual: what its mailings usually reach. again:
    for those who had it, too; comes_round: it is about to be armed for all the times to come. rate: messages a second while they leave, None if there is none; ends_at: when the last would leave under all limits,
    None if nothing slows them down.
    """

    draft: Draft
    people: int
    of_list: int
    usual: int | None
    again: bool
    comes_round: bool = False
    starts_at: datetime
    rate: float | None
    ends_at: datetime | None

    @property
    def to_type(self) -> str | None:
        """What a person types to confirm: the number, the slug, or nothing but yes (None)."""
        unusual = self.usual is not None and self.people > 3 * self.usual
        if self.again or self.comes_round or unusual or self.people * 10 > self.of_list * 9:
            return str(self.people)
        return self.draft.slug if self.people > MANY_PEOPLE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What building every message once has shown.

    subject: as one of them gets it. languages: people by variant ("" is the base). largest: bytes of the largest HTML
    part as encoded.
    errors: subscriber id -> (masked address, why there is no message for them).
    fallbacks: field -> how many get its default, being without it; blanks: the same for fields that have no default.
    """

    people: int
    subject: str
    languages: Mapping[str, int]
    largest: int
    errors: Mapping[int, tuple[str, str]]
    fallbacks: Mapping[str, int]
    blanks: Mapping[str, int]


#: Shows a person what would happen; raises Refused when they say no.
Approve = Callable[[Plan, Rehearsal], None]
