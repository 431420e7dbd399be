"""What bounds how fast mail may leave through one relay, and why a message must wait."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from mailer.domain.provider import Provider
from mailer.domain.schedule import resolve
from mailer.settings import RelaySettings, Settings

_DAY = timedelta(days=1)
#: The rate of a relay whose limits nobody told us, once it asked us to slow down: few that do so take more.
ASSUMED_RATE = 100.0
#: A ramp that has grown for a year has no meaning any more, and its number no end.
_LONGEST_RAMP = 365


class Hindrance(StrEnum):
    """Why due mail may not go now. The words stand in the documents of `status`."""

    RATE = "rate"
    QUOTA = "quota"
    WINDOW = "window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many messages a relay may carry in a day that begins at midnight in `zone`.

    daily: 0 for no limit. warm_up: messages of the first day, 0 for no ramp; each day allows `growth` times the last.
    """

    daily: int = 0
    warm_up: int = 0
    growth: float = 1.5
    zone: ZoneInfo

    def day(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def next_day(self, now: datetime) -> datetime:
        """When the day after that of `now` begins."""
        return resolve(datetime.combine(self.day(now) + _DAY, time()), self.zone)

    def cap(self, day: date, first_day: date | None) -> int:
        """How many on `day`. first_day: when the relay first carried mail under a ramp; None: it has not yet."""
        if not self.warm_up:
            return self.daily
        days = 0 if first_day is None else max(0, min((day - first_day).days, _LONGEST_RAMP))
        ramp = int(min(self.warm_up * self.growth**days, 1e12))
        return min(self.daily, ramp) if self.daily else ramp


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Hours of the day in which mail leaves, by the clocks in `zone`. closes before opens: the hours go over midnight.

    A time that a clock change skips moves forward by the gap; one that comes twice means the first.
    """

    opens: time
    closes: time
    zone: ZoneInfo

    def next_opening(self, now: datetime) -> datetime:
        """`now` while it is open, else when it opens."""
        today = now.astimezone(self.zone).date()
        spans = [self._span(today + number * _DAY) for number in (-1, 0, 1, 2)]
        return next(max(now, begin) for begin, end in spans if now < end and begin < end)

    def next_closing(self, now: datetime) -> datetime:
        """When it closes; `now` is within."""
        today = now.astimezone(self.zone).date()
        return next(
            end for begin, end in (self._span(today + number * _DAY) for number in (-1, 0)) if begin <= now < end
        )

    def _span(self, day: date) -> tuple[datetime, datetime]:
        last = day + _DAY if self.closes <= self.opens else day
        begin, end = datetime.combine(day, self.opens), datetime.combine(last, self.closes)
        return resolve(begin, self.zone), resolve(end, self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All that bounds the mail through one relay; rates in messages a second, 0 for as many as it takes.

    mailing_rate: of each mailing, over all relays.
    """

    rate: float = 0.0
    provider_rates: Mapping[Provider, float] = field(default_factory=dict)
    mailing_rate: float = 0.0
    quota: Quota | None = None
    window: Window | None = None


UNLIMITED = Limits()


#: Of no relay: nothing is known of any.
NO_LIMITS: Mapping[str, Limits] = {}


def all_limits(settings: Settings) -> dict[str, Limits]:
    """The limits of the relays that share the mail, by name; those on standby only if there are no others."""
    sharing = [relay for relay in settings.relays if relay.weight != 0] or settings.relays
    return {relay.name: limits_of(settings, relay) for relay in sharing}


def limits_of(settings: Settings, relay: RelaySettings) -> Limits:
    """What the settings allow through one of their relays."""
    sending, zone = settings.sending, settings.project.timezone
    quota = None
    if relay.daily_quota or relay.warm_up:
        quota = Quota(
            daily=relay.daily_quota,
            warm_up=relay.warm_up,
            growth=relay.warm_up_growth,
            zone=ZoneInfo(relay.quota_zone or zone),
        )
    return Limits(
        rate=relay.speed,
        provider_rates={Provider[name.upper()]: rate for name, rate in relay.provider_rates.items() if rate},
        mailing_rate=sending.rate_per_mailing,
        quota=quota,
        window=window_of(sending.window, ZoneInfo(sending.window_zone or zone)) if sending.window else None,
    )


def window_of(text: str, zone: ZoneInfo) -> Window:
    """Of "08:00-20:00", which the settings have checked."""
    opens, _, closes = text.partition("-")
    return Window(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes), zone=zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The part of a mailing that goes to one provider group through one relay: what is paced.

    relay: its number in the database, 0 for none. slowed: the relay asked us to slow down for this group. pass_over:
    leave what this very relay put off to the others, of which there are some. again: take only what was put off before.
    """

    relay: int = 0
    provider: Provider = Provider.OTHER
    limits: Limits = UNLIMITED
    slowed: bool = False
    pass_over: bool = False
    again: bool = False

    @property
    def is_limited(self) -> bool:
        return self.slowed or self.limits != UNLIMITED

    def rates(self, mailing_id: int) -> dict[str, float]:
        """The buckets that a message of this lane is paid from: key -> messages a second."""
        limits = self.limits
        group = limits.provider_rates.get(self.provider, 0.0)
        if self.slowed and not group:
            group = limits.rate or ASSUMED_RATE
        keys = {group_key(self.relay, self.provider): group, f"m:{mailing_id}": limits.mailing_rate}
        return {key: rate for key, rate in (keys | {f"r:{self.relay}": limits.rate}).items() if rate}


#: What is claimed for nobody in particular, without limits.
ANY_RELAY = Lane()


def group_key(relay: int, provider: Provider) -> str:
    """The bucket of a provider group at a relay."""
    return f"g:{relay}:{int(provider)}"
