"""Whom a campaign addresses: confirmed members of one list, narrowed by a segment, minus exclusions."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mailer.domain import segment as tree
from mailer.domain.segment import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """Who sees something of a digest's issue: whoever chose one of `topics` or none at all, and had none of `without`.

    topics: (), whatever they chose. without: ids of mailings.
    """

    topics: tuple[str, ...] = ()
    without: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """The definition, not the people: who is mailable changes until the ledger is written.

    segment_label: what the person wrote, for status and approval. limit: a random sample of that many people, the same
    one for the same `sample_seed` as long as the people are the same. without: ids of mailings (`send --rest`); whoever had
    one of them, may have had it, or still waits for it is left out. wants: of a digest, what a person must meet one of to
    see any of its items; (), everybody does.
    """

    list_name: str
    segment: Segment | None = None
    exclude: Segment | None = None
    segment_label: str = "everyone"
    limit: int | None = None
    sample_seed: int = 0
    without: tuple[int, ...] = ()
    wants: tuple[Want, ...] = ()

    def resolved(self, now: datetime) -> "Audience":
        """The same with relative dates counted back from `now`: store this with a mailing."""
        return replace(
            self,
            segment=self.segment and tree.resolved(self.segment, now),
            exclude=self.exclude and tree.resolved(self.exclude, now),
        )

    def to_json(self) -> dict[str, Any]:
        """Only what is set beside the list, so equal audiences give equal documents."""
        document: dict[str, Any] = {"list": self.list_name, "label": self.segment_label}
        if self.segment is not None:
            document["segment"] = tree.to_json(self.segment)
        if self.exclude is not None:
            document["exclude"] = tree.to_json(self.exclude)
        if self.limit is not None:
            document |= {"limit": self.limit, "sample_seed": self.sample_seed}
        if self.without:
            document["without"] = list(self.without)
        if self.wants:
            document["wants"] = [{"topics": list(one.topics), "without": list(one.without)} for one in self.wants]
        return document

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Audience":
        """What `to_json` wrote; keys that others keep beside it are left alone."""
        return cls(
            list_name=document["list"],
            segment=tree.from_json(document["segment"]) if "segment" in document else None,
            exclude=tree.from_json(document["exclude"]) if "exclude" in document else None,
            segment_label=document.get("label", "everyone"),
            limit=document.get("limit"),
            sample_seed=document.get("sample_seed", 0),
            without=tuple(document.get("without", ())),
            wants=tuple(
                Want(topics=tuple(one["topics"]), without=tuple(one["without"])) for one in document.get("wants", ())
            ),
        )
