"""How numbers and dates are written, by language: as little as mail needs, for the languages of our templates."""

from dataclasses import dataclass
from datetime import date

from mailer.domain.partial_date import PartialDate

_NARROW_NO_BREAK_SPACE = "\u202f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """thousands, point: the separators in 1,234.5. months: twelve names, empty where we know none. day, month_of_year: formats."""

    thousands: str = ","
    point: str = "."
    months: tuple[str, ...] = ()
    day: str = "{day} {month} {year}"
    month_of_year: str = "{month} {year}"

    def number(self, value: float, decimals: int) -> str:
        """1234.5 with two decimals as "1,234.50"."""
        text = f"{value:,.{decimals}f}"
        if self.thousands == "," and self.point == ".":
            return text
        return text.translate({ord(","): self.thousands, ord("."): self.point})

    def date(self, value: date) -> str:
        """As in "30 November 2024"; "2024-11-30" in a language whose months we do not know."""
        if not self.months:
            return f"{value:%Y-%m-%d}"
        return self.day.format(day=value.day, month=self.months[value.month - 1], year=value.year)

    def partial_date(self, value: PartialDate) -> str:
        """As in "27 January 2024", "January 2024", "2024": no more than is known."""
        if value.month is None or not self.months:
            return str(value)
        if value.day is not None:
            return self.date(value.first_day)
        return self.month_of_year.format(month=self.months[value.month - 1], year=value.year)


_ENGLISH = "January February March April May June July August September October November December"
_SPANISH = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
_PORTUGUESE = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
_FRENCH = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
_GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
_ITALIAN = "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"

_WORDINGS = {
    "en": Wording(months=tuple(_ENGLISH.split())),
    "es": Wording(
        thousands=".",
        point=",",
        months=tuple(_SPANISH.split()),
        day="{day} de {month} de {year}",
        month_of_year="{month} de {year}",
    ),
    "pt": Wording(
        thousands=".",
        point=",",
        months=tuple(_PORTUGUESE.split()),
        day="{day} de {month} de {year}",
        month_of_year="{month} de {year}",
    ),
    "fr": Wording(thousands=_NARROW_NO_BREAK_SPACE, point=",", months=tuple(_FRENCH.split())),
    "de": Wording(thousands=".", point=",", months=tuple(_GERMAN.split()), day="{day}. {month} {year}"),
    "it": Wording(thousands=".", point=",", months=tuple(_ITALIAN.split())),
}


def wording(language: str) -> Wording:
    """The wording of a language tag: of "pt" for "pt-BR"; English separators and ISO dates for a language not listed."""
    return _WORDINGS.get(language.replace("_", "-").split("-")[0].lower(), Wording())
