"""Files that mail links instead of carrying them: named by their content, served as long as an edition names them."""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

#: What may be linked, by the ending of its name. Outlook for Windows shows no WebP, so none goes out.
CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "ics": "text/calendar"}
_NAME = re.compile(rf"[0-9a-f]{{32}}\.({'|'.join(CONTENT_TYPES)})")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """One file, ready to be served.

    name: "HASH.EXT", where HASH is the first 32 hex digits of the content's SHA-256; equal content, equal name.
    """

    name: str
    content: bytes

    @classmethod
    def of(cls, content: bytes, extension: str) -> Self:
        """`content` under its name; `extension` is one of CONTENT_TYPES."""
        return cls(name=media_name(content, extension), content=content)

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.name.rpartition(".")[2]]


def media_name(content: bytes, extension: str) -> str:
    return f"{hashlib.sha256(content).hexdigest()[:32]}.{extension}"


def is_media_name(name: str) -> bool:
    """Whether `name` has the form of one of ours; nothing else is ever looked up."""
    return _NAME.fullmatch(name) is not None
