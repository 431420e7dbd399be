"""A rule about what campaigns are about."""

from collections.abc import Iterator

from mailer.domain.topics import Topics, UnknownTopic
from mailer.rendering.lints.rule import Found, Material, warning


@warning("topic", "a topic that nobody can choose: [subscribers.topics] does not have it")
def topic(material: Material) -> Iterator[Found]:
    known = Topics(material.settings.subscribers.topics)
    for number, slug in enumerate(material.file.campaign.topics if known.titles else ()):
        try:
            known.named(slug)
        except UnknownTopic as error:
            yield Found(line=material.file.line_of("topics", number), message=error.message, hint=error.hint)


RULES = (topic,)
