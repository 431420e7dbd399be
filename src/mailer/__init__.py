"""A newsletter and campaign-mailing toolkit for campaign groups."""

__version__ = "0.1.0"
