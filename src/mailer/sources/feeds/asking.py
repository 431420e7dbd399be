"""Asks one feed, and says what came of it as a value: nothing that a stranger's server does raises anything here."""

from mailer.sources.feeds.answers import Answer, Read, Unchanged, Unread
from mailer.sources.feeds.fetching import Limits, Question, fetch
from mailer.sources.feeds.reading import read_apart
from mailer.sources.feeds.wire import Deadline


def ask(question: Question, limits: Limits) -> Answer:
    """It takes no longer than `limits.seconds`, but for the look-up of names, whose time is the system's."""
    deadline = Deadline(limits.seconds)
    try:
        found = fetch(question, limits, deadline)
        if isinstance(found, Unchanged):
            return found
        document = read_apart(found, deadline)
    except Unread as error:
        return error.trouble
    # Only a feed that was read has moved: a page to log in to is reached by redirects too.
    return Read(document=document, etag=found.etag, modified=found.modified, moved_to=found.moved_to)
