"""Rules about what stands around the text: subject, preheader, who sends, the way out, size."""

import re
from collections.abc import Iterator
from html import unescape

from mailer.domain.campaign_file import CampaignFile
from mailer.edition.program import MOST_HTML_BYTES
from mailer.errors import Severity
from mailer.rendering.lints.rule import Found, Material, error, warning
from mailer.settings.gaps import Sort, gaps

#: From here on a long name or a longer branch may push somebody's mail over the edge.
_NEARLY = 90_000
_TAG = re.compile(r"\{[{%#].*?[%}#]\}")
_SHOUTING = re.compile(r"^\s*(re|fwd?|aw)\s*:|\bfinal notice\b|\blast warning\b|\bact now\b|!!|\$\$", re.IGNORECASE)


def _words(file: CampaignFile, name: str) -> str:
    """A template without its tags: at least this long is what people see."""
    return _TAG.sub("", getattr(file.campaign, name) or "").strip()


@warning("subject-length", "a subject of under 10 or over 78 characters")
def subject_length(material: Material) -> Iterator[Found]:
    words, line = _words(material.file, "subject"), material.file.line_of("subject")
    if len(words) > 78:
        yield Found(line=line, message=f"the subject has {len(words)} characters", hint="phones show about 40")
    elif len(words) < 10 and words == material.file.campaign.subject:
        yield Found(line=line, message=f"the subject has {len(words)} characters", hint="say what it is about")


@warning("subject-tone", "a subject in capitals, a reply to nothing, or a false alarm")
def subject_tone(material: Material) -> Iterator[Found]:
    words, line = _words(material.file, "subject"), material.file.line_of("subject")
    letters = [letter for letter in words if letter.isalpha()]
    if len(letters) > 8 and all(letter.isupper() for letter in letters):
        yield Found(line=line, message="the subject is all capitals", hint="write it as a sentence")
    found = _SHOUTING.search(words)
    if found:
        yield Found(
            line=line, message=f'"{found[0].strip()}" in the subject is a trick of spammers', hint="leave it out"
        )


@warning("preheader", "no preheader, one that repeats the subject, or one too short or long to help")
def preheader(material: Material) -> Iterator[Found]:
    campaign, words = material.file.campaign, _words(material.file, "preheader")
    line = material.file.line_of("preheader") or material.file.line_of("subject")
    if campaign.preheader is None:
        yield Found(line=line, message="there is no preheader", hint="inboxes show the first words of the mail instead")
    elif words and words.lower() == _words(material.file, "subject").lower():
        yield Found(line=line, message="the preheader repeats the subject", hint="go on from it")
    elif len(words) > 140 or (len(words) < 30 and words == campaign.preheader):
        yield Found(
            line=line,
            message=f"the preheader has {len(words)} characters",
            hint="40 to 110 fill the line that inboxes show",
        )


@error("identity", "mail must say who sends it and where they are: organisation.name, from_address, postal_address")
def identity(material: Material) -> Iterator[Found]:
    settings, campaign = material.settings, material.file.campaign
    for gap in gaps(settings):
        theirs = gap.setting == "organisation.from_address" and campaign.sender
        matters = gap.sort is Sort.UNSET or settings.leaves_this_machine
        if gap.setting.startswith("organisation.") and matters and not theirs:
            file, line = settings.place_of(gap.setting)
            severity = None if gap.sort is Sort.UNSET else Severity.WARNING
            message = f"{gap.setting}: {gap.message}"
            yield Found(file=file, line=line, message=message, hint=gap.hint, severity=severity)
    # White space apart, both parts carry the address.
    address = "".join(settings.organisation.postal_address.split())
    for part, content in (("HTML", material.html), ("text", material.text)):
        if address and address not in "".join(unescape(content).split()):
            yield Found(
                message=f"the postal address is missing from the {part} part",
                hint="the template's footer leaves it out",
            )


@error("imprint", "election material without the name and address of its promoter")
def imprint(material: Material) -> Iterator[Found]:
    if material.file.campaign.election_material and not material.settings.organisation.promoter:
        line = material.file.line_of("election_material")
        yield Found(
            line=line, message="election material needs an imprint", hint="set organisation.promoter in mailer.toml"
        )


@error("way-out", "a part of the mail without the link to leave")
def way_out(material: Material) -> Iterator[Found]:
    address = f"{material.edition.meta.public_url}/u/"
    for part, content in (("HTML", material.html), ("text", material.text)):
        if address not in content:
            yield Found(
                message=f"the {part} part has no link to leave", hint="use {{ leave_url }} in the template's footer"
            )


@error("size", "an HTML part over 102,400 bytes is cut off by Gmail, and the way out with it; 90,000 is a warning")
def size(material: Material) -> Iterator[Found]:
    if material.html_bytes > MOST_HTML_BYTES:
        yield Found(
            message=f"the HTML part has {material.html_bytes:,} bytes", hint=f"shorten it to {MOST_HTML_BYTES:,}"
        )
    elif material.html_bytes > _NEARLY:
        yield Found(
            message=f"the HTML part has {material.html_bytes:,} bytes of {MOST_HTML_BYTES:,}",
            hint="shorten it: long names may push it over", severity=Severity.WARNING,
        )  # fmt: skip


@error("unknown-list", "the campaign names a list that the settings do not have")
def unknown_list(material: Material) -> Iterator[Found]:
    name, known = material.file.campaign.list, material.settings.subscribers.lists
    if name and name not in known:
        line = material.file.line_of("list")
        yield Found(line=line, message=f'there is no list "{name}"', hint=f"lists: {', '.join(known)}")


@error("public-url", "mail for the world with links to this machine: web.public_url is unset or http")
def public_url(material: Material) -> Iterator[Found]:
    if material.settings.leaves_this_machine and not material.settings.web.public_url.startswith("https://"):
        file, line = material.settings.place_of("web.public_url")
        yield Found(
            file=file,
            line=line,
            message="web.public_url is not an https address, and a relay carries mail away from this machine",
            hint='set public_url = "https://mail.example.org" under [web]',
        )


RULES = (
    subject_length,
    subject_tone,
    preheader,
    identity,
    imprint,
    way_out,
    size,
    unknown_list,
    public_url,
)
