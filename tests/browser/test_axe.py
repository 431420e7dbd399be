"""axe-core finds nothing to complain of: in the mail, light and dark, on a phone and a desk, and on our pages."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import chromium
import official
from axe import OF_WINDOWS, SCREENS, TWO_SCREENS, findings
from example_mail import EXAMPLES, example_mail
from mailer.app import App
from mailer.cli.campaigns import surroundings
from mailer.settings import OrganisationSettings, Settings, load
from mailer.web.inbox.pages import InboxPages, Step
from mailer.web.inbox.store import Store
from mailer.web.look import SitePages
from mailer.web.preview.bench import Bench
from mailer.web.preview.site import make_preview_site
from mailer.web.server import Server, listen
from sending_world import make_project, write_letter

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="NOT JUDGED: there is no Chromium here (apt install chromium)"),
    pytest.mark.skipif(bool(official.NO_AXE), reason=official.NO_AXE),
]


def on_a_page(page: str, folder, *, screens=TWO_SCREENS, off=()) -> list[str]:
    with chromium.shown(page, SCREENS[0], folder) as tab:
        return findings(tab, screens=screens, off=off)


@pytest.mark.parametrize("slug", EXAMPLES)
def test_nothing_is_wrong_with_the_mail(slug, tmp_path):
    assert on_a_page(example_mail(slug).with_pictures_in(tmp_path), tmp_path, screens=SCREENS, off=OF_WINDOWS) == []


def test_it_finds_what_is_wrong(tmp_path):
    mail = example_mail(EXAMPLES[0]).html
    page = mail.replace("</body>", '<img src="x.png"><p style="color:#ccc;background:#fff">pale</p></body>')
    found = "\n".join(on_a_page(page, tmp_path, off=OF_WINDOWS))
    assert "image-alt" in found
    assert "color-contrast" in found


SITE = SitePages(
    Settings(
        organisation=OrganisationSettings(name="The Network", from_address="a@example.org", postal_address="1 Street")
    )
)
PERSON = {
    "address": "a***@example.org",
    "can_undo": True,
    "list_title": "News and action",
    "list_description": "About once a week",
    "undone": False,
}
CHOICE = {
    "address": "a***@example.org",
    "boxes": [("topic.peru", "Peru", True), ("topic.work", "Work and pay", False)],
    "chosen": "Peru",
    "is_everything": False,
    "is_saved": False,
    "back": None,
    "nothing": False,
    "list_title": "News and action",
    "list_description": "About once a week",
}
PAGES = {
    "choice": lambda: SITE.preferences(**CHOICE),
    "chosen": lambda: SITE.preferences(**CHOICE | {"is_saved": True, "back": ["topic.peru"]}),
    "no choice": lambda: SITE.preferences(**CHOICE | {"nothing": True}),
    "leave": lambda: SITE.leave(standing="subscribed", **PERSON),
    "left": lambda: SITE.leave(standing="left", **PERSON),
    "nobody": SITE.nobody,
    "lost": lambda: SITE.problem(404),
    "home": SITE.home,
}


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_wrong_with_a_subscribers_page(page, tmp_path):
    assert on_a_page(PAGES[page]().body.decode(), tmp_path) == []


@pytest.mark.parametrize("page", ["", "1", "1?view=headers"])
def test_nothing_is_wrong_with_the_inbox(page, tmp_path):
    store = Store(tmp_path / "store")
    store.add(b"From: news@example.org\r\nSubject: Fighting fund\r\n\r\nHello", "ana@example.net")
    story = [Step(state="done", text="The people came."), Step(state="now", text="The mail goes.")]
    site = Starlette(routes=InboxPages(store, Settings(), story=lambda: story).routes())
    answer = TestClient(site, base_url="http://127.0.0.1").get(f"/inbox/{page}")
    assert on_a_page(answer.text, tmp_path) == []


PREVIEWED = ["/campaigns/warned/", "/campaigns/warned/?view=headers", "/campaigns/broken/", "/", "/kinds/appeal/"]


@pytest.fixture(scope="module")
def preview(tmp_path_factory):
    folder = make_project(tmp_path_factory.mktemp("preview") / "project")
    write_letter(folder, slug="warned", body="The the soup.")
    (folder / "campaigns/broken.md").write_text("---\nkind: artcle\nhedline: x\n---\n{% if %}\n")
    site = make_preview_site(Bench(App(load(folder, {})), surroundings))
    with Server(site, listen("127.0.0.1", 0)) as server:
        yield server.url


@pytest.mark.parametrize("path", PREVIEWED)
def test_nothing_is_wrong_with_the_preview(preview, path):
    with chromium.tab(SCREENS[0]) as tab:
        tab.open(preview + path)
        assert findings(tab, screens=TWO_SCREENS) == []
