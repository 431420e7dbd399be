"""A PostgreSQL whose clock is ours: everybody who asks the server for the time is told the one that a test has set."""

import sqlalchemy as sa

#: PostgreSQL looks for functions in the schemas of the search path; this one comes before its own.
SCHEMA = """
CREATE SCHEMA IF NOT EXISTS fake;
CREATE TABLE IF NOT EXISTS fake.clock (now timestamptz NOT NULL);
CREATE OR REPLACE FUNCTION fake.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT now FROM fake.clock';
CREATE OR REPLACE FUNCTION fake.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now FROM fake.clock';
"""


class ServerClock:
    """Of one database, from now until `remove`."""

    def __init__(self, database):
        self._database = database
        with database.writing() as connection:
            connection.exec_driver_sql(SCHEMA)
        sa.event.listen(database.engine, "checkout", self._look_at_ours)

    @staticmethod
    def _look_at_ours(connection, _record, _proxy):
        connection.execute("SET search_path = fake, public, pg_catalog").close()
        connection.commit()

    def set(self, now):
        """now: aware."""
        with self._database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM fake.clock")
            connection.exec_driver_sql("INSERT INTO fake.clock VALUES (%s)", (now,))

    def forget(self):
        with self._database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM fake.clock")

    def remove(self):
        with self._database.writing() as connection:
            connection.exec_driver_sql("DROP SCHEMA fake CASCADE")
        sa.event.remove(self._database.engine, "checkout", self._look_at_ours)
        self._database.dispose()  # connections that stand open still look there
