"""Things that several kinds have: a sentence set large, a recording, people who speak and the sessions they speak in."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from mailer.domain.campaign_types import ITEMS, Model, Text, TimeOfDay, Url


class PullQuote(Model):
    """A sentence of the body, set large. It is taken from there, so the two can never differ."""

    begins: Text = Field(alias="from", description="the first words of the sentence, exactly as the body has them")
    by: Text | None = Field(None, description="who says it; nobody if the campaign itself does")
    role: Text | None = Field(None, description="who that is")


class Video(Model):
    """A recording. Mail plays nothing: readers see a picture and a link, and both lead to it."""

    title: Text = Field(description="what it is: The whole meeting")
    url: Url = Field(description="where it can be watched")
    src: Text | None = Field(None, description="a picture from it, relative to the campaign or to the project")
    alt: Text | None = Field(None, description="what that picture shows, for people who do not see it")
    credit: Text | None = Field(None, description="who made the picture")
    length: Text | None = Field(None, description="how long it is: 48 minutes")
    transcript_url: Url | None = Field(None, description="where it can be read")


class Speaker(Model):
    """Somebody who spoke, or will."""

    name: Text = Field(description="as they are called, honorific included: Her Excellency Bárbara Montalvo")
    role: Text | None = Field(None, description="what they are: director, MP for Easington")
    organisation: Text | None = Field(None, description="of what, or for whom")
    medium: Text | None = Field(None, description="how they took part, if not in the room: via video")


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


#: A name alone, or a speaker with more than that.
Person = Annotated[Speaker, BeforeValidator(_named, json_schema_input_type=Speaker | str)]


class Session(Model):
    """A part of an event: a plenary, a workshop, the lunch between them."""

    at: TimeOfDay | None = Field(None, description="when it begins: 14:30")
    title: Text = Field(description="what it is called: Opening plenary")
    chair: Person | None = Field(None, description="who chairs it: a name, or keys as a speaker has")
    speakers: Annotated[tuple[Speaker, ...], ITEMS] = Field((), description="who speaks, in order")
