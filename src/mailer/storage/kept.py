"""A connection that one thread keeps for many small transactions: taking one from the pool costs more than they do."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


class Kept:
    """Room for one connection. It is opened when it is first needed, and anew after anything went wrong in it.

    Between transactions it holds nothing that others could wait for.
    """

    def __init__(self) -> None:
        self._connection: sa.Connection | None = None

    @contextmanager
    def lent(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        """The connection, a new one if there is none yet."""
        if self._connection is None:
            self._connection = engine.connect()
        try:
            yield self._connection
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
