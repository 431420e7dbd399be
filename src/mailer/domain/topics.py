"""Topics: what campaigns are about, and what people want to hear of.

Somebody who chose none wants to hear of everything, and whoever chose some also gets what has no topic at all.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mailer.domain.naming import slug_of

_TOPIC = re.compile(r"[a-z][a-z0-9-]*")


class UnknownTopic(ValueError):
    """A word that names no topic. hint: which one may have been meant."""

    def __init__(self, message: str, hint: str) -> None:
        self.message, self.hint = message, hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Topics:
    """titles: by slug, the topics that a project lets people choose; without any, every slug may be one."""

    titles: Mapping[str, str] = field(default_factory=dict)

    def named(self, text: str) -> str:
        """The slug of the topic that is meant: written as its slug or its title, in small letters or capitals.

        Raises UnknownTopic.
        """
        word = " ".join(text.split()).casefold()
        if word in self.titles or (not self.titles and _TOPIC.fullmatch(word)):
            return word
        for slug, title in self.titles.items():
            if title.casefold() == word:
                return slug
        if self.titles:
            raise UnknownTopic(f'there is no topic "{text.strip()}"', self._nearest(word))
        near = slug_of(text)
        raise UnknownTopic(
            f'"{text.strip()}" cannot be a topic',
            f"write {near}" if near else "small letters, digits and hyphens, a letter first",
        )

    def chosen(self, texts: Iterable[str]) -> tuple[str, ...]:
        """What is meant by all of them, as it is stored: sorted, each once. Raises UnknownTopic."""
        return tuple(sorted({self.named(text) for text in texts}))

    def title(self, slug: str) -> str:
        return self.titles.get(slug, slug)

    def said(self, chosen: Iterable[str]) -> str:
        """In words for a person: "Peru · Meetings, letters", or "everything"."""
        return " · ".join(map(self.title, chosen)) or "everything"

    def _nearest(self, word: str) -> str:
        known = {title.casefold(): slug for slug, title in self.titles.items()} | {slug: slug for slug in self.titles}
        near = difflib.get_close_matches(word, known, n=1)
        return f'did you mean "{known[near[0]]}"?' if near else f"known: {', '.join(self.titles)}"
