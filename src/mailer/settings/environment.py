"""Reading MAILER_* variables: MAILER_<SECTION>__<KEY>, and the short names that scripts rely on."""

import typing
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from mailer.errors import SettingsError
from mailer.settings.table import SECTIONS
from mailer.settings.values import suggest

#: Names that scripts rely on, beside MAILER_<SECTION>__<KEY>; each also as …_FILE.
SHORT_NAMES = {
    "MAILER_DATABASE_URL": "database.url",
    "MAILER_PUBLIC_URL": "web.public_url",
    "MAILER_SECRET_KEY": "web.secret_key",
    "MAILER_SMTP_URL": "relays",
    "MAILER_DKIM_KEY": "dkim.private_key",
}
#: Read by the program but no settings: how it was started, where the project is, where the tests find a database.
OTHER_NAMES = frozenset({"MAILER_STARTED_AS", "MAILER_TEST_DATABASE_URL", "MAILER_PROJECT"})


def read_environment(environ: Mapping[str, str]) -> typing.Iterator[tuple[str, str, str]]:
    """(variable, dotted name, text) of every MAILER_* variable; …_FILE is read from the file it names."""
    for variable, raw in sorted(environ.items()):
        if not variable.startswith("MAILER_") or variable in OTHER_NAMES:
            continue
        base = variable.removesuffix("_FILE") if variable.endswith("_FILE") and _name_of(variable) is None else variable
        name = _name_of(base)
        if name is None:
            known = [
                *SHORT_NAMES,
                *(f"MAILER_{s}__{f.name}".upper() for s, kind in SECTIONS.items() for f in fields(kind)),
            ]
            raise SettingsError(
                f"There is no setting {variable}.", hint=suggest(variable, known) or "See `mailer config show`."
            )
        if base != variable:
            try:
                raw = Path(raw).read_text(encoding="utf-8").strip()  # noqa: PLW2901
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is not UTF-8"
                raise SettingsError(f"{variable} names a file that cannot be read: {why}.") from None
        if raw or base not in SHORT_NAMES:
            yield variable, name, raw


def _name_of(variable: str) -> str | None:
    if variable in SHORT_NAMES:
        return SHORT_NAMES[variable]
    section, _, key = variable.removeprefix("MAILER_").lower().partition("__")
    kind = SECTIONS.get(section)
    if kind is None or key in ("lists", "topics") or key not in {f.name for f in fields(kind)}:
        return None
    return f"{section}.{key}"
