"""Rules about what a digest holds."""

from collections.abc import Iterator

from mailer.domain.campaign_digest import Digest
from mailer.rendering.lints.rule import Found, Material, warning
from mailer.rendering.problems import suggestion


@warning("digest-empty", "a digest that would send nothing: too little is new, or nothing at all")
def digest_empty(material: Material) -> Iterator[Found]:
    if material.issue is not None and material.issue.is_empty:
        hint = (
            "it takes up campaigns that were mailed, or have published: and canonical_url, and what its feeds say, once"
        )
        if material.issue.is_blind:
            hint = "there is no database yet, so this sees only what has published: and canonical_url"
        line = material.file.line_of("collect") or material.file.line_of("kind")
        yield Found(line=line, message=f"nothing would be sent now: {material.issue.lack}", hint=hint)


@warning("digest-item", "a campaign or feed that a digest cannot take up, or not whole, and why")
def digest_item(material: Material) -> Iterator[Found]:
    for note in material.issue.notes if material.issue else ():
        yield Found(file=note.file, line=note.line, message=note.message, hint=note.hint)


@warning("digest-topic", "a digest collects by a topic that no campaign has")
def digest_topic(material: Material) -> Iterator[Found]:
    campaign, issue = material.file.campaign, material.issue
    if issue is None or not isinstance(campaign, Digest):
        return
    for number, topic in enumerate(campaign.collect.topics):
        if topic not in issue.topics:
            line = material.file.line_of("collect", "topics", number)
            yield Found(line=line, message=f'no campaign has the topic "{topic}"', hint=suggestion(topic, issue.topics))


RULES = (digest_empty, digest_item, digest_topic)
