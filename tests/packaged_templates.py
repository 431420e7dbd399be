"""The packaged templates, compiled once for all tests of a process: that is nine tenths of compiling a campaign.

A process keeps what it has compiled; projects without templates of their own, as those of nearly all tests, share it.
"""

from datetime import UTC, datetime

from mailer.rendering.check import check
from mailer.rendering.surroundings import Surroundings
from mailer.settings import load, starter
from mailer.sources.campaign_files import read_campaign
from mailer.sources.campaign_slugs import campaign_slugs


def compile_now():
    """Compile what the campaigns of the example project are made with."""
    root = starter.starter_project()
    around = Surroundings(settings=load(root, {}), now=datetime.now(UTC))
    for slug in campaign_slugs(root):
        check(read_campaign(root, slug), around)
