"""How what people type becomes the names we compare: tags, attributes, languages, countries."""

import re
import unicodedata
from collections.abc import Container

from mailer.domain.subscriber import STANDARD_FIELDS

MAX_TAG, MAX_ATTRIBUTE, MAX_SLUG = 100, 64, 40
ATTRIBUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?")

#: Languages as forms and spreadsheets name them, in small letters.
_LANGUAGE_NAMES = {
    "english": "en",
    "inglés": "en",
    "spanish": "es",
    "español": "es",
    "castellano": "es",
    "portuguese": "pt",
    "português": "pt",
    "portugués": "pt",
    "french": "fr",
    "français": "fr",
    "german": "de",
    "deutsch": "de",
}


def tag_name(text: str) -> str:
    """One spelling per tag: lower case, single spaces. "" for nothing, or for what cannot be a tag: `,` and `;` part two."""
    name = " ".join(text.split()).casefold()
    return name if len(name) <= MAX_TAG and name.isprintable() and not {",", ";"} & set(name) else ""


def attribute_name(header: str, taken: Container[str], position: int) -> str:
    """A column's header as a name that templates can use: "Año de afiliación" -> "ano_de_afiliacion".

    A name of our own gets `_text` appended, a repeated one `_2`; a header without one Latin letter is `column_POSITION`.
    """
    plain = unicodedata.normalize("NFKD", header.casefold()).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:MAX_ATTRIBUTE]
    if not name or name.isdigit():
        name = f"column_{position}"
    if name[0].isdigit():
        name = f"_{name}"
    if name in STANDARD_FIELDS:
        name = f"{name}_text"
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    return unique


def slug_of(title: str) -> str:
    """A title as a name of a list or a file: "Noticias y acción" -> "noticias-y-accion"; "" if it has no Latin letter."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].rstrip("-")
    return re.sub(r"^[^a-z]+", "", words)


def language_tag(text: str) -> str:
    """A language as BCP 47 writes it ("PT_br" -> "pt-BR", "Español" -> "es"), or "" for what is none."""
    found = _LANGUAGE.fullmatch(text.strip())
    if found is None:
        return _LANGUAGE_NAMES.get(text.strip().casefold(), "")
    language, script, region = found.groups()
    parts = (language.lower(), script and script.title(), region and region.upper())
    return "-".join(part for part in parts if part)


def country_code(text: str) -> str:
    """Two letters in capitals (ISO 3166); any other spelling of a country stays as it is."""
    trimmed = text.strip()
    return trimmed.upper() if len(trimmed) == 2 and trimmed.isascii() and trimmed.isalpha() else trimmed
