"""When the last message of a mailing would leave, as far as the limits of the relays tell."""

from datetime import datetime

from mailer.domain.audience import Audience
from mailer.domain.forecast import Carrying, ends_at
from mailer.domain.limits import all_limits
from mailer.domain.provider import Provider
from mailer.settings import Settings
from mailer.storage import audiences, quotas
from mailer.storage.database import Connection


def expected_end(
    connection: Connection, settings: Settings, audience: Audience, people: int, *, now: datetime, starts_at: datetime
) -> datetime | None:
    """None when nothing slows it down. people: how many the audience has now."""
    weights = {relay.name: relay.weight for relay in settings.relays}
    relays = []
    for name, limits in all_limits(settings).items():
        one = Carrying(limits=limits, weight=weights[name])
        if limits.quota is not None:
            one.used, one.first_day = quotas.used_on(connection, name, limits.quota, now)
            one.day = limits.quota.day(now)
        relays.append(one)
    groups = {Provider.OTHER: people}
    if any(one.limits.provider_rates for one in relays):
        groups = audiences.count_by_provider(connection, audience, now=now)
    return ends_at(groups, relays, starts_at=starts_at)
