"""Time zones as people name them, and the one this machine is in."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from mailer.errors import UsageError

_LOCALTIME = Path("/etc/localtime")


def is_zone(name: str) -> bool:
    """Whether `name` is a zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # no such zone; the name of a folder of zones; no path at all
        return False
    return True


def zone_called(text: str) -> str:
    """The zone that somebody means by `text`: its name in any case, with spaces or underscores; "" if there is none."""
    wanted = "_".join(text.split()).casefold()
    return next((name for name in available_timezones() if name.casefold() == wanted), "")


def zone_meant(text: str) -> str:
    """The same, or a UsageError that names those that may have been meant."""
    found = zone_called(text)
    if not found:
        near = " or ".join(nearest_zones(text))
        hint = f"Did you mean {near}?" if near else "Write region and city: Europe/London, America/Lima"
        raise UsageError(f'There is no time zone "{text.strip()}".', hint=hint)
    return found


def nearest_zones(text: str, most: int = 3) -> list[str]:
    """Zones whose name, or whose city, is like `text`, the likeliest first."""
    wanted = "_".join(text.split()).casefold()
    names = sorted(name for name in available_timezones() if "/" in name)
    cities = {name: name.rpartition("/")[2].casefold() for name in names}
    exact = [name for name in names if cities[name] == wanted]
    if exact:
        return exact[:most]
    whole = {name.casefold(): name for name in names}
    near = [whole[name] for name in difflib.get_close_matches(wanted, whole, n=most)]
    by_city = difflib.get_close_matches(wanted, set(cities.values()), n=most)
    alike = [name for city in by_city for name in names if cities[name] == city]
    return list(dict.fromkeys([*near, *alike]))[:most]


def machine_zone(environ: Mapping[str, str] = os.environ, localtime: Path = _LOCALTIME) -> str:
    """The region and city that this machine is set to; "" when it says none: servers keep UTC wherever they are."""
    named = environ.get("TZ", "").removeprefix(":")
    if not named:
        try:
            named = str(localtime.resolve())
        except OSError:
            return ""
    name = named.rpartition("zoneinfo/")[2]
    region, _, city = name.partition("/")
    return name if city and region not in ("Etc", "posix", "right") and is_zone(name) else ""
