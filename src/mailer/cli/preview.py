"""`mailer preview`: a campaign as its readers will see it, before any of them gets it."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click

from mailer.cli.as_reader import as_reader
from mailer.cli.campaigns import project_root, surroundings
from mailer.cli.output import Output
from mailer.cli.show_page import show_page
from mailer.domain.count import counted
from mailer.errors import Exit, InputProblems, Problem, UsageError

if TYPE_CHECKING:
    import socket

    from mailer.launch.outlook import Outlook
    from mailer.web.preview.ahead import Occasion
    from mailer.web.preview.bench import Bench, Good
    from mailer.web.preview.mail import Mail
    from mailer.web.preview.page import Sight
    from mailer.web.preview.readers import Reader

#: Where the page is unless another program is there: the tab of yesterday's preview shows today's.
USUAL_PORT = 8030


@click.command()
@click.argument("slug", required=False)
@as_reader
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", help="The page's port; default: 8030, or one that is free."
)
@click.option("--no-browser", is_flag=True, help="Only say where the page is.")
@click.option("--text", "as_text", is_flag=True, help="Print subject, preheader and text part instead, and end.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the preview to a folder instead, and end.",
)
@click.option(
    "--occurrence",
    metavar="WHEN",
    help="The issue of a time to come, as it would go out then: next, or 2026-11-27T09:00.",
)
@click.pass_obj
def preview(output: Output, /, slug: str | None, **options: Any) -> int:
    """Show a campaign as its readers will see it, in a page that follows what you write.

    Phone, desktop, dark, images off, text, headers, and what `check` finds. Without SLUG: every kind of campaign with
    this project's brand. Runs on this machine only, until Ctrl-C; it cannot send, and no link in it acts.
    """
    wish, as_text, out = options["wish"], options["as_text"], options["out"]
    if slug is None and (wish or as_text or out or options["occurrence"]):
        raise UsageError(
            "--as, --occurrence, --text and --out are about one campaign.",
            hint="Name it: `mailer preview SLUG --text`.",
        )
    if as_text and out:
        raise UsageError("--text prints and --out writes.", hint="Choose one of them.")
    project_root(output.app)
    desk = _desk(output, slug, options["occurrence"])
    if slug and (as_text or out):
        seen = _look(output, desk, slug, wish)
        return _write(output, desk.bench, seen, out) if out else _print(output, seen)
    _serve(output, desk, slug, wish, options["port"], no_browser=options["no_browser"])
    return Exit.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is looked at, and the time to come that it is looked at for, if any."""

    bench: "Bench"
    occasion: "Occasion | None" = None


def _desk(output: Output, slug: str | None, occurrence: str | None) -> Desk:
    """Raises UsageError for a time at which it does not go out."""
    from mailer.cli.preview_ahead import turn_to
    from mailer.web.preview.bench import Bench

    if slug is None or occurrence is None:
        return Desk(bench=Bench(output.app, surroundings))
    turned = turn_to(output, slug, occurrence)
    around = partial(surroundings, shown=turned.occasion.ahead.shown)
    return Desk(bench=Bench(turned.app, around), occasion=turned.occasion)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One mail, looked at once."""

    slug: str
    sight: "Sight"
    reader: "Reader"
    good: "Good"
    mail: "Mail"
    outlook: "Outlook | None" = None

    def document(self) -> dict[str, Any]:
        from mailer.cli.preview_ahead import outlook_document

        ahead = {"occurrence": outlook_document(self.outlook)} if self.outlook else {}
        return {
            "campaign": self.slug,
            "as": self.reader.recipient.email,
            "why": self.reader.why or None,
            "subject": self.mail.subject,
            "preheader": self.mail.preheader,
            "html_bytes": self.mail.html_bytes,
            **ahead,
        }


def _look(output: Output, desk: Desk, slug: str, wish: str) -> Seen:
    """The mail as the files have it now. Raises UnknownName, InputProblems with what keeps it from being made."""
    from mailer.web.preview.ahead import panel_of
    from mailer.web.preview.page import seen_by, verdict
    from mailer.web.preview.readers import Readers

    bench, occasion = desk.bench, desk.occasion
    proof = bench.campaign(slug)
    if proof.good is None:
        raise InputProblems(proof.findings, hint=f"`mailer check {slug}` says all that was found.")
    reader = Readers(bench).choose(wish, proof.good)
    proof = bench.for_reader(proof, reader.recipient)
    assert proof.good is not None
    outlook = occasion.outlook(bench.app, proof.good) if occasion else None
    sight = seen_by(proof, reader, at=bench.app.now, panel=panel_of(outlook) if outlook else None)
    for sentence in (reader.why, *sight.notes):
        if sentence:
            output.warn(sentence)
    if sight.mail is None:
        raise InputProblems([Problem(rule="personalisation", file=proof.name, message=sight.nothing)])
    if sight.mail.problem:
        output.warn(f"It would not be sent to this reader: {sight.mail.problem}")
    output.say(f"{proof.name}: {verdict(proof).lower()}.")
    return Seen(slug=slug, sight=sight, reader=reader, good=proof.good, mail=sight.mail, outlook=outlook)


def _say_panel(output: Output, seen: Seen) -> None:
    from mailer.web.preview.ahead import lines_of

    for line in lines_of(seen.sight.panel) if seen.sight.panel else ():
        output.say(line)


def _print(output: Output, seen: Seen) -> int:
    mail = seen.mail
    _say_panel(output, seen)
    output.data(f"Subject: {mail.subject}\nPreheader: {mail.preheader}\n\n{mail.text.rstrip()}")
    output.document(seen.document() | {"text": mail.text})
    output.next(f"test-send {seen.slug} --to you@example.org")
    return Exit.OK


def _write(output: Output, bench: "Bench", seen: Seen, folder: Path) -> int:
    from mailer.web.preview.on_disk import files_of, write
    from mailer.web.preview.page import pages_for

    paths = write(folder, files_of(bench.root, seen.sight, seen.good, seen.mail, pages_for(bench.app.settings)))
    _say_panel(output, seen)
    output.say(f"Wrote {counted(len(paths), 'file')} to {folder}. Open {folder / 'index.html'}")
    output.document(seen.document() | {"files": [str(path) for path in paths]})
    return Exit.OK


def _serve(output: Output, desk: Desk, slug: str | None, wish: str, port: int | None, *, no_browser: bool) -> None:
    from mailer.web.preview.readers import RANDOM, WORST, Readers
    from mailer.web.preview.site import make_preview_site
    from mailer.web.server import Server, until_signalled

    if slug is not None:
        good = desk.bench.campaign(slug).good
        if good and wish not in ("", RANDOM, WORST):
            Readers(desk.bench).choose(wish, good)  # an address that nobody has is said at once
    site = make_preview_site(desk.bench, desk.occasion)
    with until_signalled() as stop, Server(site, _listen(port)) as server:
        path = f"/campaigns/{slug}/" if slug else "/"
        address = server.url + path + (f"?{urlencode({'as': wish})}" if wish else "")
        output.say(f"Preview  {address}")
        output.say("It follows what you save. Nothing leaves this machine. Stop with Ctrl-C.")
        if not no_browser:
            show_page(output, address)
        stop.wait()
    output.document({"url": address, "campaign": slug})


def _listen(port: int | None) -> "socket.socket":
    from mailer.web.local import LOOPBACK
    from mailer.web.server import PortTaken, listen

    if port is not None:
        return listen(LOOPBACK, port)
    try:
        return listen(LOOPBACK, USUAL_PORT)
    except PortTaken:
        return listen(LOOPBACK, 0)
