"""The files that a campaign's mail links: its pictures, the logo, an event for the calendar. Each is named by what it holds."""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mailer.domain.campaign_event_invite import Event
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.media import MediaFile
from mailer.domain.picture import Picture
from mailer.errors import InputProblems, Problem
from mailer.rendering import context as contexts
from mailer.rendering.calendar_file import Entry, calendar_file
from mailer.rendering.holes import Holes
from mailer.rendering.images import prepare
from mailer.rendering.issue import ImageView
from mailer.rendering.logo import logo_of
from mailer.rendering.problems import TemplateFault
from mailer.rendering.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class LogoView(ImageView):
    """`logo()` in templates. on_paper: there is paper around it, which needs a rim in the dark."""

    on_paper: bool


@dataclass
class Linked:
    """What templates have asked for so far. files: by name. lent: the names of those that are there for a digest's items alone."""

    file: CampaignFile
    around: Surroundings
    holes: Holes
    files: dict[str, MediaFile] = field(default_factory=dict)
    lent: set[str] = field(default_factory=set)

    def image(self, src: str) -> ImageView:
        """`image(src)` in templates: a file of the project, relative to the campaign's folder or the project."""
        path, shown_as = self._picture_path(src)
        try:
            picture = prepare(path, shown_as=shown_as)
        except InputProblems as error:
            found = error.problems[0]
            raise self._no_picture(src, f"{shown_as}: {found.message}", found.hint) from None
        self.files[picture.name] = picture
        self.lent.discard(picture.name)
        return ImageView(self._url(picture.name), picture.width, picture.height)

    def logo(self) -> LogoView | None:
        """`logo()` in templates: the brand's; none if it has none."""
        found = logo_of(self.around.settings, self.around.settings.root or self.file.root)
        if found is None:
            return None
        self.files[found.picture.name] = found.picture
        self.lent.discard(found.picture.name)
        return LogoView(self._url(found.picture.name), found.width, found.height, found.on_paper)

    def item_image(self, src: str) -> ImageView:
        """The same for an item of a digest, which will hold others when its time has come."""
        before = set(self.files) - self.lent
        view = self.image(src)
        self.lent |= set(self.files) - before
        return view

    def calendar_url(self, note: str) -> str:
        """`calendar_url(note)` in templates: where the event can be taken into a calendar, with `note` beside it."""
        campaign, settings = self.file.campaign, self.around.settings
        event = getattr(campaign, "event", None)
        if not isinstance(event, Event):
            raise TemplateFault("there is no event to take into a calendar", "an invitation has one", rule="absent")
        if self.holes.pattern.search(note):
            raise TemplateFault("recipient data cannot stand in a calendar file", "it is the same for everybody")
        entry = Entry(
            identity=f"https://{settings.organisation.from_address.rpartition('@')[2]}/{self.file.slug}",
            stamp=self.around.now, zone=contexts.zone_of(self.file, settings), note=str(note),
            url=contexts.public_page_url(self.file, settings),
        )  # fmt: skip
        made = calendar_file(event, entry)
        self.files[made.name] = made
        return self._url(made.name)

    def _picture_path(self, src: str) -> tuple[Path, str]:
        """The file, and how problems name it."""
        if self.holes.pattern.search(src):
            raise TemplateFault(
                "recipient data cannot choose a picture", "use {% if %} around two of them", rule="image"
            )
        # An example campaign that another project looks at has its pictures at home, and wears that project's logo.
        roots = [root.resolve() for root in (self.file.root, self.around.settings.root or self.file.root)]
        for folder in (self.file.path.parent, *roots):
            with suppress(OSError, ValueError):  # no name of a file: too long, or with a NUL in it
                path = (folder / src).resolve()
                root = next((root for root in roots if path.is_relative_to(root)), None)
                if root and path.is_file():
                    return path, path.relative_to(root).as_posix()
        message, hint = f'there is no picture "{src}" in the project', "paths count from the campaign's folder"
        raise self._no_picture(src, message, hint)

    def _no_picture(self, src: str, message: str, hint: str) -> Exception:
        """The problem, at the line where the author named the picture; else at that of the template."""
        lines = self.file.sources[self.file.name].decode("utf-8-sig").splitlines()
        named = re.compile(rf"(?<![\w./-]){re.escape(src)}(?![\w./-])")
        line = next((number for number, words in enumerate(lines, 1) if named.search(words)), None)
        if src and line:
            return InputProblems([Problem(rule="image", file=self.file.name, line=line, message=message, hint=hint)])
        return TemplateFault(message, hint, rule="image")

    def _url(self, name: str) -> str:
        return f"{contexts.public_url(self.around.settings)}/media/{name}"

    def is_own_picture(self, address: str) -> bool:
        """Whether a picture at that address is one of these."""
        return any(address == self._url(name) for name, file in self.files.items() if isinstance(file, Picture))
