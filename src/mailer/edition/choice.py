"""Which variant of an edition somebody gets: by their language, and of a digest by what there is in it for them."""

from collections.abc import Collection

from mailer.domain.subscriber import Recipient
from mailer.domain.views import CHOSE_OTHERS, HAD_ALL, View, ViewRule, is_empty, nearest
from mailer.edition.format import Edition
from mailer.errors import NotForThem

#: People of more sorts than this are looked up each time: memory must not grow with the audience.
_MOST_KNOWN = 1_000


class Choice:
    """Knows the variants of one edition by name. Threads may share it."""

    def __init__(self, edition: Edition) -> None:
        self._rule = edition.views
        self._names: dict[
            View, dict[str, str]
        ] = {}  #: by view, "" is the whole issue, then by language in small letters
        for name in edition.variants:
            language, _, view = name.partition("/")
            self._names.setdefault(view, {})[language.lower()] = name
        self._speaks = any(len(languages) > 1 for languages in self._names.values())
        self._known: dict[object, str | None] = {}

    @property
    def needs(self) -> frozenset[str]:
        """What has to be read of a person."""
        language = {"language"} if self._speaks else set()
        return frozenset(language) | (self._rule.needs if self._rule else frozenset())

    def variant(self, person: Recipient) -> str:
        """The name of the variant to mail them. Raises NotForThem if nothing that is there is for them."""
        found = self._find(person)
        if found is None:
            assert self._rule is not None
            raise NotForThem(f"{_why(self._rule, *_marks(person))}.")
        return found

    def page(self, person: Recipient) -> str:
        """The same for a page: whoever wants nothing of it, and opens it nevertheless, sees the whole issue."""
        return self._find(person) or self._by_language("", person.fields.get("language"))

    def _find(self, person: Recipient) -> str | None:
        language = person.fields.get("language") if self._speaks else None
        key = (language, *_marks(person)) if self._rule else language
        try:
            return self._known[key]
        except KeyError:
            found = self._looked_up(language, person)
            if len(self._known) < _MOST_KNOWN:
                self._known[key] = found
            return found

    def _looked_up(self, language: object, person: Recipient) -> str | None:
        if self._rule is None:
            return self._by_language("", language)
        compiled = {view or self._rule.whole: view for view in self._names}
        view = nearest(self._rule.view(*_marks(person)), compiled)
        return None if view is None else self._by_language(compiled[view], language)

    def _by_language(self, view: View, language: object) -> str:
        """That of "pt-BR", which may be written "pt_br", else of "pt", else the base."""
        names = self._names[view]
        wanted = str(language or "").replace("_", "-").lower()
        while wanted:
            if wanted in names:
                return names[wanted]
            wanted = wanted.rpartition("-")[0]
        return names[""]


def _marks(person: Recipient) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """By what a rule knows them: the topics they chose, and which mailings reached them."""
    topics = person.fields.get("topics")
    return (topics if isinstance(topics, tuple) else ()), person.received


def _why(rule: ViewRule, topics: Collection[str], received: Collection[int]) -> str:
    """Why there is nothing for somebody."""
    if is_empty(rule.view(topics, ())):
        return CHOSE_OTHERS
    if is_empty(rule.view(topics, received)):
        return HAD_ALL
    return f"{CHOSE_OTHERS} after this issue was put together, and it was made for nobody who chose these"
