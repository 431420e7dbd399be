"""Where a demo happens: a copy of the example project, its site and its inbox on loopback, a worker and a scheduler.

Everything is what a real project runs on: the same App, database, worker, scheduler and pages, in threads of one
process. What differs is settled here and nowhere else: the settings come from the example project alone, whatever the
surrounding folder and environment say, and its only relay is the inbox beside it.
"""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mailer.app import App
from mailer.demo.watch import Watch
from mailer.scheduler import Scheduler
from mailer.settings import RelaySettings, Settings, load
from mailer.settings.starter import starter_project
from mailer.web.inbox.pages import InboxPages, Step
from mailer.web.inbox.smtp import LOOPBACK, SmtpInbox
from mailer.web.inbox.store import Store
from mailer.web.server import PortTaken, Server, listen
from mailer.web.site import make_site

_COPIED = ("mailer.toml", "campaigns", "subscribers")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A running project. url: of its site; the inbox is below it."""

    app: App
    inbox: Store
    watch: Watch
    url: str

    @property
    def inbox_url(self) -> str:
        return f"{self.url}/inbox/"


@contextmanager
def set_up(
    folder: Path, *, port: int | None, story: Callable[[], list[Step]], stopping: threading.Event
) -> Iterator[Stage]:
    """Everything runs until the block ends. port: None, or one that is taken, means any that is free."""
    project = copy_project(folder / "project")
    inbox = Store(folder / "inbox")
    with ExitStack() as running:
        smtp = running.enter_context(SmtpInbox(inbox))
        listener = _listen(port)
        url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        app = App(demo_settings(project, url=url, smtp_port=smtp.port))
        running.callback(app.database.dispose)
        pages = InboxPages(inbox, app.settings, story=story)
        running.enter_context(Server(make_site(app, more=pages.routes()), listener))
        watch = running.enter_context(Watch.over(app, stopping))
        running.enter_context(Scheduler(app.desk, every=1.0))
        yield Stage(app=app, inbox=inbox, watch=watch, url=url)


def copy_project(target: Path) -> Path:
    """The example project without what made it, private, ready to be changed."""
    starter = starter_project()
    target.mkdir(mode=0o700, parents=True)
    for name in _COPIED:
        source = starter / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("*.py", "__pycache__", ".*"))
        else:
            shutil.copyfile(source, target / name)
    return target


def demo_settings(project: Path, *, url: str, smtp_port: int) -> Settings:
    """The example project's own, with this machine's addresses; nothing is read from the environment."""
    settings = load(project, {})
    relay = RelaySettings(name="inbox", backend="smtp", host=LOOPBACK, port=smtp_port, security="none")
    assert relay.on_loopback
    return replace(settings, relays=(relay,), web=replace(settings.web, public_url=url))


def _listen(port: int | None) -> socket.socket:
    try:
        return listen(LOOPBACK, port or 0)
    except PortTaken:
        return listen(LOOPBACK, 0)
