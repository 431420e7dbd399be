"""The lint rules, one small file per subject. `docs/checks.md` documents each."""

from mailer.rendering.lints import (
    asks,
    brand,
    digest,
    envelope,
    events,
    figures,
    invitations,
    letters,
    links,
    pictures,
    repeats,
    schedules,
    signing,
    topics,
    words,
)
from mailer.rendering.lints.rule import Found, Material, Rule

__all__ = ["FIXED_RULES", "RULES", "Found", "Material", "Rule"]

RULES: tuple[Rule, ...] = (
    *envelope.RULES,
    *signing.RULES,
    *brand.RULES,
    *digest.RULES,
    *topics.RULES,
    *events.RULES,
    *figures.RULES,
    *invitations.RULES,
    *letters.RULES,
    *links.RULES,
    *pictures.RULES,
    *schedules.RULES,
    *words.RULES,
    *repeats.RULES,
    *asks.RULES,
)

#: Rules of the reader and the compiler: nothing can be sent while one of them finds anything, so none can be waived.
FIXED_RULES: dict[str, str] = {
    "absent": "figures of a fund, a petition or an event in a campaign that has none",
    "encoding": "a file that is not UTF-8, or holds control characters",
    "file": "a campaign file that is empty, huge, a folder, or cannot be read",
    "front-matter": "front matter that is no YAML, a key that does not exist, a value of the wrong sort",
    "gifts": "a ledger of gifts that cannot be read, or a row of it that cannot be counted",
    "heading": "a heading of the first rank in the body: the headline is the only one",
    "image": "a picture that is missing, damaged or of no sort that mail clients show",
    "layout": "a block or picture where only words may stand",
    "link": "a link in the body that is no whole address",
    "lost-hole": "a personal value that got lost on its way into the mail",
    "mjml": "a template that is no valid MJML",
    "personal-value": "a personal value without a default that is blank for somebody in the audience (told once there are people)",
    "personalisation": "recipient data where it cannot be used",
    "pull-quote": "a pull quote that is not in the body",
    "raw-html": "raw HTML in a body",
    "settings": "mailer.toml cannot be read as settings",
    "template": "a template that is missing, or fails",
    "unknown-field": "a field that no subscriber has",
    "unknown-segment": "an `audience` or `exclude` that is no segment and no list",
    "waive": "a waiver of a rule that does not exist, cannot be waived, or whose day has passed",
}
