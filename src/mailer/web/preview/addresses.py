"""Where a preview's parts are: on the site while it runs, or in a folder that it was written to."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from mailer.web.preview.views import View


class Addresses(Protocol):
    """Addresses that one page links."""

    def view(self, view: View) -> str:
        """The page in another view."""
        ...

    def frame(self, view: View) -> str:
        """The mail alone."""
        ...

    def file(self, ending: str) -> str:
        """The mail to keep: "eml", "html" or "txt"."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSite:
    """Of one campaign, at `home`, as the reader of `wish` gets it. state: another word for another mail."""

    home: str
    wish: str
    shown: View
    state: str

    def view(self, view: View) -> str:
        return self._with(self.home, {"view": view.name, "as": self.wish})

    def frame(self, view: View) -> str:
        return self._with(f"{self.home}frame", {"view": view.name, "as": self.wish, "state": self.state})

    def file(self, ending: str) -> str:
        return self._with(f"{self.home}mail.{ending}", {"as": self.wish})

    def reader(self, wish: str) -> str:
        """The page as somebody else gets it."""
        return self._with(self.home, {"view": self.shown.name, "as": wish})

    @staticmethod
    def _with(path: str, values: dict[str, str]) -> str:
        kept = {name: value for name, value in values.items() if value}
        return f"{path}?{urlencode(kept)}" if kept else path


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDisk:
    """In a folder that a campaign was written to."""

    def view(self, view: View) -> str:
        return "index.html" if view.name == "light" else f"{view.name}.html"

    def frame(self, view: View) -> str:
        return f"frames/{view.name}.html"

    def file(self, ending: str) -> str:
        return f"mail.{ending}"
