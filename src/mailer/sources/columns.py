"""What each column of a file means: headers in the languages people use, `--map` where they do not say enough."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.domain.address import is_ordinary
from mailer.domain.naming import ATTRIBUTE, attribute_name
from mailer.errors import InputProblems, Problem, UnknownName, UsageError
from mailer.sources.csv_files import CsvFile

#: Where a column can go beside an attribute.
FIELDS = ("email", "first_name", "last_name", "name", "language", "timezone", "country", "tags", "topics", "joined_at")
#: Headers as people write them, in small letters without accents, words joined by `_`.
ALIASES = {
    "email": "email email_address e_mail e_mail_address mail mail_address correo correo_electronico correo_e courriel"
    " adresse_e_mail endereco_de_email e_mail_adresse email1",
    "first_name": "first_name firstname first given_name forename nombre nombres nome prenom vorname primer_nombre",
    "last_name": "last_name lastname last surname family_name apellido apellidos sobrenome nom nachname",
    "name": "name full_name fullname display_name nombre_completo nome_completo nombre_y_apellidos",
    "language": "language lang idioma langue sprache preferred_language",
    "timezone": "timezone time_zone zona_horaria",
    "country": "country country_code pais pays land",
    "tags": "tags tag labels etiquetas",
    "topics": "topics temas topicos",
    "joined_at": "joined_at",
}
_FIELD_OF = {alias: field for field, aliases in ALIASES.items() for alias in aliases.split()}
_IGNORED = ("", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Positions in a row. width: how many cells a row may have. ignored: headers that were left out on purpose."""

    fields: dict[str, int]
    attributes: dict[str, int]
    width: int
    ignored: tuple[str, ...] = ()


def plan_columns(file: CsvFile, maps: Sequence[str] = ()) -> Columns:
    """Give each column its meaning. `maps`: "Correo=email", "Phone=" (leave it out).

    Raises UnknownName for a column that is not there, InputProblems when none holds addresses.
    """
    wanted = _mapped(file, maps)
    fields: dict[str, int] = {}
    for position, header in enumerate(file.header):  # what was said by hand comes first
        if wanted.get(header) in FIELDS:
            fields.setdefault(wanted[header], position)
    for position, header in enumerate(file.header):
        field = _FIELD_OF.get(normalised(header))
        if header not in wanted and field:
            fields.setdefault(field, position)
    if "email" not in fields:
        raise _without_addresses(file)
    attributes: dict[str, int] = {}
    for position, header in enumerate(file.header):
        if position in fields.values() or wanted.get(header) in _IGNORED or not header:
            continue
        said = wanted.get(header)
        attributes[attribute_name(header, attributes.keys(), position + 1) if said is None else said] = position
    ignored = tuple(header for header in file.header if wanted.get(header) in _IGNORED)
    return Columns(fields=fields, attributes=attributes, width=len(file.header), ignored=ignored)


def normalised(header: str) -> str:
    plain = unicodedata.normalize("NFKD", header.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def _mapped(file: CsvFile, maps: Sequence[str]) -> dict[str, str]:
    """Target by header, exactly as the header is written."""
    known = {header.casefold(): header for header in file.header}
    wanted: dict[str, str] = {}
    for entry in maps:
        column, equals, target = (part.strip() for part in entry.rpartition("="))
        if not equals or not column:
            raise UsageError(f'--map "{entry}" cannot be read.', hint="Write --map 'Correo=email'.")
        header = known.get(column.casefold())
        if header is None:
            raise UnknownName(f'{file.name} has no column "{column}".', hint=f"Its columns: {', '.join(file.header)}.")
        if target not in (*FIELDS, *_IGNORED) and not ATTRIBUTE.fullmatch(target):
            raise UsageError(
                f'--map "{entry}": "{target}" cannot be a name.',
                hint=f"Use one of {', '.join(FIELDS)}, or small letters, digits and _ for an attribute.",
            )
        wanted[header] = target
    return wanted


def _without_addresses(file: CsvFile) -> InputProblems:
    row = next((cells for _, cells in file.records()), [])
    if any(is_ordinary(cell) for cell in file.header):
        message, hint = (
            "the first line is already an address, so no column has a name",
            'put "email" on a line above it',
        )
    else:
        likely = next((h for h, cell in zip(file.header, row, strict=False) if is_ordinary(cell.strip())), None)
        message = f"no column is called email; the columns are: {', '.join(file.header)}"
        hint = f"say which holds the addresses: --map '{likely or file.header[0]}=email'"
    return InputProblems([Problem(rule="import", message=message, file=file.name, line=file.header_line, hint=hint)])
