"""`mailer dkim`: the keys that sign mail, and what their domain's DNS must say of them."""

import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import Output, invocation
from mailer.errors import SettingsError, UnknownName, UsageError

if TYPE_CHECKING:
    from mailer.edition.dkim_key import DkimKey
    from mailer.edition.dkim_record import Record
    from mailer.settings import Settings

DOMAIN = click.option("--domain", metavar="D", help="The domain that signs; default: that of the settings.")


@click.group()
def dkim() -> None:
    """The keys that sign mail, so that receivers know it for yours. docs/dkim.md goes through it step by step."""


@dkim.command()
@click.option("--selector", metavar="S", help="The key's name in DNS; default: mailer and the year.")
@click.option("--ed25519", is_flag=True, help="A second, short key beside the RSA one.")
@DOMAIN
@click.pass_obj
def new(output: Output, selector: str | None, ed25519: bool, domain: str | None) -> None:
    """Make a key, and print what to write into DNS and mailer.toml. Mail is signed once mailer.toml says so.

    Never writes over a key.
    """
    from mailer.edition.dkim import Algorithm
    from mailer.edition.dkim_domain import signing_domain
    from mailer.edition.dkim_key import new_key
    from mailer.edition.dkim_keys import FOLDER, write

    settings = _for_domain(output.app.settings, domain)
    root, signing = _root(settings), signing_domain(settings)
    _warn(output, settings, ed25519=ed25519)
    algorithm = Algorithm.ED25519 if ed25519 else Algorithm.RSA
    name = _selector(selector or f"mailer{output.app.clock():%Y}{'-ed' if ed25519 else ''}")
    path, key = root / FOLDER / f"{name}.pem", new_key(algorithm)
    write(path, key)
    found = _record(key, name, signing)
    lines = _settings_lines(algorithm, name, signing)
    output.document(_document(key, name, signing, found, path) | {"settings": lines})
    output.say(f"Wrote {path}: a new {algorithm.word} key. Whoever has it can sign as {signing}; keep a copy.")
    output.data(f"\n1. In the DNS of {signing}, add this record:\n")
    _print_record(output, found, signing)
    output.data(f"\n2. Wait until the world sees it:\n\n   dig +short TXT {found.name}\n")
    where = "under the [dkim] of mailer.toml" if settings.dkim.wanted else "into mailer.toml"
    output.data(f"3. Then write this {where}, and start `{invocation()} up` or the workers again:\n")
    output.data(textwrap.indent(lines, "   "))
    output.next("dkim show")


@dkim.command()
@click.option("--selector", metavar="S", help="Only the key of this name.")
@DOMAIN
@click.pass_obj
def show(output: Output, selector: str | None, domain: str | None) -> None:
    """Print the DNS record of every key here, and which of them sign."""
    from mailer.edition.dkim_domain import signing_domain

    settings = _for_domain(output.app.settings, domain)
    names = _names(settings)
    if selector and selector not in names:
        raise UnknownName(f'There is no DKIM key "{selector}".', hint=f"Keys: {', '.join(names) or 'none'}.")
    if not names:
        raise UnknownName("There is no DKIM key here, and mail leaves unsigned.", hint="Make one: `mailer dkim new`.")
    wanted = _keys(output, settings, selector)
    signing, documents = signing_domain(settings), []
    for name, (key, path) in wanted.items():
        found, signs = _record(key, name, signing), name in _signing_selectors(settings)
        documents.append(_document(key, name, signing, found, path) | {"signs": signs})
        output.data(
            f"{name}: {key.algorithm.word}, {'signs' if signs else 'signs nothing: mailer.toml does not name it'}"
        )
        _print_record(output, found, signing)
        output.data(f"\n   To see what the world sees: dig +short TXT {found.name}\n")
    output.document({"domain": signing, "keys": documents})


def _for_domain(settings: "Settings", domain: str | None) -> "Settings":
    if domain is None:
        return settings
    return replace(settings, dkim=replace(settings.dkim, domain=_checked("dkim.domain", domain, "--domain")))


def _warn(output: Output, settings: "Settings", *, ed25519: bool) -> None:
    """What makes a key of little use, though it can be made."""
    from mailer.settings.gaps import gaps

    if not settings.dkim.domain:
        for gap in gaps(settings):
            if gap.setting == "organisation.from_address":
                output.warn(f"{gap.setting}: {gap.message}; {gap.hint}, or name the domain with --domain.")
    if ed25519 and not settings.dkim.selector:
        output.warn(f"Many receivers know RSA only: make that key first, with `{invocation()} dkim new`.")


def _selector(text: str) -> str:
    return _checked("dkim.selector", text, "--selector")


def _checked(name: str, text: str, option: str) -> str:
    from mailer.settings.values import checked

    try:
        return str(checked(name, text, option))
    except SettingsError as error:
        raise UsageError(f"{error.message}.", hint=error.hint) from None


def _root(settings: "Settings") -> Path:
    if settings.root is None:
        raise SettingsError(
            "There is no project here in which a key could be kept.",
            hint="Change into a folder with mailer.toml, or `mailer init`.",
        )
    return settings.root


def _signing_selectors(settings: "Settings") -> tuple[str, ...]:
    return settings.dkim.selector, settings.dkim.ed25519_selector


def _names(settings: "Settings") -> tuple[str, ...]:
    """The keys that sign, then those that lie beside them."""
    from mailer.edition.dkim_keys import FOLDER, configured

    beside = sorted(path.stem for path in (settings.root / FOLDER).glob("*.pem")) if settings.root else []
    return tuple(dict.fromkeys([*(one.selector for one in configured(settings)), *beside]))


def _keys(output: Output, settings: "Settings", selector: str | None) -> "dict[str, tuple[DkimKey, Path | None]]":
    """Each key that is wanted, with its file; None for one that comes from the environment.

    One that nobody asked for and that signs nothing may be anything; that it cannot be read is only mentioned.
    """
    from mailer.edition.dkim_keys import FOLDER, configured, path_of, read, read_file

    signing = {one.selector: one for one in configured(settings)}
    found: dict[str, tuple[DkimKey, Path | None]] = {}
    for name in _names(settings):
        if selector not in (None, name):
            continue
        if one := signing.get(name):
            found[name] = read(settings, one), None if one.text else path_of(settings, one)
            continue
        path = (settings.root or Path()) / FOLDER / f"{name}.pem"
        try:
            found[name] = read_file(path), path
        except SettingsError as error:
            if selector:
                raise
            output.warn(f"{error.message} {error.hint}".rstrip())
    return found


def _record(key: "DkimKey", selector: str, domain: str) -> "Record":
    from mailer.edition.dkim_record import record

    return record(domain=domain, selector=selector, algorithm=key.algorithm, public=key.public)


def _print_record(output: Output, found: "Record", domain: str) -> None:
    output.data(
        f"   Name   {found.name.removesuffix(f'.{domain}')}    (where the whole name is asked for: {found.name})"
    )
    output.data("   Type   TXT")
    output.data(f"   Value  {found.value}")
    if len(found.strings) > 1:
        output.data("\n   Where a form takes no more than 255 characters in one piece, or in a zone file:\n")
        output.data(f"   {found.zone_line}")


def _settings_lines(algorithm: str, selector: str, domain: str) -> str:
    prefix = "ed25519_" if algorithm.startswith("ed25519") else ""
    lines = ["[dkim]", f'{prefix}selector = "{selector}"']
    return "\n".join(lines if prefix else [*lines, f'domain = "{domain}"'])


def _document(key: "DkimKey", selector: str, domain: str, found: "Record", path: Path | None) -> dict[str, Any]:
    return {
        "selector": selector,
        "domain": domain,
        "algorithm": key.algorithm.value,
        "bits": key.bits,
        "key_file": path,
        "record": {
            "name": found.name,
            "type": "TXT",
            "value": found.value,
            "strings": found.strings,
            "zone_line": found.zone_line,
        },
    }
