"""A program that dies between two steps of what it does to the database, as if by kill -9."""

from contextlib import contextmanager

from mailer.storage.database import Database


class Killed(BaseException):
    """kill -9: nothing may catch it."""


class MortalDatabase(Database):
    """Whoever uses it can be killed at the so-manyth step: a transaction's beginning, the moment before its end, that after."""

    steps_to_live = None

    def _step(self):
        if self.steps_to_live is not None:
            self.steps_to_live -= 1
            if self.steps_to_live < 0:
                self.steps_to_live = None
                raise Killed

    @contextmanager
    def reading(self, **options):
        self._step()
        with super().reading(**options) as connection:
            yield connection

    @contextmanager
    def writing(self, kept=None):
        self._step()
        with super().writing(kept) as connection:
            yield connection
            self._step()
        self._step()
