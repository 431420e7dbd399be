"""The way out: `/u/TOKEN`, and `/p/TOKEN` where there is nothing to choose.

A mailbox provider's button posts `List-Unsubscribe=One-Click` and gets a plain 200: no redirect, no cookie, no login, no
question, as often as it likes (RFC 8058 §3.1, §3.2). A person's visit (GET, HEAD) shows a page and changes nothing,
because mail scanners follow links; its buttons post a normal form. The token proves who asks, and it goes on working
when the campaign, the mailing or the list is gone.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.app import App
from mailer.domain.address import masked
from mailer.domain.subscriber import SubscriptionStatus, SuppressionReason
from mailer.edition.links import Link, Purpose, verify
from mailer.settings import ListSettings
from mailer.storage import subscribers, subscriptions
from mailer.storage.standing import Standing, list_mailed, standing
from mailer.web.forms import read_form
from mailer.web.look import SitePages

log = logging.getLogger(__name__)


class Action(StrEnum):
    """What a form asks for."""

    LEAVE = "leave"  #: this list
    EVERYTHING = "everything"  #: every list, and never again
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit by the holder of a valid link.

    `list_name`: None when the mailing is gone, or in another database, and with it the list's name; `mailing_id` is 0 then.
    """

    person: Standing
    list_name: str | None
    mailing_id: int


def leave_routes(desk: "LeaveDesk") -> list[Route]:
    return [Route("/u/{token}", desk.for_purpose(Purpose.LEAVE), methods=["GET", "POST"])]


def opened(app: App, request: Request, purpose: Purpose) -> Link:
    """The link by which somebody came; those of test messages are welcome everywhere. HTTPException 404 for any other."""
    link = verify(app.secret_key, request.path_params["token"])
    if link is None or link.purpose not in (purpose, Purpose.TEST):
        raise HTTPException(404)
    return link


class LeaveDesk:
    """Answers visits and requests to leave."""

    def __init__(self, app: App, pages: SitePages) -> None:
        self._app = app
        self._pages = pages

    def for_purpose(self, purpose: Purpose) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint for tokens of one purpose."""

        async def endpoint(request: Request) -> Response:
            link = opened(self._app, request, purpose)
            asked = wish(await read_form(request)) if request.method == "POST" else None
            return await run_in_threadpool(self.answer, link, asked)

        return endpoint

    def answer(self, link: Link, asked: Action | None) -> Response:
        """Do what was asked, and show how things stand."""
        if link.purpose is Purpose.TEST:
            return self._pages.test_link()
        visit = self.visit(link)
        if visit is not None and asked is not None:
            self._do(visit, asked)
            visit = self.visit(link)
        return self._pages.nobody() if visit is None else self._page(visit, asked)

    def visit(self, link: Link) -> Visit | None:
        """None when the database no longer holds the person."""
        with self._app.database.reading() as connection:
            subscriber_id = subscribers.find_by_public_id(connection, link.public_id)
            if subscriber_id is None:
                return None
            list_name = list_mailed(connection, link.mailing_id, subscriber_id)
            person = standing(connection, subscriber_id, list_name)
        # Under the number of another mailing, its figures would count somebody whom it was not sent to.
        mailing_id = 0 if list_name is None else link.mailing_id
        return Visit(person=person, list_name=list_name, mailing_id=mailing_id)

    def _do(self, visit: Visit, asked: Action) -> None:
        who, at = visit.person.subscriber_id, self._app.clock()
        # Without a list to name, only leaving all of them surely does what was asked.
        list_name = None if asked is Action.EVERYTHING else visit.list_name
        change = subscriptions.undo_leave if asked is Action.UNDO else subscriptions.leave
        with self._app.database.writing() as connection:
            change(connection, who, list_name=list_name, mailing_id=visit.mailing_id, at=at)
        log.info("leave.%s mailing=%d subscriber=%d", asked, visit.mailing_id, who)

    def _page(self, visit: Visit, asked: Action | None) -> Response:
        person, name = visit.person, visit.list_name or ""
        return self._pages.leave(
            address=masked(person.email),
            standing=word_for(person),
            can_undo=person.suppressed in (None, SuppressionReason.LEFT),
            undone=asked is Action.UNDO,
            **described(self._app, name),
        )


def described(app: App, list_name: str) -> dict[str, str]:
    """A list as pages speak of it; "" for none."""
    known = app.settings.subscribers.lists.get(list_name, ListSettings())
    return {"list_title": known.title or list_name, "list_description": known.description}


def wish(form: Mapping[str, str]) -> Action:
    """What a posted form asks for. HTTPException 400, and nothing changes, when it is none of ours."""
    if form.get("List-Unsubscribe", "").casefold() == "one-click":
        return Action.LEAVE
    try:
        return Action(form.get("action", ""))
    except ValueError:
        raise HTTPException(400) from None


def word_for(person: Standing) -> str:
    """How the page speaks to them: subscribed, left (this list) or silent (nothing from us at all)."""
    if person.suppressed is not None:
        return "silent"
    return "subscribed" if person.status is SubscriptionStatus.CONFIRMED else "left"
