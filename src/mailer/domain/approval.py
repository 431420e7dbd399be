"""An approval: somebody has looked at this content, for these people, and answers for it.

It binds what was compiled and the definition of the audience, and how many those were. What has become something else
since is not approved any more, whatever the settings say.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime

from mailer.domain.audience import Audience
from mailer.domain.count import people as counted_people
from mailer.domain.mailing import MANY_PEOPLE

#: How far the audience may be from what was expected, or approved.
DRIFT = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """sources: hash of all that was compiled. audience: hash of its definition; people: how many those were.

    by: a name, as it was given; nobody has verified it. schedule_id, key: the occurrence whose proof it is about; None
    and "": the campaign as its file stands.
    """

    slug: str
    sources: str
    audience: str
    people: int
    approved_by: str
    at: datetime
    schedule_id: int | None = None
    key: str = ""

    @property
    def words(self) -> str:
        """Who, and when: "by Ana on 22 November 2026"."""
        return f"by {self.approved_by} on {self.at:%-d %B %Y}"

    def misfit(self, sources: str | None, audience: Audience, people: int | None) -> str:
        """Why it is no approval of this, half a sentence; "" if it is.

        sources: of what is compiled now, None when it cannot be. people: None where their number is not asked.
        """
        if sources != self.sources:
            return "its file, or what it uses, has changed since"
        if audience_hash(audience) != self.audience:
            return f"it was for other people than {audience.segment_label} on {audience.list_name}"
        if people is not None and drifts(people, self.people):
            return f"it was for {counted_people(self.people)}, and there are {people:,} now"
        return ""


def is_required(setting: str, people: int) -> bool:
    """Whether a mailing to so many goes out only when somebody approved it. setting: sending.require_approval."""
    return setting == "always" or (setting == "over-500" and people > MANY_PEOPLE)


def drifts(people: int, expected: int) -> bool:
    """Whether their number is another than the one that was expected, but for a few who joined or left meanwhile."""
    return abs(people - expected) > expected * DRIFT


def audience_hash(audience: Audience) -> str:
    """SHA-256 (hex) of the definition. The rest of an audience is part of it: who may have all may have the rest."""
    document = json.dumps(replace(audience, without=(), wants=()).to_json(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(document.encode()).hexdigest()
