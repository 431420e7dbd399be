"""Rows that were not used, with their line and the reason, in a private file beside the one they came from."""

import csv
import os
from pathlib import Path
from typing import Self, TextIO

from mailer.domain.imports import RowProblem
from mailer.errors import MailerError
from mailer.sources.own_csv import guarded


class ProblemFile:
    """Made with the first problem; `path` is None as long as there is none. Use as a context."""

    def __init__(self, wanted: Path) -> None:
        self._wanted = wanted
        self._file: TextIO | None = None

    @property
    def path(self) -> Path | None:
        return self._wanted if self._file else None

    def add(self, problem: RowProblem) -> None:
        try:
            if self._file is None:
                self._file = _private(self._wanted)
                csv.writer(self._file).writerow(["line", "email", "reason"])
            csv.writer(self._file).writerow([problem.line, guarded(problem.email), guarded(problem.reason)])
        except OSError as error:
            raise MailerError(
                f"The problems found could not be written to {self._wanted}: {error.strerror}.",
                hint="Make room, or put the file where its folder can be written.",
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def _private(path: Path) -> TextIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)  # an older file keeps its mode otherwise
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")


def beside(path: Path) -> Path:
    """members.csv -> members.problems.csv"""
    return path.with_name(f"{path.stem}.problems.csv")
