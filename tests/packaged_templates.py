"""The packaged templates, compiled once for all tests of a process: that is nine tenths of compiling a campaign.

A process keeps what it has compiled for each project, and here nearly every test is a project of its own. Those that have no
templates share what was compiled of the packaged ones; with a folder of its own, a project is on its own.
"""

from datetime import UTC, datetime

from mailer.rendering import check as checking
from mailer.rendering import compile as compiling
from mailer.rendering.surroundings import Surroundings
from mailer.settings import load, starter
from mailer.sources.campaign_files import campaign_slugs, read_campaign

_folders = compiling.template_folders


def share():
    """From now on, in this process."""
    for module in (checking, compiling):
        module.template_folders = _of_the_project_if_it_has_any


def _of_the_project_if_it_has_any(root):
    own, *packaged = _folders(root)
    return (own, *packaged) if own.is_dir() else tuple(packaged)


def compile_now():
    """Compile what the campaigns of the example project are made with."""
    root = starter.starter_project()
    around = Surroundings(settings=load(root, {}), now=datetime.now(UTC))
    for slug in campaign_slugs(root):
        checking.check(read_campaign(root, slug), around)
