"""/readyz says whether the pages can do their work: the database answers, and with the schema that we know."""


def test_ready_while_the_database_is_there_and_at_our_schema(site):
    assert site.get("/readyz").status_code == 200


def test_a_database_of_another_schema_is_none_to_work_with(site, app):
    with app.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    answer = site.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "error": "schema"})
    assert site.get("/healthz").status_code == 200, "it lives: a restart alone will not help"


def test_a_database_that_is_damaged_is_no_reason_to_break(site, app):
    app.database.dispose()
    app.database.file.write_bytes(b"this is no database at all, it is a text" * 200)
    for end in ("-wal", "-shm"):
        app.database.file.with_name(f"mailer.db{end}").unlink(missing_ok=True)
    answer = site.get("/readyz")
    assert (answer.status_code, answer.json()["error"]) == (503, "storage")
