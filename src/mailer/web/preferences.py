"""What somebody wants to hear of: `/p/TOKEN`, where the project has topics to choose from.

As on the way out, a visit shows a page and changes nothing, because mail scanners follow links; a form posts what is
chosen, and the token proves who chose. Every topic ticked is everything, topics yet to come too. None ticked is no
choice but a leave, which has its own button here: what came by mistake must not silence anybody.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.app import App
from mailer.domain.address import masked
from mailer.domain.topics import Topics
from mailer.edition.links import Link, Purpose
from mailer.storage import person_changes
from mailer.storage.history import Happened
from mailer.web.forms import read_form
from mailer.web.leave import LeaveDesk, Visit, described, opened, wish, word_for
from mailer.web.look import SitePages

log = logging.getLogger(__name__)

#: What the form's button says it is; other actions are those of leaving.
CHOOSE = "choose"
#: Before the slug in the name of a topic's box.
BOX = "topic."


def preferences_routes(app: App, pages: SitePages, leave: LeaveDesk) -> list[Route]:
    desk = PreferencesDesk(app, pages, leave) if app.settings.subscribers.topics else leave
    return [Route("/p/{token}", desk.for_purpose(Purpose.PREFERENCES), methods=["GET", "POST"])]


class PreferencesDesk:
    """Answers visits of people who may choose, and takes their choice."""

    def __init__(self, app: App, pages: SitePages, leave: LeaveDesk) -> None:
        self._app, self._pages, self._leave = app, pages, leave
        self._topics = Topics(app.settings.subscribers.topics)

    def for_purpose(self, purpose: Purpose) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint for tokens of one purpose."""

        async def endpoint(request: Request) -> Response:
            link = opened(self._app, request, purpose)
            form = await read_form(request) if request.method == "POST" else None
            return await run_in_threadpool(self._answer, link, form)

        return endpoint

    def _answer(self, link: Link, form: Mapping[str, str] | None) -> Response:
        chooses = form is None or form.get("action") == CHOOSE
        visit = None if link.purpose is Purpose.TEST or not chooses else self._leave.visit(link)
        # Whoever gets nothing from us any more has nothing to choose but to come back.
        if visit is None or word_for(visit.person) != "subscribed":
            return self._leave.answer(link, None if chooses or form is None else wish(form))
        if form is None:
            return self._page(visit, visit.person.topics)
        ticked = [slug for slug in self._topics.titles if BOX + slug in form]
        if not ticked:
            return self._page(visit, visit.person.topics, nothing=True)
        chosen = () if len(ticked) == len(self._topics.titles) else tuple(sorted(ticked))
        self._keep(visit, chosen)
        return self._page(visit, chosen, before=visit.person.topics)

    def _keep(self, visit: Visit, chosen: tuple[str, ...]) -> None:
        who, at = visit.person.subscriber_id, self._app.clock()
        with self._app.database.writing() as connection:
            person_changes.choose_topics(
                connection, who, chosen, at=at, by=Happened.PREFERENCES, mailing_id=visit.mailing_id
            )
        log.info("preferences.chosen mailing=%d subscriber=%d topics=%d", visit.mailing_id, who, len(chosen))

    def _page(
        self,
        visit: Visit,
        chosen: tuple[str, ...],
        *,
        before: tuple[str, ...] | None = None,
        nothing: bool = False,
    ) -> Response:
        """before: what they chose until now, after a change; nothing: what was sent chose nothing."""
        return self._pages.preferences(
            address=masked(visit.person.email),
            boxes=self._boxes(() if nothing else chosen, ticked=not nothing),
            chosen=self._topics.said(slug for slug in self._topics.titles if slug in chosen),
            is_everything=not chosen,
            is_saved=before is not None,
            back=None if before is None or before == chosen else self._ticked(before),
            nothing=nothing,
            **described(self._app, visit.list_name or ""),
        )

    def _boxes(self, chosen: tuple[str, ...], *, ticked: bool) -> list[tuple[str, str, bool]]:
        """(name, title, whether it is ticked) of each topic, in the order of mailer.toml."""
        on = self._ticked(chosen) if ticked else []
        return [(BOX + slug, title, BOX + slug in on) for slug, title in self._topics.titles.items()]

    def _ticked(self, chosen: tuple[str, ...]) -> list[str]:
        """The names of the boxes that say this choice."""
        return [BOX + slug for slug in self._topics.titles if not chosen or slug in chosen]
