"""Times of day that a test can rely on, whenever it is run."""

from datetime import UTC, datetime


def zone_at_noon():
    """The name of a zone where it is noon or soon after: no day ends there while a test runs."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}"  # POSIX counts the hours west of Greenwich
