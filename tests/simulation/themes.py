"""How large a run may be, and what kinds of trouble there are."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Size:
    """How large a run may be. seconds: in which things go wrong."""

    people: int
    workers: int
    letters: int
    relays: tuple
    connections: int
    seconds: float
    events: int


#: Most are small: what goes wrong among many goes wrong among few, and sooner found.
SIZES = (
    Size(people=3, workers=2, letters=1, relays=("east",), connections=1, seconds=4.0, events=4),
    Size(people=4, workers=2, letters=1, relays=("east",), connections=2, seconds=8.0, events=4),
    Size(people=5, workers=3, letters=1, relays=("east", "west"), connections=1, seconds=8.0, events=6),
    Size(people=8, workers=5, letters=2, relays=("east", "west"), connections=2, seconds=15.0, events=9),
)


@dataclass(frozen=True)
class Theme:
    """What kind of trouble there is. events: how often each happens in comparison."""

    events: dict
    weathers: tuple = ("fair", "fair", "rough", "slow", "foul")
    in_doubt: tuple = ("hold", "hold", "resend")
    schedulers: int = 0  #: at most; with them the mailing is armed, and goes out by itself
    limits: bool = False  #: of every kind, and people's mailboxes are at several providers


EVERYTHING = Theme(
    events={
        "kill": 6, "freeze": 6, "stop": 2, "more": 1, "power_cut": 1, "clock": 4, "database": 3, "relay": 2,
        "kill_sender": 1, "pause": 2, "cancel": 1, "leave": 2, "suppress": 1, "erase": 1, "retry": 3,
    }
)  # fmt: skip
KILLS = Theme(events={"kill": 4, "power_cut": 1, "kill_sender": 1, "stop": 1})
FREEZES = Theme(events={"freeze": 3, "clock": 2, "retry": 1}, weathers=("slow",), in_doubt=("hold", "resend", "resend"))
OUTAGES = Theme(events={"database": 3, "kill": 1})
PEOPLE = Theme(events={"pause": 3, "cancel": 1, "leave": 2, "suppress": 1, "erase": 2, "retry": 2, "stop": 1})
#: Rates, quotas, hours, weights and standby. The clock keeps going: a second must be a second.
LIMITS = Theme(
    events={"relay": 4, "stop": 2, "more": 1, "pause": 2, "cancel": 1, "leave": 1, "erase": 1, "retry": 2},
    weathers=("fair", "fair", "rough", "rough", "foul"), limits=True,
)  # fmt: skip
LOSSES = replace(LIMITS, events=LIMITS.events | {"kill": 8, "freeze": 4, "database": 4})
#: A backup comes back in the middle, over and over.
BACKUPS = Theme(events={"backup": 5, "kill": 1, "pause": 1, "leave": 1, "retry": 1}, in_doubt=("hold", "resend"))
#: Messages are on their way for longer than a lease.
CRAWLING = Theme(events={"relay": 1}, weathers=("crawling",))
RELAYS = Theme(events={"relay": 2, "stop": 1}, weathers=("slow", "slow", "foul"))
SCHEDULES = Theme(
    events={"kill": 2, "kill_scheduler": 5, "freeze_scheduler": 3, "database": 3, "cancel": 1, "leave": 1}, schedulers=3
)
THEMES = (EVERYTHING, KILLS, RELAYS, SCHEDULES, FREEZES, OUTAGES, PEOPLE, LIMITS, LOSSES, BACKUPS)
DATABASE_FAULTS = (
    ("gone", True), ("full", True), ("refused", 0.2), ("cut", 0.2), ("cut_late", 0.2), ("broken", 0.1), ("disk_seconds", 0.4),
)  # fmt: skip
