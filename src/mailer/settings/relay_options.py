"""What a backend is told of its relay: the settings by name, files seen from the project, and the password itself."""

from dataclasses import fields
from pathlib import Path

from mailer.errors import BackendMisconfigured
from mailer.settings.relays import RelaySettings

#: Settings that name a file or a folder.
_PATHS = ("ca_file", "password_file", "token_file", "path")


def options_for(relay: RelaySettings, root: Path | None) -> dict[str, object]:
    """Plain values by name; a plugin's own options stand among them. root: the project's folder, if there is one.

    Raises BackendMisconfigured when the password cannot be read.
    """
    options = {one.name: getattr(relay, one.name) for one in fields(relay) if one.name != "options"}
    for name in _PATHS:
        if options[name]:
            options[name] = str((root or Path()) / options[name])
    if relay.password_file:
        options["password"] = _read(Path(str(options["password_file"])), relay)
    return options | dict(relay.options)


def has_password(relay: RelaySettings, root: Path | None) -> bool:
    """Whether there is something to log in with: in the settings, or in the file that they name."""
    path = relay.password_file or relay.token_file
    return bool(relay.password or relay.token or relay.token_command) or (
        bool(path) and ((root or Path()) / path).is_file()
    )


def is_exposed(relay: RelaySettings, root: Path | None) -> bool:
    """Whether others on this machine can read the file with the password."""
    path = (root or Path()) / relay.password_file
    return bool(relay.password_file) and path.is_file() and bool(path.stat().st_mode & 0o077)


def _read(path: Path, relay: RelaySettings) -> str:
    try:
        password = path.read_text(encoding="utf-8-sig").rstrip("\r\n")  # some editors begin every file with a mark
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
    else:
        if password:
            return password
        why = "it is empty"
    raise BackendMisconfigured(
        f"The password of the relay {relay.name} cannot be read from {relay.password_file}: {why}.",
        hint=f"Write it there again, for nobody else to read; `mailer relay test {relay.name}` tries it.",
    )
