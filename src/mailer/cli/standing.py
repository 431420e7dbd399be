"""How a project stands: what it lacks before real people can be mailed, and which colours had to give way."""

from dataclasses import asdict
from typing import Any

from mailer.cli.output import Output, invocation
from mailer.domain.palette import palette_of
from mailer.settings import Settings
from mailer.settings.gaps import gaps


def standing_document(settings: Settings) -> dict[str, Any]:
    """`missing` and `adjusted` of a JSON document."""
    missing = [{"setting": gap.setting, "message": gap.message, "hint": gap.hint} for gap in gaps(settings)]
    return {"missing": missing, "adjusted": [asdict(one) for one in palette_of(settings.brand).adjusted]}


def say_standing(output: Output, settings: Settings) -> None:
    """The same for people."""
    for adjusted in palette_of(settings.brand).adjusted:
        output.warn(adjusted.sentence)
    missing = gaps(settings)
    if not missing:
        output.say("Nothing is missing: real people can be mailed.")
        return
    output.say("Still missing before you can mail real people:")
    for gap in missing:
        output.say(f"  {gap.setting}: {gap.message}.")
        output.say(f"    {gap.hint[0].upper()}{gap.hint[1:]}.")
    output.say(f"All of it goes into mailer.toml; `{invocation()} config show` lists it again.")
