"""Where the keys that sign mail are kept, and how the settings become a `Signer`.

Keys are files of mode 0600 below the project, which git leaves out, or come from the environment. A key that cannot be
used is an error before anything is queued or sent: mail never leaves unsigned because its key could not be read.
"""

import logging
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mailer.edition.dkim import Algorithm, SelectedKey, Signer
from mailer.edition.dkim_domain import signing_domain
from mailer.edition.dkim_key import DkimKey, read_pem
from mailer.errors import Refused, SettingsError
from mailer.settings import Settings

log = logging.getLogger(__name__)
FOLDER = Path(".mailer") / "dkim"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """What the settings say of one key. text: the key itself, if they hold it."""

    algorithm: Algorithm
    selector: str
    file: str
    text: str = field(repr=False)
    prefix: str  #: of its settings' names


def configured(settings: Settings) -> tuple[KeySettings, ...]:
    """The keys that the settings name, that for RSA first. Raises SettingsError."""
    rsa, second = _named(settings, Algorithm.RSA, ""), _named(settings, Algorithm.ED25519, "ed25519_")
    if second.selector and not rsa.selector:
        raise SettingsError(
            "dkim.ed25519_selector is set and dkim.selector is not.",
            hint="Many receivers know RSA only: make that key first, with `mailer dkim new`.",
        )
    if second.selector and second.selector.lower() == rsa.selector.lower():
        raise SettingsError(
            f'dkim.selector and dkim.ed25519_selector are both "{rsa.selector}".',
            hint="Each key has a name of its own in DNS.",
        )
    return tuple(one for one in (rsa, second) if one.selector)


def _named(settings: Settings, algorithm: Algorithm, prefix: str) -> KeySettings:
    """prefix: of the settings' names within [dkim]."""
    selector, file, text = (
        getattr(settings.dkim, f"{prefix}{name}") for name in ("selector", "key_file", "private_key")
    )
    if (file or text) and not selector:
        raise SettingsError(
            f"There is a DKIM key and no dkim.{prefix}selector, so mail would leave unsigned.",
            hint=f"Set dkim.{prefix}selector to the name it has in DNS, or take the key out.",
        )
    return KeySettings(algorithm=algorithm, selector=selector, file=file, text=text, prefix=f"dkim.{prefix}")


def signer_for(settings: Settings) -> Signer:
    """What signs the mail that leaves here, where `settings.dkim.wanted`. Raises SettingsError."""
    keys = [SelectedKey(selector=one.selector, key=read(settings, one)) for one in configured(settings)]
    return Signer(signing_domain(settings), keys)


def read(settings: Settings, one: KeySettings) -> DkimKey:
    """The key. Raises SettingsError, which says where it was looked for."""
    if one.text:
        where = settings.origins.get(f"{one.prefix}private_key", f"{one.prefix}private_key")
        pem = one.text.replace("\\n", "\n").encode()  # as it comes through files that keep a line for each variable
        key = read_pem(pem, one.algorithm, where=where)
    else:
        key = read_file(path_of(settings, one), one.algorithm)
    if key.weak:
        log.warning(
            "dkim key is short: selector=%s bits=%d; `mailer dkim new` makes a longer one", one.selector, key.bits
        )
    return key


def path_of(settings: Settings, one: KeySettings) -> Path:
    """The file of a key. Raises SettingsError where there is no project that it could stand in."""
    if one.file and (settings.root or Path(one.file).is_absolute()):
        return (settings.root or Path()) / one.file
    if settings.root is None:
        rsa = one.algorithm is Algorithm.RSA
        variable = "MAILER_DKIM_KEY_FILE" if rsa else "MAILER_DKIM__ED25519_PRIVATE_KEY_FILE"
        raise SettingsError(
            f"{one.prefix}selector is set, and there is no project here with its key.",
            hint=f"Name the file with the key in {variable}.",
        )
    return settings.root / FOLDER / f"{one.selector}.pem"


def read_file(path: Path, algorithm: Algorithm | None = None) -> DkimKey:
    """The key in `path`, of that kind if one is named. Raises SettingsError, also when others could use the key."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & stat.S_IRWXO:
                raise SettingsError(
                    f"Everybody on this machine can use the DKIM key {path} (mode {mode:04o}).",
                    hint=f"Make it private: chmod 600 {path}",
                )
            return read_pem(file.read(), algorithm, where=str(path))
    except FileNotFoundError:
        raise SettingsError(
            f"There is no DKIM key {path}, and mail is to be signed with it.",
            hint="Copy it from the machine that has it, name it in MAILER_DKIM_KEY_FILE, or make one: `mailer dkim new`. "
            "Nothing leaves unsigned.",
        ) from None
    except OSError as error:
        raise SettingsError(f"The DKIM key {path} cannot be read: {error.strerror}.") from None


def write(path: Path, key: DkimKey) -> None:
    """Keep a new key in `path`, for its owner alone. Raises Refused if there is one already, SettingsError."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.pem())
        _put_in_place(draft, path)
    except OSError as error:
        raise SettingsError(f"The DKIM key {path} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            draft.unlink()


def _put_in_place(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)  # atomic, and fails if there is one
    except FileExistsError:
        raise Refused(
            f"There is a key {path} already, and mail may be signed with it.",
            hint="Choose another name: --selector NAME. `mailer dkim show` prints the record of the key in use.",
        ) from None
