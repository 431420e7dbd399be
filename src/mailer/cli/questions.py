"""The seven questions of `init`: what each takes, what it says to what it does not take, and how it is asked.

Options and typed answers go through the same reading, so a script and a person are told the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from mailer.cli.output import Output
from mailer.errors import SettingsError, UsageError

#: Longer names do not fit the line of an inbox, and longer addresses no envelope.
MOST_NAME, MOST_ADDRESS, MOST_TITLE = 100, 200, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """name: of the answer and the option. read: the answer as the project takes it; UsageError says what it wants.

    later: what Enter stands for where there is no default worth showing.
    """

    name: str
    words: str
    help: str
    metavar: str
    read: Callable[[str], str]
    later: str = ""

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")


def _line(most: int, what: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        line = text.strip()
        if not line or not line.isprintable():
            raise UsageError(
                f"{what} is one line of text.", hint="Write it without line breaks and control characters."
            )
        if len(line) > most:
            raise UsageError(f"{what} has at most {most} characters; this has {len(line)}.", hint="Shorten it.")
        return line

    return read


def _sender(text: str) -> str:
    from mailer.domain.address import is_ordinary

    address = text.strip()
    if not is_ordinary(address):
        raise UsageError(f'"{text.strip()}" is no mail address.', hint="Write the address alone: news@example.org")
    return address


def _zone(text: str) -> str:
    from mailer.settings.zones import zone_meant

    return zone_meant(text)


def _colour(text: str) -> str:
    from mailer.domain.colour import NAMED, colour_called

    found = colour_called(text)
    if not found:
        raise UsageError(
            f'"{text.strip()}" is no colour that mailer knows.',
            hint=f"Write six digits such as #b3261e, or one of: {', '.join(NAMED)}",
        )
    return found


def _public_url(text: str) -> str:
    from mailer.settings.values import public_url

    if not text.strip():
        return ""
    try:
        return public_url(text.strip(), "The address")
    except SettingsError as error:
        hint = f"{error.hint[0].upper()}{error.hint[1:]}."
        raise UsageError(f'"{text.strip()}" cannot be used.', hint=hint) from None


QUESTIONS = (
    Question(
        name="name",
        words="What is your organisation called?",
        help="Your organisation's name; default: the folder's.",
        metavar="NAME",
        read=_line(MOST_NAME, "An organisation's name"),
    ),
    Question(
        name="from",
        words="Which address does your mail come from?",
        help="The address your mail comes from.",
        metavar="ADDRESS",
        read=_sender,
    ),
    Question(
        name="address",
        words="Where does post reach you? Every mail has to say so.",
        help="Your postal address, on one line.",
        metavar="TEXT",
        read=_line(MOST_ADDRESS, "A postal address"),
    ),
    Question(
        name="list",
        words="What is the list called that people join?",
        help="The first list's name, as people see it.",
        metavar="TITLE",
        read=_line(MOST_TITLE, "A list's name"),
    ),
    Question(
        name="zone",
        words="In which time zone are you?",
        help="Your time zone: Europe/London, America/Lima; default: this machine's.",
        metavar="ZONE",
        read=_zone,
    ),
    Question(
        name="colour",
        words="What is your colour? Six digits such as #b3261e, or red, blue, green …",
        help="Your colour: #b3261e, or a plain name such as blue.",
        metavar="COLOUR",
        read=_colour,
    ),
    Question(
        name="public_url",
        words="At which https address will people reach the pages that mail links to?",
        help="Where people will reach `mailer serve`: https://mail.example.org.",
        metavar="URL",
        read=_public_url,
        later="not yet known",
    ),
)


def defaults(folder: Path) -> Mapping[str, str]:
    """What Enter takes, by name of the question, for a project in `folder`."""
    from mailer.settings.gaps import EXAMPLE_ADDRESS, EXAMPLE_POSTAL_ADDRESS
    from mailer.settings.zones import machine_zone

    words = folder.resolve().name.replace("-", " ").replace("_", " ").strip()
    usable = words and words.isprintable() and len(words) <= MOST_NAME
    return {
        "name": words[0].upper() + words[1:] if usable else "Our group",
        "from": EXAMPLE_ADDRESS,
        "address": EXAMPLE_POSTAL_ADDRESS,
        "list": "News",
        "zone": machine_zone() or "Europe/London",
        "colour": "red",
        "public_url": "",
    }


def answers(output: Output, given: Mapping[str, str | None], taken: Mapping[str, str]) -> dict[str, str]:
    """Every answer, by name of its question: as given by options, asked on a terminal, or else `taken`.

    Raises UsageError for an option that cannot be used, before anything is asked.
    """
    found = {question.name: _of_option(question, given.get(question.name)) for question in QUESTIONS}
    left = [question for question in QUESTIONS if found[question.name] is None]
    asking = output.interactive
    if asking and left:
        output.say(f"{len(left)} questions. Enter takes what stands in brackets; Ctrl-C leaves nothing behind.")
    for number, question in enumerate(left, 1):
        default = taken[question.name]
        found[question.name] = (
            _asked(output, question, default, number, len(left)) if asking else question.read(default)
        )
    return {name: answer or "" for name, answer in found.items()}


def _of_option(question: Question, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return question.read(text)
    except UsageError as error:
        raise UsageError(f"{question.option}: {error.message}", hint=error.hint) from None


def _asked(output: Output, question: Question, default: str, number: int, of: int) -> str:
    """Asks until the answer can be used."""
    output.say()
    output.say(f"{number}/{of}  {question.words}")
    while True:
        text = click.prompt(f"     [{default or question.later}]", default=default, show_default=False, err=True)
        try:
            return question.read(text)
        except UsageError as error:
            output.say(f"     {error.message} {error.hint}")
