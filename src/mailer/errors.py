"""Everything mailer raises on purpose.

    MailerError                       exit 1
    ├── UsageError                    exit 2   the command line itself is wrong
    ├── SettingsError                 exit 1   mailer.toml or a MAILER_* variable
    ├── UnknownName                   exit 1   a slug, list, segment, tag or address nobody has
    ├── InputProblems                 exit 3   findings in the user's files: all of them, with file and line
    ├── Refused                       exit 4   approval, expected count, confirmation, already sent, project clock, public URL
    ├── StorageError                  exit 1   the database cannot be used
    │   ├── SchemaTooNew                       it was written by a newer mailer
    │   ├── DatabaseAway                       it does not answer now: restarting, cut off, failing over
    │   ├── DatabaseBusy                       somebody else held it for too long
    │   └── DiskFull
    ├── EditionError                  exit 1   a stored edition cannot be loaded, or a message cannot be built from it
    │   └── NotForThem                         it has nothing that this person wants to hear of
    └── BackendError                  exit 1
        ├── BackendUnavailable                 the connection, not the message, is at fault: try again later
        └── BackendMisconfigured               our login, certificate or sender is refused: stop and tell a person

What became of one message is a value (`mailer.backend.Receipt`), never an exception.
A class's docstring is its default message: what happened, then what to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Exit(IntEnum):
    """Exit codes; scripts rely on them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    FINDINGS = 3
    REFUSED = 4
    SOME_RECIPIENTS_FAILED = 5
    INTERRUPTED = 130


class MailerError(Exception):
    """Something went wrong."""

    exit_code: Exit = Exit.FAILED
    code: str = "failed"

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        """`message` says what happened, `hint` what to do about it (both end up in front of a person)."""
        self.message = message or " ".join((type(self).__doc__ or "").split())
        self.hint = hint
        super().__init__(self.message)


class UsageError(MailerError):
    """The command cannot be understood."""

    exit_code = Exit.USAGE
    code = "usage"


class SettingsError(MailerError):
    """A setting cannot be used."""

    code = "settings"


class UnknownName(MailerError):
    """There is nothing of that name."""

    code = "unknown_name"


class Refused(MailerError):
    """This is refused as it stands."""

    exit_code = Exit.REFUSED
    code = "refused"


class StorageError(MailerError):
    """The database cannot be used."""

    code = "storage"
    #: Whether it is worth trying again in a moment, without anybody doing anything.
    passing: bool = False


class SchemaTooNew(StorageError):
    """The database was written by a newer version of mailer. Upgrade this program, or use another database."""

    code = "schema_too_new"


class DatabaseAway(StorageError):
    """The database does not answer. Start it, or mend the way to it, then run this again; what was finished before is kept."""

    code = "database_away"
    passing = True


class DatabaseBusy(StorageError):
    """The database is held by another program. Wait for it to finish, then run this again; nothing was changed."""

    code = "database_busy"
    passing = True


class DiskFull(StorageError):
    """The disk is full. Free some room, then run this again; what was finished before is kept."""

    code = "disk_full"


class EditionError(MailerError):
    """The stored content of this mailing cannot be used."""

    code = "edition"


class NotForThem(EditionError):
    """There is nothing in it that this person wants to hear of."""


class BackendError(MailerError):
    """The relay cannot be used."""

    code = "backend"


class BackendUnavailable(BackendError):
    """The relay cannot be reached now; what was not sent stays queued."""

    code = "backend_unavailable"


class BackendMisconfigured(BackendError):
    """The relay refuses us, not the recipient. Mend the relay's settings, then resume."""

    code = "backend_misconfigured"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding in a user's file.

    rule: a stable lint id such as "subject-length"; line and column count from 1, None where the file as a whole is meant.
    """

    rule: str
    message: str
    file: str
    line: int | None = None
    column: int | None = None
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = (
            self.file
            + (f":{self.line}" if self.line else "")
            + (f":{self.column}" if self.line and self.column else "")
        )
        return f"{place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class InputProblems(MailerError):
    """Files of the project have errors. Mend them, then run this again."""

    exit_code = Exit.FINDINGS
    code = "findings"

    def __init__(self, problems: Sequence[Problem], *, hint: str = "") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} found:\n{lines}", hint=hint)
