"""A picture as mail links it: named by its content, small, and without a trace of who took it or where."""

from dataclasses import dataclass

from mailer.domain.media import MediaFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture(MediaFile):
    """One picture, ready to be served. width, height: pixels of `content`."""

    width: int
    height: int
